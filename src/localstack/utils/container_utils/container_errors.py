"""What can go wrong with containers.

ContainerException               the engine refused, or a command in a container failed
├── DockerNotAvailable           no engine answers
├── AccessDenied                 a registry wants other credentials
├── RegistryConnectionError      a registry can't be reached
└── NoSuchObject                 the engine knows nothing of that name
    ├── NoSuchContainer
    ├── NoSuchImage
    └── NoSuchNetwork
"""

from __future__ import annotations

__all__ = [
    "AccessDenied",
    "ContainerException",
    "DockerNotAvailable",
    "NoSuchContainer",
    "NoSuchImage",
    "NoSuchNetwork",
    "NoSuchObject",
    "RegistryConnectionError",
]


class ContainerException(Exception):
    """The engine refused something, or a command in a container failed.

    :ivar stdout: what a failed command wrote
    :ivar stderr: what a failed command wrote
    """

    def __init__(
        self, message: str | None = None, stdout: bytes | str | None = None, stderr: bytes | str | None = None
    ) -> None:
        super().__init__(message or "the container engine could not do that")
        self.message = message
        self.stdout = stdout
        self.stderr = stderr


class DockerNotAvailable(ContainerException):
    """No container engine answers, or it has ended."""


class AccessDenied(ContainerException):
    """A registry does not give an image without other credentials."""


class RegistryConnectionError(ContainerException):
    """A registry can't be reached."""


class NoSuchObject(ContainerException):
    """The engine knows nothing of that name or id.

    :ivar object_id: what was asked for
    """

    kind = "object"

    def __init__(
        self,
        object_id: str,
        message: str | None = None,
        stdout: bytes | str | None = None,
        stderr: bytes | str | None = None,
    ) -> None:
        super().__init__(message or f"there is no {self.kind} {object_id}", stdout, stderr)
        self.object_id = object_id


class NoSuchContainer(NoSuchObject):
    """There is no container of that name or id.

    :ivar container_name_or_id: what was asked for
    """

    kind = "container"

    @property
    def container_name_or_id(self) -> str:
        return self.object_id


class NoSuchImage(NoSuchObject):
    """There is no image of that name, neither on the engine's machine nor, if that was asked, in its registry.

    :ivar image_name: what was asked for
    """

    kind = "image"

    @property
    def image_name(self) -> str:
        return self.object_id


class NoSuchNetwork(NoSuchObject):
    """There is no network of that name or id.

    :ivar network_name: what was asked for
    """

    kind = "network"

    @property
    def network_name(self) -> str:
        return self.object_id
