"""Making a container from its configuration, with the image pulled where it is missing, and removing one."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from localstack import config
from localstack.constants import LOCALHOST_IP
from localstack.utils.container_utils._additional_flags import ExtraHosts, with_additional_flags
from localstack.utils.container_utils._container_engine import read_progress, registry_failure, translated
from localstack.utils.container_utils.container_configuration import ContainerConfiguration
from localstack.utils.container_utils.container_errors import ContainerException, DockerNotAvailable, NoSuchImage
from localstack.utils.container_utils.container_ports import PortMappings

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["create", "pull", "remove", "remove_leftovers"]

LOG = logging.getLogger(__name__)

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LOCAL_ENGINE = "http+docker://"
"""How the SDK's address of an engine begins that is reached by a socket of this machine."""


def create(client: DockerClient, configuration: ContainerConfiguration, labels: Mapping[str, str]) -> str:
    """Make a container; its id.

    :param labels: of the platform; those of the configuration win
    :raises NoSuchImage: when neither the engine nor the registry has the image
    :raises ContainerException: when the engine refuses, e.g. because the name is taken
    """
    configuration, hosts = with_additional_flags(configuration)
    image = configuration.image_name
    arguments = _arguments(client, configuration, hosts) | {"labels": {**labels, **configuration.labels}}
    try:
        return _create(client, image, arguments)
    except NoSuchImage:
        pull(client, image, configuration.platform, configuration.auth_config)
        return _create(client, image, arguments)


def pull(client: DockerClient, image: str, platform: str | None, auth_config: Mapping[str, str] | None) -> None:
    """Pull an image, ``:latest`` without a tag.

    :raises NoSuchImage: when the registry does not have it
    :raises AccessDenied: when the registry gives it to others only
    :raises RegistryConnectionError: when the registry can't be reached
    """
    from docker.utils import parse_repository_tag

    LOG.info("pulling image %s", image)
    repository, tag = parse_repository_tag(image)
    login = dict(auth_config) if auth_config else None
    try:
        with translated():
            tag = tag or "latest"
            read_progress(
                client.api.pull(repository, tag, stream=True, decode=True, auth_config=login, platform=platform)
            )
    except DockerNotAvailable:
        raise
    except ContainerException as error:
        what = f"the image {image} is not on the container engine's machine and can't be pulled"
        raise registry_failure(image, what, error) from error


def remove_leftovers(client: DockerClient, label: str, is_leftover: Callable[[Mapping[str, str]], bool]) -> None:
    """Remove containers that were to be removed at their end, when who would have done so was killed.

    :param label: which of them are looked at, e.g. ``"leanto.platform=…"``
    :param is_leftover: tells it by the labels
    """
    from docker.errors import NotFound

    with translated():
        found = client.api.containers(all=True, filters={"label": [label]})
    for entry in found:
        with translated(), contextlib.suppress(NotFound):  # the engine may be removing it just now
            container = client.containers.get(entry["Id"])
            if is_leftover(container.labels) and container.attrs["HostConfig"]["AutoRemove"]:
                LOG.warning("removing container %s, which an earlier run of the platform has left", container.name)
                remove(container, force=True, volumes=False)


def remove(container: Any, force: bool, volumes: bool) -> None:
    """Remove a container of Docker's SDK; when somebody is removing it already, wait for that."""
    from docker.errors import APIError, NotFound

    try:
        container.remove(force=force, v=volumes)
    except APIError as error:
        if "already in progress" not in str(error.explanation):
            raise
        with contextlib.suppress(NotFound):
            container.wait(condition="removed")


def _create(client: DockerClient, image: str, arguments: Mapping[str, Any]) -> str:
    with translated(NoSuchImage(image)):
        return str(client.api.create_container(image, **arguments)["Id"])


def _arguments(client: DockerClient, configuration: ContainerConfiguration, hosts: ExtraHosts) -> dict[str, Any]:
    from docker.types import Ulimit

    bindings = _published(client, configuration.ports).to_dict()
    binds = configuration.volumes.to_binds()
    dns = [configuration.dns] if isinstance(configuration.dns, str) else configuration.dns
    limits = [Ulimit(name=u.name, soft=u.soft_limit, hard=u.hard_limit) for u in configuration.ulimits or ()]
    host_config = client.api.create_host_config(
        auto_remove=configuration.remove,
        binds=binds or None,
        cap_add=configuration.cap_add,
        cap_drop=configuration.cap_drop,
        cpu_shares=configuration.cpu_shares,
        dns=dns,
        extra_hosts=hosts or None,
        init=configuration.init,
        log_config=configuration.log_config,
        mem_limit=configuration.mem_limit,
        network_mode=configuration.network,
        port_bindings=bindings or None,
        privileged=configuration.privileged,
        security_opt=configuration.security_opt,
        ulimits=limits or None,
    )
    # an empty list would mean the image's own entry point
    entrypoint = [""] if configuration.entrypoint == "" else configuration.entrypoint
    return {
        "command": configuration.command,
        "detach": configuration.detach,
        "entrypoint": entrypoint,
        "environment": dict(configuration.env_vars),
        "host_config": host_config,
        "name": configuration.name,
        "platform": configuration.platform,
        "ports": [_port(text) for text in (*bindings, *configuration.exposed_ports)] or None,
        "stdin_open": configuration.interactive or configuration.stdin is not None,
        "tty": configuration.tty,
        "user": configuration.user,
        "working_dir": configuration.workdir,
    }


def _port(text: str) -> tuple[str, str]:
    port, _, protocol = str(text).partition("/")
    return port, protocol or "tcp"


def _published(client: DockerClient, ports: PortMappings) -> PortMappings:
    """Where nothing is said, ports are as open as the gateway: it listens on loopback, and so do they.

    Not for a platform in a container, or an engine on another machine: there the way leads over a network.
    """
    is_far = config.is_in_docker or not client.api.base_url.startswith(_LOCAL_ENGINE)
    if ports.bind_host or is_far or not all(address.host in _LOOPBACK for address in config.GATEWAY_LISTEN):
        return ports
    on_loopback = copy(ports)
    on_loopback.bind_host = LOCALHOST_IP
    return on_loopback
