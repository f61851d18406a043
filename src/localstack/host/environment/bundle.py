"""A set of extensions in one file, for machines without an index: its lock, its requests and a wheel of each package.

bundle.json       format, Python and platform that it is for, and the SHA-256 of each wheel
pylock.toml       the lock, to the letter
extensions.toml   what was asked for
wheels/           those made from local files as they are, others packed again from the installed files
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from localstack.host.environment.generation import REQUESTS_NAME, Generation
from localstack.host.environment.inventory import Inventory
from localstack.host.environment.pylock import LOCK_NAME
from localstack.host.environment.repack import repack
from localstack.host.environment.request import Requests, check_requests, read_requests
from localstack.host.environment.verification import check_files
from localstack.host.environment.wheel import UNZIP_ERRORS
from localstack.host.errors import BundleError, InstallError, reason_of
from localstack.host.output_file import replacing

_FORMAT = 1
_MANIFEST = "bundle.json"
_WHEELS = "wheels/"


@dataclass(frozen=True)
class Bundle:
    """A bundle that was unpacked; ``lock`` is the text of its lock, ``wheels`` the folder of its wheels."""

    requests: Requests
    lock: str
    wheels: Path


def write_bundle(inventory: Inventory, target: Path, scratch: Path) -> None:
    """Write what ``inventory`` has into the file ``target``, which is replaced in one step.

    :raises InstallError: when nothing is installed, or files are not as they were installed
    :raises BundleError: when ``target`` can't be written
    """
    if inventory.generation is None:
        raise InstallError("nothing is installed, so there is nothing to bundle", "install an extension first")
    check_files(inventory.packages, "bundling", "`localstack extensions doctor --fix` repairs it")
    wheels = sorted(_wheels_of(inventory, inventory.generation, scratch))
    manifest = {"format": _FORMAT, **_here(), "wheels": {wheel.name: _sha256(wheel) for wheel in wheels}}
    packed = scratch / "bundle"
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr(_MANIFEST, json.dumps(manifest, indent=1))
        archive.write(inventory.generation.lock_file, LOCK_NAME)
        archive.write(inventory.generation.requests_file, REQUESTS_NAME)
        for wheel in wheels:
            archive.write(wheel, _WHEELS + wheel.name)
    try:
        with replacing(target, mode=0o600) as file, packed.open("rb") as source:  # a URL may have a password in it
            shutil.copyfileobj(source, file)
    except OSError as error:
        raise BundleError(f"{target} can't be written: {error.strerror or error}", "name another file") from error


def read_bundle(path: Path, scratch: Path) -> Bundle:
    """Unpack the bundle ``path`` below ``scratch``.

    :raises BundleError: when it is none, is damaged, or is for another Python or platform
    """
    try:
        with ZipFile(path) as archive:
            manifest = json.loads(archive.read(_MANIFEST))
            _check(manifest, path)
            for name in (LOCK_NAME, REQUESTS_NAME):
                (scratch / f"bundled-{name}").write_bytes(archive.read(name))
            wheels = scratch / "bundled"
            wheels.mkdir()
            for name, digest in manifest["wheels"].items():
                _unpack(archive, name, digest, wheels)
    except OSError as error:
        raise BundleError(f"{path} can't be read: {reason_of(error)}", "name another file") from None
    except (*UNZIP_ERRORS, KeyError, TypeError, AttributeError) as error:
        message = f"{path} is no bundle, or a damaged one: {error}"
        raise BundleError(message, "make it again with `localstack extensions bundle -o FILE`") from None
    lock = (scratch / f"bundled-{LOCK_NAME}").read_text(encoding="utf-8")
    requests = read_requests(scratch / f"bundled-{REQUESTS_NAME}")
    check_requests(requests, path)
    return Bundle(requests, lock, wheels)


def _wheels_of(inventory: Inventory, generation: Generation, scratch: Path) -> Iterator[Path]:
    kept = {wheel.name.partition("-")[0].lower().replace("_", "-"): wheel for wheel in generation.wheels.glob("*.whl")}
    for package in inventory.locked():
        wheel = kept.get(package.name)
        yield wheel if wheel is not None else repack(inventory.packages.by_name[package.name], scratch)


def _check(manifest: dict[str, Any], path: Path) -> None:
    if manifest["format"] != _FORMAT:
        raise BundleError(f"{path} is a bundle of format {manifest['format']}, this host reads format {_FORMAT}")
    for name, here in _here().items():
        if manifest[name] != here:
            message = f"{path} was made for {name} {manifest[name]}, this host has {name} {here}"
            raise BundleError(message, "make it again on a machine like this one")


def _unpack(archive: ZipFile, name: str, digest: str, folder: Path) -> None:
    if name != Path(name).name or not name.endswith(".whl"):
        raise ValueError(f"{name!r} is no name of a wheel")
    content = archive.read(_WHEELS + name)
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"{name} has another hash than the bundle says")
    (folder / name).write_bytes(content)


def _here() -> dict[str, str]:
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "platform": f"{platform.system()} {platform.machine()}",
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
