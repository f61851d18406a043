"""The one door from the contract to the host: objects that live at module level because extensions import them.

Everything is made at first use, so importing a contract module costs nothing. The runtime sets what it has decided
(``use_settings``) before extensions are loaded; outside a platform, e.g. in a child process of an extension, the
settings are read from the environment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from localstack.host.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

    from localstack.host.extension.claims import OwnedConnections
    from localstack.host.extension.handlers import (
        GuardedExceptionHandlers,
        GuardedFinalizers,
        GuardedRequestHandlers,
        GuardedResponseHandlers,
    )
    from localstack.host.extension.ownership import OwnedList
    from localstack.host.extension.routes import OwnedRouter

    InternalTransport = Callable[[AWSPreparedRequest], AWSResponse]


@dataclass
class _Extensions:
    """The containers that extensions add to, and what watches over them."""

    settings: Settings

    def __post_init__(self) -> None:
        from localstack.host.extension.guard import Guard
        from localstack.host.extension.ownership import Ledger
        from localstack.host.extension.registry import Registry

        self.registry = Registry()
        self.guard = Guard(self.registry)
        self.ledger = Ledger()

    @cached_property
    def edge_router(self) -> OwnedRouter:
        return self._router("ROUTE")

    @cached_property
    def internal_apis(self) -> OwnedRouter:
        return self._router("INTERNAL_RESOURCE")

    @cached_property
    def preprocess_request(self) -> GuardedRequestHandlers:
        from localstack.host.extension.handlers import GuardedPreprocessors

        return GuardedPreprocessors(self.ledger, self.guard)

    @cached_property
    def request_handlers(self) -> GuardedRequestHandlers:
        from localstack.host.extension.handlers import GuardedRequestHandlers
        from localstack.host.extension.ownership import ContributionKind

        return GuardedRequestHandlers(self.ledger, self.guard, ContributionKind.REQUEST_HANDLER)

    @cached_property
    def response_handlers(self) -> GuardedResponseHandlers:
        from localstack.host.extension.handlers import GuardedResponseHandlers

        return GuardedResponseHandlers(self.ledger, self.guard)

    @cached_property
    def exception_handlers(self) -> GuardedExceptionHandlers:
        from localstack.host.extension.handlers import GuardedExceptionHandlers

        return GuardedExceptionHandlers(self.ledger, self.guard)

    @cached_property
    def finalizers(self) -> GuardedFinalizers:
        from localstack.host.extension.handlers import GuardedFinalizers

        return GuardedFinalizers(self.ledger, self.guard)

    @cached_property
    def cors_origins(self) -> OwnedList[str]:
        from localstack.host.extension.ownership import ContributionKind, OwnedList
        from localstack.host.gateway.cors import default_origins

        return OwnedList(self.ledger, ContributionKind.CORS_ORIGIN, default_origins(self.settings))

    @cached_property
    def connections(self) -> OwnedConnections:
        from localstack.host.extension.claims import OwnedConnections

        is_served = self.settings.gateway_server != "twisted"
        reason = None if is_served else "GATEWAY_SERVER=twisted forwards none: start without it"
        return OwnedConnections(self.ledger, self.guard, reason)

    def _router(self, kind: str) -> OwnedRouter:
        from localstack.host.extension.ownership import ContributionKind
        from localstack.host.extension.routes import OwnedRouter
        from localstack.http.dispatcher import handler_dispatcher

        return OwnedRouter(handler_dispatcher(), self.ledger, self.guard, ContributionKind[kind])


@dataclass
class _Shared:
    settings: Settings | None = None
    extensions: _Extensions | None = None
    session_id: str = field(default_factory=lambda: str(uuid4()))
    internal_transport: InternalTransport | None = None
    process_id: int | None = None
    """The process that has the gateway behind the transport; its forks have copies that nobody else sees."""


_shared = _Shared()


def use_settings(settings: Settings) -> None:
    """Fix the settings of this process; called by the runtime before anything else is asked for."""
    _shared.settings = settings


def settings() -> Settings:
    """Settings of the running platform, else those of the environment."""
    if _shared.settings is None:
        _shared.settings = Settings.load()
    return _shared.settings


def session_id() -> str:
    """Identifier of this run, a UUID as text."""
    return _shared.session_id


def use_internal_transport(send: InternalTransport) -> None:
    """Let AWS clients of this process reach the gateway without the network; called by the runtime."""
    _shared.internal_transport, _shared.process_id = send, os.getpid()


def internal_transport() -> InternalTransport | None:
    """Takes what an AWS client is about to send to the gateway; None outside of a platform's process."""
    return _shared.internal_transport if _shared.process_id == os.getpid() else None


@cache
def extensions() -> _Extensions:
    """The containers that extensions add to; one set for the process."""
    return _Extensions(settings())


def edge_router() -> Any:
    return extensions().edge_router


def internal_apis() -> Any:
    return extensions().internal_apis
