"""Images of the container engine: where they come from, what they are called, where they go."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localstack.utils.container_utils._container_creation import pull
from localstack.utils.container_utils._container_engine import read_progress, registry_failure
from localstack.utils.container_utils._engine_connection import EngineConnection
from localstack.utils.container_utils.container_errors import (
    AccessDenied,
    ContainerException,
    DockerNotAvailable,
    NoSuchContainer,
    NoSuchImage,
)

__all__ = ["ImageClient"]

_OWN_REGISTRIES = ("localhost/", "docker.io/library/", "docker.io/")
"""What engines put before names that were given without a registry."""


class ImageClient(EngineConnection):
    """The part of ``ContainerClient`` that is about images; an image is given by name or by id."""

    def pull_image(
        self, docker_image: str, platform: str | None = None, auth_config: Mapping[str, str] | None = None
    ) -> None:
        """Get an image from its registry, also when the engine has one of that name.

        :param docker_image: with or without a registry and a tag, ``:latest`` without one
        :param platform: e.g. ``"linux/amd64"``
        :raises AccessDenied: when the registry gives it to others only
        :raises RegistryConnectionError: when the registry can't be reached
        """
        with self._talking() as client:
            pull(client, docker_image, platform, auth_config)

    def push_image(self, docker_image: str, auth_config: Mapping[str, str] | None = None) -> None:
        """Send an image to the registry that its name begins with, Docker's own without one.

        :param auth_config: ``{"username": …, "password": …}``, that of ``login`` without it
        :raises NoSuchImage: when the engine has none of that name
        :raises AccessDenied: when the registry takes it from others only
        :raises RegistryConnectionError: when the registry can't be reached
        """
        repository, tag = _split(docker_image)
        login = dict(auth_config) if auth_config else None
        try:
            with self._talking() as client:
                read_progress(client.api.push(repository, tag, stream=True, decode=True, auth_config=login))
        except DockerNotAvailable:
            raise
        except ContainerException as error:
            raise registry_failure(docker_image, f"the image {docker_image} can't be pushed", error) from error

    def login(self, username: str, password: str, registry: str | None = None) -> None:
        """Let later pulls and pushes of this client use an account of a registry, of Docker's own without one.

        :raises AccessDenied: when the registry does not take the password
        :raises RegistryConnectionError: when the registry can't be reached
        """
        try:
            with self._talking() as client:
                client.login(username, password, registry=registry, reauth=True)
        except DockerNotAvailable:
            raise
        except ContainerException as error:
            place = registry or "Docker's registry"
            failure = registry_failure(place, f"{username} can't be logged in at {place}", error)
            raise AccessDenied(str(failure)) if isinstance(failure, NoSuchImage) else failure from error

    def build_image(
        self, dockerfile_path: str, image_name: str, context_path: str | None = None, platform: str | None = None
    ) -> str:
        """Build an image; what the engine wrote while it did.

        :param dockerfile_path: the file, or a folder with a ``Dockerfile``
        :param context_path: folder that the file's paths are in, its own without one
        :param platform: e.g. ``"linux/amd64"``
        :raises FileNotFoundError: when there is no such file
        :raises NotADirectoryError: when ``context_path`` is no folder
        :raises ContainerException: when a step fails; has the output
        """
        file = Path(dockerfile_path).absolute()
        file = file / "Dockerfile" if file.is_dir() else file
        file.stat()
        context = Path(context_path or file.parent)
        if not context.is_dir():
            raise NotADirectoryError(f"the image {image_name} can't be built: its context {context} is no folder")
        with self._talking() as client:
            steps = client.api.build(
                path=str(context),
                dockerfile=str(file),
                tag=image_name,
                rm=True,
                decode=True,
                platform=platform,
            )
            return read_progress(steps, f"the image {image_name} can't be built: ")

    def tag_image(self, source_ref: str, target_name: str) -> None:
        """Give an image one more name.

        :param target_name: with or without a registry and a tag, ``:latest`` without one
        """
        with self._talking(NoSuchImage(source_ref)) as client:
            client.api.tag(source_ref, *_split(target_name))

    def commit(self, container_name_or_id: str, image_name: str, image_tag: str) -> None:
        """Make an image of what a container has become."""
        with self._talking(NoSuchContainer(container_name_or_id)) as client:
            client.api.commit(container_name_or_id, repository=image_name, tag=image_tag)

    def remove_image(self, image: str, force: bool = True) -> None:
        """Take a name from an image, and remove it with its last one.

        :param force: also when containers that don't run were made from it
        """
        with self._talking(NoSuchImage(image)) as client:
            client.api.remove_image(image, force=force)

    def inspect_image(self, image_name: str, pull: bool = True) -> dict[str, Any]:
        """What the engine knows of an image, as ``docker inspect`` shows it.

        :param pull: get it from its registry when the engine does not have it
        """
        try:
            with self._talking(NoSuchImage(image_name)) as client:
                return dict(client.api.inspect_image(image_name))
        except NoSuchImage:
            if not pull:
                raise
        self.pull_image(image_name)
        return self.inspect_image(image_name, pull=False)

    def get_image_cmd(self, docker_image: str, pull: bool = True) -> list[str]:
        """The command of an image, as a list; empty when it has none."""
        return list(self.inspect_image(docker_image, pull)["Config"].get("Cmd") or ())

    def get_image_entrypoint(self, docker_image: str, pull: bool = True) -> str:
        """The entry point of an image, as a shell would read it; ``""`` when it has none."""
        return shlex.join(self.inspect_image(docker_image, pull)["Config"].get("Entrypoint") or ())

    def get_docker_image_names(
        self, strip_latest: bool = True, include_tags: bool = True, strip_wellknown_repo_prefixes: bool = True
    ) -> list[str]:
        """Names of the images that the engine has, e.g. ``["alpine:3", "busybox", "busybox:latest"]``.

        :param strip_latest: those with the tag ``latest`` without it, too
        :param include_tags: with their tags; else without any
        :param strip_wellknown_repo_prefixes: without the registry that an engine adds to names that have none
        """
        with self._talking() as client:
            names = {name for image in client.api.images() for name in image["RepoTags"] or () if "<none>" not in name}
        if strip_wellknown_repo_prefixes:
            names = {_without_registry(name) for name in names}
        if not include_tags:
            return sorted({_split(name)[0] for name in names})
        short = {name.removesuffix(":latest") for name in names} if strip_latest else set()
        return sorted(names | short)


def _split(name: str) -> tuple[str, str]:
    """Name and tag of an image, ``"latest"`` without one."""
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(name)
    return str(repository), str(tag or "latest")


def _without_registry(name: str) -> str:
    return next((name.removeprefix(each) for each in _OWN_REGISTRIES if name.startswith(each)), name)
