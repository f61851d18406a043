"""The base class of extensions and its hooks."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from plux import Plugin

from .aws import CompositeExceptionHandler, CompositeFinalizer, CompositeHandler, CompositeResponseHandler

if TYPE_CHECKING:
    from .connections import Connections
    from .http import RouteHandler, Router

__all__ = [
    "BaseExtension",
    "CompositeExceptionHandler",
    "CompositeFinalizer",
    "CompositeHandler",
    "CompositeResponseHandler",
    "Extension",
]


class BaseExtension(Plugin):  # type: ignore[misc]  # plux ships no types
    """A plugin that the platform loads; what ``Extension`` adds are the hooks."""

    def load(self, *args: Any, **kwargs: Any) -> BaseExtension:
        """Return the extension itself. The platform relies on it: override ``on_extension_load`` instead."""
        return self

    @abc.abstractmethod
    def on_extension_load(self, *args: Any, **kwargs: Any) -> None:
        """Called once, when the extension has been imported and constructed."""
        raise NotImplementedError


class Extension(BaseExtension):
    """An extension of the platform. Subclasses set ``name`` and override the hooks they need.

    The platform calls the hooks of all extensions phase by phase, in this order:

    1. ``on_extension_load``
    2. ``on_platform_start``
    3. ``update_gateway_routes``
    4. ``update_request_handlers``
    5. ``update_response_handlers``
    6. ``update_exception_handlers``
    7. ``update_finalizers``
    8. ``on_platform_ready``
    9. ``on_platform_shutdown``

    ``update_gateway_connections``, which only Leanto calls, comes between 7 and 8. When a new version replaces one that
    is running, Leanto calls ``hand_over`` of the old one and ``take_over`` of the new one between 1 and 2.

    A hook that raises is reported with the author's own line; the platform and other extensions go on.
    """

    namespace: str = "localstack.extensions"
    """Entry-point group of extensions."""

    name: str
    """Unique name of the extension; it counts, not the name of the entry point."""

    def on_extension_load(self) -> None:
        """Called on the main thread when the extension has been loaded, before anything is served."""

    def on_platform_start(self) -> None:
        """Called on the main thread when the platform starts, before the gateway exists: the place to start servers."""

    def update_gateway_routes(self, router: Router[RouteHandler]) -> None:
        """Add routes to the gateway.

        :param router: the gateway's router, ``localstack.services.edge.ROUTER``; routes can be added later as well
        """

    def update_request_handlers(self, handlers: CompositeHandler) -> None:
        """Add handlers that see every AWS request after it was parsed and before it is answered.

        :param handlers: ``localstack.aws.handlers.serve_custom_service_request_handlers``
        """

    def update_response_handlers(self, handlers: CompositeResponseHandler) -> None:
        """Add handlers that see every response before CORS headers are added and it is logged.

        :param handlers: ``localstack.aws.handlers.run_custom_response_handlers``
        """

    def update_exception_handlers(self, handlers: CompositeExceptionHandler) -> None:
        """Add handlers that see exceptions of the request handlers.

        :param handlers: ``localstack.aws.handlers.serve_custom_exception_handlers``
        """

    def update_finalizers(self, handlers: CompositeFinalizer) -> None:
        """Add handlers that run at the very end, also for terminated chains.

        :param handlers: ``localstack.aws.handlers.run_custom_finalizers``
        """

    def update_gateway_connections(self, connections: Connections) -> None:
        """Claim connections that are not HTTP/1, to have them forwarded to a server of the extension's own.

        Only Leanto calls this hook; on LocalStack it does nothing.

        :param connections: where claims are made and removed, now or later
        """

    def hand_over(self) -> Any:
        """What the next version is to go on with, e.g. a dictionary of sessions; ``None``, the default, for nothing.

        Called when a new version has been loaded beside this one, which goes on serving and may stay: change nothing
        here. Hand over the objects themselves, and requests until the exchange change them for both; hand over types
        of Python's own, as instances of this version's classes would keep its code. When this raises, the new version
        goes on without.

        Only Leanto calls it, when a save or another installed version replaces the extension while the platform runs.
        """
        return None

    def take_over(self, state: Any) -> None:
        """Go on with what the version before has handed over; called after ``on_extension_load``.

        It may be of any older version: check it. When this raises, the version before goes on serving.

        :param state: what ``hand_over`` returned, never ``None``
        """

    def on_platform_ready(self) -> None:
        """Called on a thread of its own, after ``Ready.`` was printed."""

    def on_platform_shutdown(self) -> None:
        """Called when the platform stops, while it can still be called internally: end threads, processes, sockets."""
