"""Where the container engine is, and a connection to it: Docker, or Podman, which speaks Docker's API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localstack.utils.container_utils.container_errors import (
    AccessDenied,
    ContainerException,
    DockerNotAvailable,
    NoSuchImage,
    RegistryConnectionError,
)

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["connect", "read_progress", "registry_failure", "translated"]

_HINT = "start Docker or Podman, or say with DOCKER_HOST where one is"
_UNKNOWN = ("manifest unknown", "name unknown", "not found", "does not exist")
_BROKEN_HELPER = ("docker-credential-", "error getting credentials")
"""What a credential helper has to do with; what it did not find is its own, not the image."""
_DENIED = ("denied", "unauthorized", "authentication required", "no basic auth credentials")
_UNREACHABLE = (
    "no such host",
    "dial tcp",
    "i/o timeout",
    "connection refused",
    "no route to host",
    "pinging container",
)


def connect() -> DockerClient:
    """A connection to the container engine.

    ``DOCKER_HOST`` says where it is, with ``DOCKER_TLS_VERIFY`` and ``DOCKER_CERT_PATH``; without it ``DOCKER_CONTEXT``
    or the current context of Docker's command line. Where that is the default one, the usual sockets of Docker and
    then of Podman are tried.

    :raises DockerNotAvailable: naming what was tried
    """
    from docker import DockerClient
    from docker.errors import DockerException

    absent, failed = [], []
    for url, options in _places():
        if _is_absent(url):
            absent.append(url.removeprefix("unix://"))
            continue
        try:
            return DockerClient(url, **options)
        except (DockerException, OSError, ValueError) as error:
            failed.append(f"{url}: {_reason(error)}")
    tried = [*failed, f"no socket at {', '.join(absent)}"] if absent else failed
    raise DockerNotAvailable(f"no container engine answers ({'; '.join(tried)}): {_HINT}")


@contextmanager
def translated(missing: Exception | None = None) -> Iterator[None]:
    """Raise what Docker's SDK raises inside as exceptions of ours.

    :param missing: raised instead when the engine knows nothing of the name that it was asked for
    :raises DockerNotAvailable: when the engine has gone
    :raises ContainerException: with the engine's own words, in all other cases
    """
    import requests
    from docker.errors import APIError, DockerException, NotFound

    try:
        yield
    except NotFound as error:
        raise (missing or ContainerException(_words(error))) from error
    except APIError as error:
        raise ContainerException(_words(error)) from error
    except requests.ConnectionError as error:
        raise DockerNotAvailable(f"the container engine does not answer ({_reason(error)}): {_HINT}") from error
    except (DockerException, requests.RequestException) as error:
        raise ContainerException(str(error)) from error


def read_progress(steps: Iterable[Mapping[str, Any]], failure: str = "") -> str:
    """What the engine writes while it builds, pulls or pushes.

    :param failure: what goes before the engine's words when it tells of an error
    :raises ContainerException: when it does; has what was written
    """
    written, errors = "", []
    for step in steps:  # to the end, so that the connection is free again
        written += str(step.get("stream", ""))
        if "error" in step:
            errors.append(step["error"])
    if errors:
        raise ContainerException(f"{failure}{errors[0]}", stdout=written)
    return written


def registry_failure(image: str, what: str, error: ContainerException) -> ContainerException:
    """Why something with a registry can't be done, from what the engine said of it.

    :param what: what can't be done, e.g. ``"the image a can't be pushed"``
    """
    message = f"{what}: {error}"
    words = str(error).lower()
    if any(part in words for part in _BROKEN_HELPER):
        return ContainerException(message)
    if any(part in words for part in _UNREACHABLE):
        return RegistryConnectionError(message)
    if any(part in words for part in _UNKNOWN):
        return NoSuchImage(image, message)
    if any(part in words for part in _DENIED):
        return AccessDenied(message)
    return ContainerException(message)


def _places() -> Iterator[tuple[str, dict[str, Any]]]:
    """URLs where an engine may be, with what is needed to connect to it."""
    from docker.context import ContextAPI
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    try:
        given = kwargs_from_env() if os.environ.get("DOCKER_HOST") else ContextAPI.kwargs_from_context()
    except (DockerException, OSError, ValueError) as error:  # files of certificates or of the context
        raise DockerNotAvailable(f"the container engine can't be used: {error}") from error
    url = given.pop("base_url", ContextAPI.DEFAULT_CONTEXT.Host)
    if url != ContextAPI.DEFAULT_CONTEXT.Host or os.environ.get("DOCKER_HOST"):
        yield url.replace("http+unix://", "unix://"), given
        return
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    for path in (
        "/var/run/docker.sock",
        f"{runtime}/docker.sock",
        f"{Path.home()}/.docker/run/docker.sock",
        "/run/podman/podman.sock",
        f"{runtime}/podman/podman.sock",
    ):
        yield f"unix://{path}", {}


def _is_absent(url: str) -> bool:
    return url.startswith("unix://") and not Path(url.removeprefix("unix://")).exists()


def _words(error: Any) -> str:
    return str(error.explanation or error)


def _reason(error: BaseException) -> str:
    """The operating system's words at the bottom of an error that was wrapped several times."""
    inner: BaseException | None = error
    reason = str(error)
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            reason = inner.strerror
        inner = inner.__cause__ or inner.__context__
    return reason
