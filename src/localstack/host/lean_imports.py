"""Imports that a start would pay for without using them."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def import_rolo() -> None:
    """Import rolo without pydantic, which rolo imports only to know whether it is there.

    That takes a fifth of a start. rolo looks at ``ENABLE_PYDANTIC`` again when a dispatcher is made, so nothing changes
    for extensions that have pydantic models in their routes. Nothing happens when either is imported already.
    """
    if "rolo" in sys.modules or "pydantic" in sys.modules:
        return
    sys.modules["pydantic"] = None  # type: ignore[assignment]  # makes an import of it fail
    try:
        import rolo.routing.handler as handler
    finally:
        del sys.modules["pydantic"]
    handler.ENABLE_PYDANTIC = find_spec("pydantic") is not None
