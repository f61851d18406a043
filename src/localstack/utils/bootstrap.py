"""What runs before the platform does, and containers that are run beside it."""

from localstack.logging.setup import setup_logging
from localstack.utils.container_networking import get_endpoint_for_network
from localstack.utils.container_utils.running_container import Container, RunningContainer
from localstack.utils.docker_utils import DOCKER_CLIENT

__all__ = ["DOCKER_CLIENT", "Container", "RunningContainer", "get_endpoint_for_network", "setup_logging"]
