"""The client of the container engine, ports of its machine, and the container that the platform itself runs in."""

from __future__ import annotations

import contextlib
import re
import socket
from pathlib import Path, PurePosixPath
from typing import Literal

from localstack import config
from localstack.utils.container_utils.container_client import (
    ContainerClient,
    ContainerException,
    NoSuchImage,
    PortMappings,
    VolumeInfo,
)
from localstack.utils.net import IntOrPort, Port, PortNotAvailableException, PortRange

__all__ = [
    "DOCKER_CLIENT",
    "get_current_container_id",
    "get_default_volume_dir_mount",
    "get_host_path_for_path_in_docker",
    "inspect_current_container_mounts",
    "is_container_port_reserved",
    "reserve_available_container_port",
    "reserve_container_port",
]

DOCKER_CLIENT = ContainerClient()
"""The container engine; looked for when it is first used."""


class _PublishedPorts(PortRange):
    """Ports of the machine that containers run on, which is not seen from inside a container."""

    def is_free(self, port: Port) -> bool:
        if not config.is_in_docker:
            return super().is_free(port)
        if port in self._taken():
            return False
        return not config.PORTS_CHECK_DOCKER_IMAGE or self._can_be_published(port)

    def _taken(self) -> set[Port]:
        entries = (entry for one in DOCKER_CLIENT.client().api.containers() for entry in one["Ports"] or ())
        return {Port(entry["PublicPort"], entry["Type"]) for entry in entries if "PublicPort" in entry}

    def _can_be_published(self, port: Port) -> bool:
        try:
            DOCKER_CLIENT.run_container(
                config.PORTS_CHECK_DOCKER_IMAGE,
                entrypoint="",
                command=["echo"],
                ports=PortMappings().add(port.port, protocol=port.protocol),
                remove=True,
            )
        except NoSuchImage:
            raise
        except ContainerException:
            return False
        return True


_ALL_PORTS = _PublishedPorts(1, 65535)
_DYNAMIC_PORTS = 49152, 65535
"""The range that IANA leaves to everybody (RFC 6335, section 6)."""


def reserve_available_container_port(
    duration: float | None = None,
    port_start: int | None = None,
    port_end: int | None = None,
    protocol: Literal["tcp", "udp"] | None = None,
) -> int:
    """Reserve a port that a container can publish.

    :param duration: seconds after which it may be given to others, a few without it
    :param port_start: first port that is wanted, 49152 without it
    :param port_end: last port that is wanted, 65535 without it
    :raises PortNotAvailableException: when all of them are in use or reserved
    """
    first, last = port_start or _DYNAMIC_PORTS[0], port_end or _DYNAMIC_PORTS[1]
    for port in range(first, last + 1):
        with contextlib.suppress(PortNotAvailableException):
            return _ALL_PORTS.reserve_port(Port(port, protocol or "tcp"), duration)
    raise PortNotAvailableException(f"none of the ports {first} to {last} is free for a container")


def reserve_container_port(port: IntOrPort, duration: float | None = None) -> None:
    """Reserve one port for a container to publish.

    :raises PortNotAvailableException: when it is in use or reserved
    """
    _ALL_PORTS.reserve_port(port, duration)


def is_container_port_reserved(port: IntOrPort) -> bool:
    """Whether a reservation of the port has not expired."""
    return _ALL_PORTS.is_port_reserved(port)


def get_current_container_id() -> str:
    """Id of the container that the platform runs in.

    :raises ValueError: when it runs in none
    """
    if not config.is_in_docker:
        raise ValueError("the platform runs in no container")
    # the files that the engine mounts into every container are below a folder of the container's name
    found = re.search(r"containers/([0-9a-f]{64})/", Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    return DOCKER_CLIENT.get_container_id(found[1] if found else socket.gethostname())


def inspect_current_container_mounts() -> list[VolumeInfo]:
    """What is mounted into the container that the platform runs in.

    :raises ValueError: when it runs in none
    """
    return DOCKER_CLIENT.inspect_container_volumes(get_current_container_id())


def get_default_volume_dir_mount() -> VolumeInfo | None:
    """The mount that the platform's volume is in; ``None`` when the platform runs in a container without one.

    Where it runs in no container, the volume's folder is where it seems to be: source and destination are the same.
    """
    if not config.is_in_docker:
        return VolumeInfo("bind", config.VOLUME_DIR, config.VOLUME_DIR, "", rw=True, propagation="rprivate")
    return _mount_of(config.VOLUME_DIR)


def get_host_path_for_path_in_docker(path: str) -> str:
    """The path that the engine's machine has for a path of the platform: what can be mounted into another container.

    They are the same when the platform runs in no container, and for paths that are not mounted into its own.

    :raises ContainerException: when the path is in the volume, and that is not mounted from the engine's machine
    """
    if not config.is_in_docker:
        return path
    mount = _mount_of(path)
    if mount is not None:
        return str(mount.source_of(path))
    if PurePosixPath(path).is_relative_to(config.VOLUME_DIR):
        raise ContainerException(
            f"{path} can't be mounted into other containers: start the platform's own with its volume mounted, "
            f"e.g. -v ./volume:{config.VOLUME_DIR}"
        )
    return path


def _mount_of(path: str) -> VolumeInfo | None:
    """The innermost mount that a path is in."""
    containing = [mount for mount in inspect_current_container_mounts() if mount.source_of(path) is not None]
    return max(containing, key=lambda mount: len(mount.destination), default=None)
