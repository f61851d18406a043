"""Setting up the log of a process."""

from __future__ import annotations

import logging

from localstack.host import shared

__all__ = ["setup_logging"]


def setup_logging(log_level: int | None = None) -> None:
    """Send the log of this process to stderr in the platform's format; in a platform's process it goes there anyway.

    :param log_level: e.g. ``logging.DEBUG``; without it ``DEBUG`` and ``LS_LOG`` decide
    """
    shared.set_up_logging()
    if log_level is not None:
        logging.getLogger().setLevel(log_level)
        logging.getLogger("localstack").setLevel(log_level)
