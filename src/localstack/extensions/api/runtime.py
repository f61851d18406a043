"""What an extension may ask about the running platform."""

from localstack.host import shared

__all__ = ["get_session_id"]


def get_session_id() -> str:
    """Identifier of this run of the platform, a UUID as text; the same for the whole process."""
    return shared.session_id()
