"""What of the engine's machine is mounted into a container."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

__all__ = ["BindMount", "SimpleVolumeBind", "VolumeBind", "VolumeDirMount", "VolumeInfo", "VolumeMappings"]

SimpleVolumeBind = tuple[str, str]
"""A path of the engine's machine, or the name of a volume, and the path in the container."""


@dataclass(frozen=True)
class BindMount:
    """A folder, a file or a named volume that is mounted.

    :ivar host_dir: path on the engine's machine, or the name of a volume
    :ivar container_dir: path in the container
    """

    host_dir: str
    container_dir: str
    read_only: bool = False

    @classmethod
    def parse(cls, text: str) -> BindMount:
        """Read what follows ``-v`` on Docker's command line, e.g. ``"/data:/var/lib/data:ro"``.

        :raises ValueError: when it does not name both sides
        """
        host, _, rest = text.partition(":")
        container, _, options = rest.partition(":")
        if not host or not container:
            raise ValueError(f"{text!r} is no mount: write it as HOST_PATH:CONTAINER_PATH, with :ro for read only")
        return cls(host, container, "ro" in options.split(","))

    def to_str(self) -> str:
        """What Docker's command line takes for ``-v``."""
        return f"{self.host_dir}:{self.container_dir}" + (":ro" if self.read_only else "")


VolumeBind = BindMount
"""Former name of ``BindMount``."""


@dataclass(frozen=True)
class VolumeDirMount:
    """A folder of the platform's volume that is mounted, wherever the platform itself runs.

    :ivar volume_path: path as the platform sees it, e.g. below ``config.dirs.cache``
    :ivar container_path: path in the container
    """

    volume_path: str
    container_path: str
    read_only: bool = False

    def to_str(self) -> str:
        """What Docker's command line takes for ``-v``, with the path that the engine's machine has for the folder."""
        from localstack.utils.docker_utils import get_host_path_for_path_in_docker

        return BindMount(
            get_host_path_for_path_in_docker(self.volume_path), self.container_path, self.read_only
        ).to_str()


class VolumeInfo(NamedTuple):
    """A mount of a container that exists.

    :ivar type: ``"bind"`` or ``"volume"``
    :ivar source: path on the engine's machine
    :ivar destination: path in the container
    :ivar mode: options as the engine tells them, e.g. ``"ro"``
    :ivar rw: whether the container may write
    :ivar name: of the volume
    """

    type: str
    source: str
    destination: str
    mode: str
    rw: bool
    propagation: str
    name: str | None = None
    driver: str | None = None

    def source_of(self, path: str) -> str | None:
        """Path on the engine's machine of a path in the container; ``None`` when it is not below this mount."""
        wanted, mounted = PurePosixPath(path), PurePosixPath(self.destination)
        if not wanted.is_relative_to(mounted):
            return None
        return str(PurePosixPath(self.source) / wanted.relative_to(mounted))


Mount = SimpleVolumeBind | BindMount | VolumeDirMount


class VolumeMappings(list[Mount]):
    """Everything that is mounted into a container, in order."""

    def __init__(self, mappings: Iterable[Mount] | None = None) -> None:
        super().__init__(mappings or ())

    def add(self, mapping: Mount) -> None:
        """Former name of ``append``."""
        self.append(mapping)

    def to_binds(self) -> list[str]:
        """What Docker's command line takes for ``-v``, one text for each."""
        return [BindMount(*each).to_str() if isinstance(each, tuple) else each.to_str() for each in self]
