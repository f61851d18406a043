"""Extensions that patch Twisted to forward TCP and gRPC, served by our own front door.

``localstack-extensions-utils`` has functions that patch classes of Twisted's web server so that connections and streams
go to a server of an extension's own; some extensions bring copies of them. Where such a module is imported, its
functions claim the connections instead.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from werkzeug.datastructures import Headers

from localstack.extensions.api.connections import Claim, Connections, Http2Request
from localstack.host.adapted_imports import AdaptedImports

_LEAST_BYTES = 8
"""The patched server asks matchers as soon as it has so many, and only then."""


def install(connections: Connections) -> None:
    """Take over what modules that are imported from now on would do to Twisted; a second call replaces the first."""
    uninstall()
    _TakenOver(connections).install()


def uninstall() -> None:
    """Import modules as they are again."""
    for finder in [one for one in sys.meta_path if isinstance(one, _TakenOver)]:
        finder.uninstall()


class _TakenOver(AdaptedImports):
    """Knows the modules by their last name."""

    def __init__(self, connections: Connections) -> None:
        adaptations = {"h2_proxy": self._adapt_http2, "tcp_protocol_router": self._adapt_tcp}
        super().__init__(lambda name: adaptations.get(name.rpartition(".")[2]))
        self._connections = connections

    def _adapt_http2(self, module: ModuleType) -> None:
        def apply_http2_patches_for_grpc_support(
            target_host: str, target_port: int, matcher: Callable[[Headers], bool]
        ) -> None:
            def matches(request: Http2Request) -> bool:
                return bool(matcher(_with_pseudo_headers(request)))

            self._connections.forward_http2(_named_as(matches, matcher), target_host, target_port)

        _replace(module, apply_http2_patches_for_grpc_support)

    def _adapt_tcp(self, module: ModuleType) -> None:
        claims: dict[str, list[Claim]] = {}

        def register_tcp_extension(
            extension_name: str, matcher: Callable[[bytes], bool], backend_host: str, backend_port: int
        ) -> None:
            def matches(first: bytes) -> bool | None:
                return bool(matcher(first)) if len(first) >= _LEAST_BYTES else None

            claim = self._connections.forward_tcp(_named_as(matches, matcher), backend_host, backend_port)
            claims.setdefault(extension_name, []).append(claim)

        def unregister_tcp_extension(extension_name: str) -> None:
            for claim in claims.pop(extension_name, ()):
                self._connections.remove(claim)

        def patch_gateway_for_tcp_routing() -> None:
            """Nothing to do: the front door asks for claims."""

        _replace(module, register_tcp_extension, unregister_tcp_extension, patch_gateway_for_tcp_routing)


def _replace(module: ModuleType, *functions: Callable[..., Any]) -> None:
    """Replace functions of the same names, if all of them are there and take as many arguments."""
    if all(_arguments(getattr(module, function.__name__, None)) == _arguments(function) for function in functions):
        for function in functions:
            setattr(module, function.__name__, function)


def _arguments(function: Any) -> int | None:
    return len(inspect.signature(function).parameters) if inspect.isfunction(function) else None


def _named_as(matches: Callable[..., Any], matcher: Callable[..., Any]) -> Callable[..., Any]:
    """Reports and listings name the extension's own function."""
    for attribute in ("__module__", "__qualname__"):
        setattr(matches, attribute, getattr(matcher, attribute, getattr(matches, attribute)))
    return matches


def _with_pseudo_headers(request: Http2Request) -> Headers:
    headers = Headers(request.headers)
    headers[":method"], headers[":path"], headers[":authority"] = request.method, request.path, request.authority
    return headers
