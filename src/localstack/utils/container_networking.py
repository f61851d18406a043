"""Where containers find the platform."""

from __future__ import annotations

import os

from localstack import config
from localstack.utils.docker_utils import DOCKER_CLIENT, get_current_container_id

__all__ = ["get_endpoint_for_network", "get_main_container_ip", "get_main_container_network"]

_DEFAULT_NETWORK = "bridge"


def get_main_container_network() -> str:
    """The network that the platform's container is in, the first of several; the default one outside a container."""
    if not config.is_in_docker:
        return _DEFAULT_NETWORK
    return next(iter(DOCKER_CLIENT.get_networks(get_current_container_id())), _DEFAULT_NETWORK)


def get_endpoint_for_network(network: str | None = None) -> str:
    """Address under which containers of a network reach the platform.

    Outside a container that is ``DOCKER_HOST_FROM_CONTAINER`` where it is set, else the network's gateway. The platform
    has to listen there, e.g. with ``GATEWAY_LISTEN=0.0.0.0:4566``.

    :param network: name of the network, that of the platform's container without it
    """
    network = network or get_main_container_network()
    if config.is_in_docker:
        return DOCKER_CLIENT.get_container_ipv4_for_network(get_current_container_id(), network)
    return _configured_host() or DOCKER_CLIENT.get_network_gateway(network) or config.DOCKER_BRIDGE_IP


def _configured_host() -> str | None:
    """``DOCKER_HOST_FROM_CONTAINER`` where it is set, also to what it is by default, or has another default."""
    is_set = bool(os.environ.get("DOCKER_HOST_FROM_CONTAINER", "").strip())
    is_default = config.DOCKER_HOST_FROM_CONTAINER == config.DOCKER_BRIDGE_IP
    return config.DOCKER_HOST_FROM_CONTAINER if is_set or not is_default else None


def get_main_container_ip() -> str:
    """Address of the container that the platform runs in.

    :raises ValueError: when it runs in none
    """
    return DOCKER_CLIENT.get_container_ip(get_current_container_id())
