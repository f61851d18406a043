"""All published extensions, by tier and name."""

from __future__ import annotations

from types import ModuleType

from corpus.extensions import (
    authress,
    aws_proxy,
    aws_replicator,
    claude,
    diagnosis_viewer,
    ecs_container_endpoints,
    ecs_traefik_compat,
    event_studio,
    hello_world,
    httpbin,
    keycloak,
    mailhog,
    miniflare,
    openai,
    paradedb,
    pgvector,
    platform_observability,
    pod_on_shutdown,
    resource_graph,
    sqs_admin,
    stripe,
    tailscale,
    terraform_init,
    typedb,
    wiremock,
    xero,
)
from corpus.published import Published

_MODULES: tuple[ModuleType, ...] = (
    claude,
    diagnosis_viewer,
    hello_world,
    openai,
    sqs_admin,
    stripe,
    xero,
    aws_proxy,
    aws_replicator,
    ecs_container_endpoints,
    httpbin,
    mailhog,
    miniflare,
    pod_on_shutdown,
    resource_graph,
    terraform_init,
    authress,
    keycloak,
    paradedb,
    tailscale,
    typedb,
    wiremock,
    ecs_traefik_compat,
    event_studio,
    pgvector,
    platform_observability,
)

CORPUS: tuple[Published, ...] = tuple(module.PUBLISHED for module in _MODULES)


def summary_of(published: Published) -> str:
    """What an extension is, in one sentence: its module's docstring without the name."""
    text = next(str(module.__doc__) for module in _MODULES if module.PUBLISHED is published)
    said = " ".join(text.partition(": ")[2].split())
    return said[:1].upper() + said[1:]
