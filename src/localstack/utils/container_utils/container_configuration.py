"""How a container is to be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from localstack.utils.container_utils.container_ports import PortMappings
from localstack.utils.container_utils.container_volumes import VolumeMappings

__all__ = ["ContainerConfiguration", "DockerContainerStatus", "Ulimit"]


class DockerContainerStatus(IntEnum):
    """What a container is doing; everything that exists and neither runs nor pauses is ``DOWN``."""

    DOWN = -1
    NON_EXISTENT = 0
    UP = 1
    PAUSED = 2


@dataclass(frozen=True)
class Ulimit:
    """A limit of what a container's processes may use, e.g. ``Ulimit("nofile", 1024)``."""

    name: str
    soft_limit: int
    hard_limit: int | None = None


@dataclass
class ContainerConfiguration:
    """How a container is to be made; only the image is required.

    :ivar image_name: with or without a registry and a tag; pulled when the engine does not have it
    :ivar name: of the container, chosen by the engine without it
    :ivar exposed_ports: ports that the container listens on and that are not published, e.g. ``["80/tcp"]``
    :ivar entrypoint: replaces the image's; ``""`` takes it away
    :ivar additional_flags: options of ``docker run`` as text, e.g. ``"--add-host=a:10.0.0.1 -e B=1"``
    :ivar command: a list of arguments, or text that is split like a shell's
    :ivar remove: let the engine remove the container when it has ended
    :ivar interactive: keep its standard input open
    :ivar stdin: what ``run_container`` gives it to read; not for one that is detached
    :ivar detach: leave it running in the background
    :ivar user: name or number
    :ivar network: name of a network, ``"host"``, ``"none"``, or ``"container:ID"`` for that of another container
    :ivar dns: address of a name server, or a list of them
    :ivar workdir: folder that the command starts in
    :ivar platform: e.g. ``"linux/amd64"``
    :ivar init: run an init process that forwards signals and reaps processes
    :ivar log_config: as Docker's API takes it, e.g. ``{"Type": "none", "Config": {}}``
    :ivar mem_limit: bytes, or text such as ``"512m"``
    :ivar auth_config: ``{"username": …, "password": …}`` for the registry that the image is pulled from
    """

    image_name: str
    name: str | None = None
    volumes: VolumeMappings = field(default_factory=VolumeMappings)
    ports: PortMappings = field(default_factory=PortMappings)
    exposed_ports: list[str] = field(default_factory=list)
    entrypoint: str | list[str] | None = None
    additional_flags: str | None = None
    command: str | Sequence[str] | None = None
    env_vars: Mapping[str, str] = field(default_factory=dict)
    privileged: bool = False
    remove: bool = False
    interactive: bool = False
    tty: bool = False
    detach: bool = False
    stdin: str | bytes | None = None
    user: str | None = None
    cap_add: list[str] | None = None
    cap_drop: list[str] | None = None
    security_opt: list[str] | None = None
    network: str | None = None
    dns: str | list[str] | None = None
    workdir: str | None = None
    platform: str | None = None
    ulimits: list[Ulimit] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    init: bool | None = None
    log_config: Any = None
    cpu_shares: int | None = None
    mem_limit: int | str | None = None
    auth_config: Mapping[str, str] | None = None
