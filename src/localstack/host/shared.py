"""The one door from the contract to the host: objects that live at module level because extensions import them.

Everything is made at first use, so importing a contract module costs nothing. The runtime sets what it has decided
(``use_settings``) before extensions are loaded; outside a platform, e.g. in a child process of an extension, the
settings are read from the environment.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from localstack.host.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.model import OperationModel, ServiceModel
    from rolo import Request, Response
    from rolo.gateway import Gateway, HandlerChain, RequestContext

    from localstack.host.environment.uv import Uv
    from localstack.host.extension.activities import Activities
    from localstack.host.extension.claims import OwnedConnections
    from localstack.host.extension.containers import OwnedContainers
    from localstack.host.extension.handlers import (
        GuardedExceptionHandlers,
        GuardedFinalizers,
        GuardedRequestHandlers,
        GuardedResponseHandlers,
    )
    from localstack.host.extension.ownership import OwnedList
    from localstack.host.extension.routes import OwnedRouter
    from localstack.host.gateway.servers import Server
    from localstack.host.process_tree import ChildProcess
    from localstack.host.settings import HostAndPort

    InternalTransport = Callable[[AWSPreparedRequest], AWSResponse]
    ResponseHandler = Callable[[HandlerChain, RequestContext, Response], None]


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

    @cached_property
    def containers(self) -> OwnedContainers:
        from localstack.host.extension.containers import OwnedContainers

        return OwnedContainers(self.ledger, str(self.settings.run_dir / self.settings.platform_name), session_id())

    @cached_property
    def activities(self) -> Activities:
        from localstack.host.extension.activities import Activities

        return Activities(self.ledger)

    def _router(self, kind: str) -> OwnedRouter:
        from localstack.host.extension.ownership import ContributionKind
        from localstack.host.extension.routes import OwnedRouter
        from localstack.http.dispatcher import handler_dispatcher
        from localstack.http.router import GreedyPathConverter

        router = OwnedRouter(handler_dispatcher(), self.ledger, self.guard, ContributionKind[kind])
        router.url_map.converters["greedy_path"] = GreedyPathConverter
        return router


@dataclass
class _Shared:
    settings: Settings | None = None
    extensions: _Extensions | None = None
    session_id: str = field(default_factory=lambda: str(uuid4()))
    gateway: Gateway | None = None
    stop: Callable[[int], None] | None = None
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


def use_runtime(gateway: Gateway, stop: Callable[[int], None]) -> None:
    """Make the running platform known to this process; called by the runtime.

    :param stop: begins to shut down, and takes the exit code
    """
    _shared.gateway, _shared.stop = gateway, stop


def is_platform() -> bool:
    """Whether a platform runs in this process."""
    return _shared.gateway is not None


def gateway() -> Gateway:
    """The gateway, with handler lists that note which extension has changed them, and guard what it added.

    :raises RuntimeError: when no platform runs in this process
    """
    from localstack.host.extension.direct_handlers import own_handlers

    if _shared.gateway is None:
        raise RuntimeError("no platform runs in this process")
    own_handlers(_shared.gateway, extensions().ledger, extensions().guard)
    return _shared.gateway


def stop(exit_code: int) -> None:
    """Begin to shut the platform down.

    :raises RuntimeError: when no platform runs in this process
    """
    if _shared.stop is None:
        raise RuntimeError("no platform runs in this process")
    _shared.stop(exit_code)


def add_response_handler(handler: ResponseHandler) -> None:
    """Show the finished answer of each request to ``handler``, for the platform's own part; nothing without one."""
    if _shared.gateway is not None:
        handlers = _shared.gateway.response_handlers
        list.append(handlers, handler)  # past its own method, which notes the extension that happens to be acting


def use_internal_transport(send: InternalTransport) -> None:
    """Let AWS clients of this process reach the gateway without the network; called by the runtime."""
    _shared.internal_transport, _shared.process_id = send, os.getpid()


def internal_transport() -> InternalTransport | None:
    """Takes what an AWS client is about to send to the gateway; None outside of a platform's process."""
    return _shared.internal_transport if _shared.process_id == os.getpid() else None


def owner_of(thing: object) -> str | None:
    """The extension that is acting now, or whose code ``thing`` is; None for nobody's, and outside of a platform."""
    return extensions().ledger.owner_of(thing) if _shared.process_id == os.getpid() else None


def acting_as(owner: str | None) -> AbstractContextManager[None]:
    """Attribute what this thread adds inside to an extension; to nobody in particular without one."""
    from localstack.host.extension.ownership import acting

    return nullcontext() if owner is None else acting(owner)


def activities() -> Activities:
    """Where threads and processes that extensions start are recorded."""
    return extensions().activities


def end_process_tree(process: ChildProcess) -> None:
    """End a child of this process and everything below it."""
    from localstack.host.process_tree import end_process_tree

    end_process_tree(process)


def owned_containers() -> OwnedContainers | None:
    """Where containers that extensions make are recorded; None outside of a platform's process."""
    return extensions().containers if _shared.process_id == os.getpid() else None


@cache
def extensions() -> _Extensions:
    """The containers that extensions add to; one set for the process."""
    return _Extensions(settings())


def edge_router() -> Any:
    return extensions().edge_router


def internal_apis() -> Any:
    return extensions().internal_apis


def front_door(gateway: Gateway, addresses: Sequence[HostAndPort], workers: int | None) -> Server:
    """A server like that of the platform for another gateway; its ``run`` may be called on any thread.

    :param workers: how many requests it handles at the same time, as many as the platform without it
    """
    from localstack.host.gateway.front_door.server import FrontDoor

    own = settings()
    workers = own.gateway_worker_count if workers is None else workers
    return FrontDoor(gateway, replace(own, gateway_listen=tuple(addresses), gateway_worker_count=workers))


def set_up_logging() -> None:
    """Send the log of this process to stderr in the platform's format."""
    from localstack.host.log import setup_logging

    setup_logging(settings())


def aws_regions() -> frozenset[str]:
    """Names of the regions of AWS."""
    from localstack.host.emulation.catalogue import Catalogue

    return Catalogue.load().regions


def partition_of(region: str) -> str:
    """The partition of AWS that a region belongs to."""
    from localstack.host.emulation.identity import partition_of

    return partition_of(region)


def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, shared with the emulation."""
    from localstack.host.emulation.models import service_model

    return service_model(service)


def parse_aws_request(service: str, request: Request) -> tuple[OperationModel, dict[str, Any]]:
    """Operation and parameters of a request for a service, read as the emulation reads it."""
    from localstack.host.emulation.reading import read_request

    return read_request(service, request, settings())


def redacted(text: str) -> str:
    """``text`` without the credentials that URLs in it carry."""
    from localstack.host.redaction import redacted

    return redacted(text)


def uv(folder: Path) -> Uv:
    """The installer, to be run in ``folder``, with the index settings that this process was given."""
    from localstack.host.environment.uv import Uv

    return Uv(folder, settings().environ)


def run_extension_manager() -> None:
    """Manage extensions as the arguments of this process say, for programs."""
    from localstack.host.cli.extension_events import main

    main()
