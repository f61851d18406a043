"""Where the platform is in its life: each event is set once, and stays set."""

from __future__ import annotations

from threading import Event

__all__ = ["infra_ready", "infra_starting", "infra_stopped", "infra_stopping"]

infra_starting = Event()
"""Before extensions are loaded."""

infra_ready = Event()
"""``Ready.`` has been printed; ``on_platform_ready`` of the extensions follows."""

infra_stopping = Event()
"""Shutting down has begun; ``on_platform_shutdown`` of the extensions follows."""

infra_stopped = Event()
"""Nothing is served any more, and what extensions left running has been ended."""
