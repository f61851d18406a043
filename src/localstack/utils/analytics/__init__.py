"""What the platform knows of its use. It stays in this process: nothing is ever reported to anybody."""

from localstack.extensions.api.runtime import get_session_id

__all__ = ["get_session_id"]
