"""What extensions know of the platform's run."""

from localstack.runtime.current import get_current_runtime

__all__ = ["get_current_runtime"]
