"""Puts the gateway together out of the parts of the host, which know nothing of each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localstack.aws.handlers import cors
from localstack.host import shared
from localstack.host.emulation.moto import urls
from localstack.host.extension.guard import was_reported
from localstack.host.extension.lifecycle import HookArguments
from localstack.host.gateway.certificate_resources import CertificateResources
from localstack.host.gateway.cors import CorsPolicy
from localstack.host.gateway.diagnosis import DiagnosisResources
from localstack.host.gateway.gateway import GatewayParts, build_gateway
from localstack.host.gateway.in_process import InProcessTransport
from localstack.host.gateway.resources import DistributionView, ExtensionView, PlatformControl, PlatformResources
from localstack.host.gateway.state_resources import StateResources
from localstack.host.gateway.status_page import StatusPage
from localstack.host.manage.extension_resources import ExtensionResources
from localstack.host.manage.protection import Protection
from localstack.host.manage.token import make_token

if TYPE_CHECKING:
    from rolo.gateway import Gateway

    from localstack.host.emulation.emulation import Emulation
    from localstack.host.extension.lifecycle import Lifecycle
    from localstack.host.extension.registry import ExtensionRecord
    from localstack.host.gateway.request_log import RequestLog
    from localstack.host.live import LivePlatform
    from localstack.host.settings import Settings


def wired_gateway(
    settings: Settings,
    control: PlatformControl,
    emulation: Emulation,
    live: LivePlatform,
    request_log: RequestLog,
    is_stopping: Callable[[], bool],
) -> Gateway:
    """The gateway with its internal resources; AWS clients of this process reach it from now on."""
    containers = shared.extensions()
    resources = PlatformResources(control)
    diagnosis = DiagnosisResources(
        settings=settings,
        info=resources.info,
        service_states=emulation.service_states,
        loaded_extensions=lambda: [record.name for record in containers.registry.loaded()],
    )
    certificates = CertificateResources(urls.CERTIFICATES_PATH, urls.signing_certificate)
    changes = ExtensionResources(live, Protection(make_token(settings), settings.localstack_host.host))
    for part in (resources, diagnosis, StateResources(emulation.state), certificates, changes):
        part.add_to(containers.internal_apis)
    gateway = build_gateway(
        GatewayParts(
            cors=CorsPolicy(settings, cors.ALLOWED_CORS_ORIGINS),
            emulation=emulation,
            status_page=StatusPage(emulation, control.extensions),
            internal_apis=containers.internal_apis,
            edge_router=containers.edge_router,
            preprocess_request=containers.preprocess_request,
            request_handlers=containers.request_handlers,
            response_handlers=containers.response_handlers,
            exception_handlers=containers.exception_handlers,
            finalizers=containers.finalizers,
            request_log=request_log,
            was_reported=was_reported,
            is_stopping=is_stopping,
            platform_header=settings.response_header_enabled,
        )
    )
    shared.use_internal_transport(InProcessTransport(gateway))
    return gateway


def end_leftovers(extension: str) -> None:
    """End what an extension that has gone for good has left running."""
    shared.activities().end(extension)
    shared.extensions().containers.end(extension)


def hook_arguments() -> HookArguments:
    """What the hooks get that change the gateway."""
    containers = shared.extensions()
    return HookArguments(
        router=containers.edge_router,
        request_handlers=containers.request_handlers,
        response_handlers=containers.response_handlers,
        exception_handlers=containers.exception_handlers,
        finalizers=containers.finalizers,
        connections=containers.connections,
    )


def extension_views(lifecycle: Lifecycle) -> list[ExtensionView]:
    """All extensions that were found, as the internal resources show them."""
    return [_view(record, lifecycle) for record in lifecycle.registry.records]


def _view(record: ExtensionRecord, lifecycle: Lifecycle) -> ExtensionView:
    distribution = record.candidate.distribution
    # a refused extension has the name of another one, to which the contributions belong
    added = lifecycle.contributions(record.name) if record.extension is not None else ()
    return ExtensionView(
        name=record.name,
        distribution=DistributionView(
            distribution.name, distribution.version, distribution.summary, distribution.author
        ),
        entry_point=f"{record.candidate.entry_point.name} = {record.candidate.entry_point.value}",
        state=record.state.value,
        contributions=tuple(f"{c.kind.value}: {c.description}" for c in added),
        last_fault=record.faults[-1].message if record.faults else None,
    )
