"""botocore's models of services and operations, each loaded once."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.model import ServiceModel

IMPORTING = RLock()
"""Held while modules of moto are imported: two threads that begin at once may see half a module."""


def service_model(name: str) -> ServiceModel:
    """The model of a service, shared with moto.

    moto's loader is botocore's with a few facts more, e.g. how SQS named its parameters in the query protocol, and
    sharing it saves the memory of a second copy (EC2: 40 MB).
    """
    with IMPORTING:  # moto's cache would let two threads load the same model twice
        from moto.core.utils import get_service_model  # moto takes 0.2 s to import

        return get_service_model(name)
