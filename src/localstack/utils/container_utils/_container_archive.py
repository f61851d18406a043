"""Files on their way into a container and out of it, as ``docker cp`` moves them."""

from __future__ import annotations

import json
import posixpath
import tarfile
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import Any

from localstack.packages._archive import extract_member
from localstack.utils.container_utils.container_errors import ContainerException

__all__ = ["copy_in", "copy_out"]

_MEMORY_BYTES = 8 * 1024 * 1024
_GO_MODE_DIR = 1 << 31
"""Bit of a folder in the modes that engines tell, which are Go's."""


def copy_in(container: Any, local_path: str, container_path: str) -> None:
    """Copy a file or folder into a container of Docker's SDK, whether or not it runs.

    When ``container_path`` is a folder, or ends with a slash, it goes below that under its own name; of a local path
    that ends with ``/.`` the content goes there.

    :raises FileNotFoundError: when there is no ``local_path``
    :raises ContainerException: when the container has no folder for it
    """
    source = Path(local_path)
    is_content = local_path.endswith("/.")
    is_below = not is_content and (container_path.endswith("/") or _is_folder(container, container_path))
    target = posixpath.join(container_path, source.name) if is_below else container_path
    parent, name = posixpath.split(target.rstrip("/"))
    if not _is_folder(container, parent or "/"):  # Podman would make it
        raise ContainerException(f"container {container.name} has no folder {parent} to copy {name} to")
    with tempfile.SpooledTemporaryFile(_MEMORY_BYTES) as packed:
        with tarfile.open(fileobj=packed, mode="w") as archive:
            if name:
                archive.add(source, arcname=name)
            else:  # the content of a folder for the root, which keeps its mode
                for child in source.iterdir():
                    archive.add(child, arcname=child.name)
        packed.seek(0)
        container.put_archive(parent or "/", packed)


def copy_out(container: Any, local_path: str, container_path: str) -> None:
    """Copy a file or folder out of a container of Docker's SDK.

    When ``local_path`` is a folder, it goes below that under its own name.

    :raises OSError: when it can't be written
    :raises tarfile.TarError: when it would leave the folder, e.g. by a link
    """
    chunks, about = container.get_archive(container_path)
    target = Path(local_path)
    into, name = (target, about["name"]) if target.is_dir() else (target.parent, target.name)
    root = into.resolve()
    with tempfile.SpooledTemporaryFile(_MEMORY_BYTES) as packed:
        for chunk in chunks:
            packed.write(chunk)
        packed.seek(0)
        with tarfile.open(fileobj=packed) as archive:
            for member in archive:
                member.name = _renamed(member.name, name)
                if member.islnk():  # a hard link leads to a member, by its name
                    member.linkname = _renamed(member.linkname, name)
                extract_member(archive, member, root)


def _renamed(path: str, name: str) -> str:
    """``path`` with another first part."""
    below = path.partition("/")[2]
    return posixpath.join(name, below) if below else name


def _is_folder(container: Any, path: str) -> bool:
    api = container.client.api  # a session of requests; the SDK itself can only ask with the content
    url = f"{api.base_url}/v{api.api_version}/containers/{container.id}/archive"
    answer = api.head(url, params={"path": path}, timeout=api.timeout)
    about = answer.headers.get("X-Docker-Container-Path-Stat")
    return about is not None and bool(json.loads(b64decode(about))["mode"] & _GO_MODE_DIR)
