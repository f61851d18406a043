"""The client of the container engine, and all that it takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike, fspath
from typing import Any

from localstack.host import shared
from localstack.utils.container_utils._container_archive import copy_in, copy_out
from localstack.utils.container_utils._container_creation import create, remove, remove_leftovers
from localstack.utils.container_utils._container_engine import translated
from localstack.utils.container_utils._container_output import (
    CancellableStream,
    Output,
    require_end_of_stdin,
    run_attached,
    run_command,
)
from localstack.utils.container_utils._image_client import ImageClient
from localstack.utils.container_utils._network_client import NetworkClient
from localstack.utils.container_utils.container_configuration import (
    ContainerConfiguration,
    DockerContainerStatus,
    Ulimit,
)
from localstack.utils.container_utils.container_errors import (
    AccessDenied,
    ContainerException,
    DockerNotAvailable,
    NoSuchContainer,
    NoSuchImage,
    NoSuchNetwork,
    NoSuchObject,
    RegistryConnectionError,
)
from localstack.utils.container_utils.container_ports import PortMappings
from localstack.utils.container_utils.container_volumes import (
    BindMount,
    SimpleVolumeBind,
    VolumeBind,
    VolumeDirMount,
    VolumeInfo,
    VolumeMappings,
)
from localstack.utils.strings import to_bytes, to_str

__all__ = [
    "AccessDenied",
    "BindMount",
    "CancellableStream",
    "ContainerClient",
    "ContainerConfiguration",
    "ContainerException",
    "DockerContainerStatus",
    "DockerNotAvailable",
    "NoSuchContainer",
    "NoSuchImage",
    "NoSuchNetwork",
    "NoSuchObject",
    "PortMappings",
    "RegistryConnectionError",
    "SimpleVolumeBind",
    "Ulimit",
    "VolumeBind",
    "VolumeDirMount",
    "VolumeInfo",
    "VolumeMappings",
]


class ContainerClient(ImageClient, NetworkClient):
    """The container engine, as extensions use it. Safe for threads.

    Making one costs nothing: the engine is looked for by the first method that needs it, and again after it has gone.
    Containers that are made inside a platform are labelled with the extension that makes them, and end with it. When
    the extension is reloaded, its new version gets the container of a name that the version before has running.

    Every method raises ``DockerNotAvailable`` when no engine answers, ``NoSuchContainer``, ``NoSuchImage`` or
    ``NoSuchNetwork`` for names that the engine does not know, and ``ContainerException`` with the engine's words when
    it refuses. A container, network or image is given by name or by id.
    """

    def __init__(self) -> None:
        super().__init__()
        self._has_tidied = False

    def run_container(self, image_name: str, **options: Any) -> Output:
        """Make a container and start it.

        :param options: fields of ``ContainerConfiguration``; ``None`` stands for a field's default
        :return: with ``detach`` the id and nothing; without it what the container wrote, after it has ended
        :raises ContainerException: when it ended with another status than 0; has its output
        """
        return self.run_container_from_config(_configuration(image_name, options))

    def run_container_from_config(self, container_config: ContainerConfiguration) -> Output:
        """Make a container and start it, see ``run_container``."""
        # the engine would remove it together with its exit status, so that is done here
        made = container_config if container_config.detach else replace(container_config, remove=False)
        container_id = self.create_container_from_config(made)
        is_over = not container_config.detach
        try:
            return self.start_container(container_id, container_config.stdin, attach=not container_config.detach)
        except BaseException:
            is_over = True
            raise
        finally:
            if is_over and container_config.remove:
                self.remove_container(container_id)

    def create_container(self, image_name: str, **options: Any) -> str:
        """Make a container; its id. An image that the engine does not have is pulled.

        :param options: fields of ``ContainerConfiguration``; ``None`` stands for a field's default
        :raises NoSuchImage: when the registry does not have it either
        """
        return self.create_container_from_config(_configuration(image_name, options))

    def create_container_from_config(self, container_config: ContainerConfiguration) -> str:
        """Make a container, see ``create_container``."""
        owned = shared.owned_containers()
        if owned is not None and (running := owned.taken_from_version_before(container_config)) is not None:
            return running
        with self._talking() as client:
            if owned is not None and not self._has_tidied:
                self._has_tidied = True
                remove_leftovers(client, owned.platform_label, owned.is_leftover)
            container_id = create(client, container_config, owned.labels() if owned is not None else {})
        if owned is not None:
            owned.add(self, container_id, container_config)
        return container_id

    def start_container(
        self,
        container_name_or_id: str,
        stdin: str | bytes | None = None,
        interactive: bool = False,
        attach: bool = False,
    ) -> Output:
        """Start a container.

        :param stdin: what it is given to read; it has to be made with one, or interactive, and attached. An engine
            that is reached with TLS can't be given any.
        :param interactive: as ``attach``
        :param attach: wait for its end
        :return: its name or id and nothing; attached, what it wrote
        :raises ContainerException: when it was attached and ended with another status than 0; has its output
        """
        is_attached = attach or interactive
        if stdin is not None and not is_attached:
            raise ValueError(f"container {container_name_or_id} can't be given its stdin: attach it, don't detach it")
        with self._talking(NoSuchContainer(container_name_or_id)) as client:
            container = client.containers.get(container_name_or_id)
            with translated():  # what is not found now is something that the container needs
                if not is_attached:
                    container.start()
                    return to_bytes(container_name_or_id), b""
                status, output = run_attached(container, None if stdin is None else to_bytes(stdin))
        return _checked(f"container {container_name_or_id}", status, output)

    def stop_container(self, container_name: str, timeout: int = 10) -> None:
        """Ask a container to end.

        :param timeout: seconds after which it is killed
        """
        owned = shared.owned_containers()
        if owned is not None and owned.stays(container_name):
            return
        with self._talking(NoSuchContainer(container_name)) as client:
            client.containers.get(container_name).stop(timeout=timeout)

    def restart_container(self, container_name: str, timeout: int = 10) -> None:
        """Stop a container, see ``stop_container``, and start it again."""
        with self._talking(NoSuchContainer(container_name)) as client:
            client.containers.get(container_name).restart(timeout=timeout)

    def pause_container(self, container_name: str) -> None:
        """Freeze the processes of a container."""
        with self._talking(NoSuchContainer(container_name)) as client:
            client.containers.get(container_name).pause()

    def unpause_container(self, container_name: str) -> None:
        """Let the processes of a frozen container go on."""
        with self._talking(NoSuchContainer(container_name)) as client:
            client.containers.get(container_name).unpause()

    def remove_container(
        self, container_name: str, force: bool = True, check_existence: bool = False, volumes: bool = False
    ) -> None:
        """Remove a container.

        :param force: kill it when it runs; that there is none is no error then, nor that no engine was ever reached
        :param check_existence: that there is none is no error
        :param volumes: also remove volumes without a name that it has
        """
        owned = shared.owned_containers()
        if owned is not None and owned.stays(container_name):
            return
        try:
            with self._talking(NoSuchContainer(container_name)) as client:
                remove(client.containers.get(container_name), force, volumes)
        except NoSuchContainer:
            if not force and not check_existence:
                raise
        except DockerNotAvailable:
            if not force or self._was_reached:
                raise
        if owned is not None:
            owned.forget(container_name)

    def exec_in_container(
        self,
        container_name_or_id: str,
        command: str | Sequence[str],
        interactive: bool = False,
        detach: bool = False,
        env_vars: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        user: str | None = None,
        workdir: str | None = None,
    ) -> Output:
        """Run a command in a container that runs.

        :param command: a list of arguments, or text that is split like a shell's
        :param interactive: keep the command's standard input open
        :param detach: do not wait for its end
        :param stdin: what it is given to read; not by an engine that is reached with TLS
        :return: what it wrote
        :raises ContainerException: when it ended with another status than 0; has its output
        """
        with self._talking(NoSuchContainer(container_name_or_id)) as client:
            if stdin is not None:
                require_end_of_stdin(client.api)
            execution = client.api.exec_create(
                client.containers.get(container_name_or_id).id,
                command,
                stdin=interactive or stdin is not None,
                environment=dict(env_vars or {}),
                user=user or "",
                workdir=workdir,
            )["Id"]
            if detach:
                client.api.exec_start(execution, detach=True)
                return b"", b""
            output = run_command(client.api, execution, None if stdin is None else to_bytes(stdin))
            status = client.api.exec_inspect(execution)["ExitCode"]
        return _checked(f"{command!r} in container {container_name_or_id}", status, output)

    def copy_into_container(
        self, container_name: str, local_path: str | PathLike[str], container_path: str | PathLike[str]
    ) -> None:
        """Copy a file or folder into a container, as ``docker cp`` does.

        :raises FileNotFoundError: when there is no ``local_path``
        """
        with self._talking(NoSuchContainer(container_name)) as client:
            copy_in(client.containers.get(container_name), fspath(local_path), fspath(container_path))

    def copy_from_container(
        self, container_name: str, local_path: str | PathLike[str], container_path: str | PathLike[str]
    ) -> None:
        """Copy a file or folder out of a container, as ``docker cp`` does."""
        with self._talking(NoSuchContainer(container_name)) as client:
            container = client.containers.get(container_name)
            with translated(ContainerException(f"container {container_name} has no {container_path}")):
                copy_out(container, fspath(local_path), fspath(container_path))

    def inspect_container(self, container_name_or_id: str) -> dict[str, Any]:
        """What the engine knows of a container, as ``docker inspect`` shows it."""
        with self._talking(NoSuchContainer(container_name_or_id)) as client:
            return dict(client.api.inspect_container(container_name_or_id))

    def inspect_container_volumes(self, container_name_or_id: str) -> list[VolumeInfo]:
        """What is mounted into a container."""
        mounts = self.inspect_container(container_name_or_id)["Mounts"]
        names = VolumeInfo._fields
        return [
            VolumeInfo(**{name: each.get("RW" if name == "rw" else name.title()) for name in names}) for each in mounts
        ]

    def list_containers(self, filter: str | Sequence[str] | None = None, all: bool = True) -> list[dict[str, Any]]:
        """Containers as ``{"id": …, "image": …, "name": …, "status": "running", "labels": {…}}``.

        :param filter: as for ``docker ps``, e.g. ``"name=web"``; with several all must hold
        :param all: also those that don't run
        """
        filters: dict[str, list[str]] = {}
        for each in [filter] if isinstance(filter, str) else filter or ():
            key, _, value = each.partition("=")
            filters.setdefault(key, []).append(value)
        with self._talking() as client:
            return [
                {
                    "id": entry["Id"],
                    "image": entry["Image"],
                    "name": entry["Names"][0].removeprefix("/") if entry["Names"] else "",
                    "status": entry["State"],
                    "labels": dict(entry["Labels"] or {}),
                }
                for entry in client.api.containers(all=all, filters=filters)
            ]

    def get_running_container_names(self) -> list[str]:
        return [entry["name"] for entry in self.list_containers(all=False)]

    def get_container_status(self, container_name: str) -> DockerContainerStatus:
        """What a container is doing; that there is none is a status, too."""
        try:
            status = self.inspect_container(container_name)["State"]["Status"]
        except NoSuchContainer:
            return DockerContainerStatus.NON_EXISTENT
        return {"running": DockerContainerStatus.UP, "paused": DockerContainerStatus.PAUSED}.get(
            status, DockerContainerStatus.DOWN
        )

    def is_container_running(self, container_name: str) -> bool:
        """Whether there is such a container and it runs."""
        return self.get_container_status(container_name) is DockerContainerStatus.UP

    def get_container_name(self, container_id: str) -> str:
        return str(self.inspect_container(container_id)["Name"]).removeprefix("/")

    def get_container_id(self, container_name: str) -> str:
        return str(self.inspect_container(container_name)["Id"])

    def get_networks(self, container_name: str) -> list[str]:
        """Names of the networks that a container is in."""
        return list(self.inspect_container(container_name)["NetworkSettings"].get("Networks") or {})

    def get_container_ipv4_for_network(self, container_name_or_id: str, container_network: str) -> str:
        """Address of a container in a network.

        :param container_network: name of the network
        :raises ContainerException: when the container is not in it
        """
        container = self.inspect_container(container_name_or_id)
        networks = container["NetworkSettings"].get("Networks") or {}
        address = networks.get(container_network, {}).get("IPAddress")
        if not address:  # Podman has several names for its default network
            peers = self.inspect_network(container_network).get("Containers") or {}
            address = peers.get(container["Id"], {}).get("IPv4Address", "").partition("/")[0]
        if not address:
            raise ContainerException(f"container {container_name_or_id} has no address in network {container_network}")
        return str(address)

    def get_container_ip(self, container_name_or_id: str) -> str:
        """Address of a container, in the first of its networks.

        :raises ContainerException: when it has none, e.g. because it does not run
        """
        networks = self.inspect_container(container_name_or_id)["NetworkSettings"].get("Networks") or {}
        address = next((each["IPAddress"] for each in networks.values() if each["IPAddress"]), None)
        if address is None:
            raise ContainerException(f"container {container_name_or_id} has no address")
        return str(address)

    def get_container_logs(self, container_name_or_id: str, safe: bool = False) -> str:
        """What a container has written to standard output and standard error.

        :param safe: ``""`` for a container that there is not
        """
        try:
            with self._talking(NoSuchContainer(container_name_or_id)) as client:
                return to_str(client.containers.get(container_name_or_id).logs(), errors="replace")
        except NoSuchContainer:
            if not safe:
                raise
            return ""

    def stream_container_logs(self, container_name_or_id: str) -> CancellableStream:
        """The lines that a container has written and writes, until it ends or the stream is closed."""
        with self._talking(NoSuchContainer(container_name_or_id)) as client:
            return CancellableStream(client.containers.get(container_name_or_id).logs(stream=True, follow=True))


def _configuration(image_name: str, options: Mapping[str, Any]) -> ContainerConfiguration:
    given = {name: value for name, value in options.items() if value is not None}
    if "volumes" in given:
        given["volumes"] = VolumeMappings(given["volumes"])
    return ContainerConfiguration(image_name, **given)


def _checked(what: str, status: int, output: Output) -> Output:
    """:raises ContainerException: when ``status`` is not 0"""
    if status:
        stdout, stderr = output
        text = to_str(stderr or stdout, errors="replace").strip()
        raise ContainerException(f"{what} ended with {status}: {text}", stdout, stderr)
    return output
