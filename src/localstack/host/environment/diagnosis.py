"""Finds what is wrong with the environment of installed extensions. Changes nothing."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import Distribution, distributions
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.utils import canonicalize_name

from localstack.host.environment.generation import REQUESTS_NAME, Generation, Generations
from localstack.host.environment.installed import InstalledPackages
from localstack.host.environment.inventory import Inventory
from localstack.host.environment.link import is_linked
from localstack.host.environment.provided import (
    PROVIDED_NAMES,
    active_requirements,
    host_distributions,
    host_paths,
    is_provided,
    is_stand_in,
)
from localstack.host.environment.pylock import LOCK_NAME
from localstack.host.environment.verification import broken_imports, differing_files
from localstack.host.errors import InstallError
from localstack.host.volume import is_read_only

CONFIG_SECRETS = ("auth.json", "credentials.json")
"""Files of the configuration folder with tokens and passwords."""

OF_OTHERS = 0o077
"""The permissions of everybody but the owner."""

_SECRET_NAMES = {*CONFIG_SECRETS, LOCK_NAME, REQUESTS_NAME}
"""Files that may have a token, or a URL with a password, in them."""


class ProblemKind(StrEnum):
    INTERPRETER = "interpreter"
    OTHER_PYTHON = "other-python"
    MISSING_FILE = "missing-file"
    MODIFIED_FILE = "modified-file"
    DEAD_ENTRY_POINT = "dead-entry-point"
    MISSING_DEPENDENCY = "missing-dependency"
    STALE_POINTER = "stale-pointer"
    RECORD = "record"
    LOCK = "lock"
    HOST_LINK = "host-link"
    LEFTOVER = "leftover"
    PERMISSIONS = "permissions"
    UPSTREAM = "upstream"


class Repair(StrEnum):
    """What mends a problem."""

    REBUILD = "install again from the lock"
    SWITCH = "put the newest complete generation in force"
    LINK = "write the link to this host anew"
    REMOVE = "remove it"
    MODE = "set its permissions"
    NONE = ""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong.

    :ivar where: the file, folder or distribution
    :ivar message: one sentence that names it
    :ivar hint: what a person can do where ``repair`` is ``NONE``
    """

    kind: ProblemKind
    where: str
    message: str
    repair: Repair
    hint: str = ""


def diagnose(generations: Generations, secrets: tuple[Path, ...], environ: Mapping[str, str]) -> tuple[Problem, ...]:
    """All problems of a volume's environment; the first ones are to be mended first.

    :param secrets: further files that only their owner may read
    :param environ: for the process that imports the extensions
    """
    found = [*_wrong_permissions(generations, secrets)]
    if any(Path(problem.where).is_dir() for problem in found):
        return tuple(found)  # what is in a closed folder can be told only when it is open
    found += _beside_the_host()
    found += _leftovers(generations)
    found += _wrong_pointer(generations)
    current = generations.current()
    if current is not None:
        found += _problems_of(current, environ)
    return tuple(found)


def is_secret(path: Path) -> bool:
    """Whether only its owner may read it."""
    return path.name in _SECRET_NAMES


def problems_of_packages(packages: InstalledPackages, environ: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with what is installed in one site-packages of this Python."""
    for path in differing_files(packages):
        is_there = (packages.directory / path).exists()
        kind, state = (ProblemKind.MODIFIED_FILE, "changed") if is_there else (ProblemKind.MISSING_FILE, "not there")
        yield Problem(kind, path, f"{path} is {state}, unlike its package's RECORD says", Repair.REBUILD)
    yield from _missing_requirements(packages)
    yield from _upstream_in(packages)
    with TemporaryDirectory(prefix="leanto-doctor-") as scratch:
        for broken in broken_imports(packages, Path(scratch), environ):
            one = broken.extension
            yield Problem(
                ProblemKind.DEAD_ENTRY_POINT,
                f"{one.distribution.name}: {one.entry_point}",
                f"the extension {broken}",
                Repair.REBUILD,
            )


def _problems_of(generation: Generation, environ: Mapping[str, str]) -> Iterator[Problem]:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        inventory = Inventory.of(generation)
    except InstallError as error:
        yield Problem(ProblemKind.RECORD, str(generation.requests_file), error.message, Repair.SWITCH)
        return
    if not generation.is_for_this_python():
        message = f"it was made for Python {generation.python_minor or '?'}, this host runs with {here}"
        yield Problem(ProblemKind.OTHER_PYTHON, str(generation.path), message, Repair.REBUILD)
        return
    if not generation.python.exists():
        message = f"{generation.python} leads to no interpreter: Python was moved or removed"
        yield Problem(ProblemKind.INTERPRETER, str(generation.python), message, Repair.REBUILD)
    if not generation.site_packages.is_dir():
        message = f"{generation.site_packages} is not there"
        yield Problem(ProblemKind.MISSING_FILE, str(generation.site_packages), message, Repair.REBUILD)
        return
    if not is_linked(generation.site_packages):
        message = f"{generation.site_packages} has no link to this host"
        yield Problem(ProblemKind.HOST_LINK, str(generation.site_packages), message, Repair.LINK)
    yield from _differences_from_lock(generation, inventory)
    yield from problems_of_packages(inventory.packages, environ)


def _differences_from_lock(generation: Generation, inventory: Inventory) -> Iterator[Problem]:
    if not generation.lock_file.is_file():
        message = f"{generation.lock_file} is not there"
        yield Problem(ProblemKind.LOCK, str(generation.lock_file), message, Repair.REBUILD)
        return
    try:
        locked = inventory.locked()
    except InstallError as error:
        yield Problem(ProblemKind.LOCK, str(generation.lock_file), error.message, Repair.REBUILD)
        return
    for package in locked:
        found = inventory.packages.by_name.get(package.name)
        if found is None:
            message = f"{package.name} {package.version} is in the lock and is not installed"
            yield Problem(ProblemKind.MISSING_DEPENDENCY, package.name, message, Repair.REBUILD)
        elif package.version and found.version != package.version:
            message = f"{package.name} {found.version} is installed, the lock has {package.version}"
            yield Problem(ProblemKind.MODIFIED_FILE, package.name, message, Repair.REBUILD)


def _missing_requirements(packages: InstalledPackages) -> Iterator[Problem]:
    available = {**host_distributions(), **{name: found.version for name, found in packages.by_name.items()}}
    for name in PROVIDED_NAMES:
        if name not in packages.by_name:
            message = f"the stand-in for {name}, which this host provides, is not there"
            yield Problem(ProblemKind.MISSING_DEPENDENCY, name, message, Repair.REBUILD)
    for found in packages.by_name.values():
        for requirement in active_requirements(found.requires):
            name = canonicalize_name(requirement.name)
            if not is_provided(name) and name not in available:
                message = f"{found.name} {found.version} requires {requirement}, which is not installed"
                yield Problem(ProblemKind.MISSING_DEPENDENCY, f"{found.name}: {name}", message, Repair.REBUILD)


def _upstream_in(packages: InstalledPackages) -> Iterator[Problem]:
    """Upstream's distributions where the stand-ins for them should be alone."""
    for found in _upstream(packages.directory):
        message = f"{found.name} {found.version} of upstream is installed beside this host's {found.name}"
        yield Problem(ProblemKind.UPSTREAM, f"{found.name} {found.version}", message, Repair.REBUILD)
    package = packages.directory / "localstack" / "__init__.py"
    if package.is_file():
        message = f"{package} claims the namespace localstack for one distribution"
        yield Problem(ProblemKind.UPSTREAM, str(package), message, Repair.REBUILD)


def _beside_the_host() -> Iterator[Problem]:
    for path in host_paths():
        for found in _upstream(path):
            yield Problem(
                ProblemKind.UPSTREAM,
                f"{found.name} {found.version}",
                f"{found.name} {found.version} of upstream is installed in {path}, where this host is",
                Repair.NONE,
                f"uninstall it there, then install Leanto anew: they have files of the same names "
                f"({sys.executable} -m pip uninstall {found.name})",
            )


def _upstream(directory: Path) -> Iterator[Distribution]:
    for found in distributions(path=[str(directory)]):
        if is_provided(found.name) and not is_stand_in(found):
            yield found


def _leftovers(generations: Generations) -> Iterator[Problem]:
    current = generations.pointer.resolve()
    for path in generations.leftovers():
        if path != current:  # a pointer to it is a problem of its own
            message = f"{path} was left by an installation that did not end"
            yield Problem(ProblemKind.LEFTOVER, str(path), message, Repair.REMOVE)


def _wrong_pointer(generations: Generations) -> Iterator[Problem]:
    pointer = generations.pointer
    if generations.has_foreign_environment():
        message = f"{pointer} is a folder that this host did not make"
        yield Problem(ProblemKind.STALE_POINTER, str(pointer), message, Repair.SWITCH)
    elif pointer.is_symlink() and generations.current() is None:
        message = f"{pointer} leads to {pointer.readlink()}, which is no complete set of extensions"
        yield Problem(ProblemKind.STALE_POINTER, str(pointer), message, Repair.SWITCH)
    elif not pointer.is_symlink() and generations.complete():
        message = f"{pointer} is not there, so that no extension is in force"
        yield Problem(ProblemKind.STALE_POINTER, str(pointer), message, Repair.SWITCH)


def _wrong_permissions(generations: Generations, secrets: tuple[Path, ...]) -> Iterator[Problem]:
    for folder in (*reversed(generations.directory.parents[:2]), generations.directory):
        if closed := next(_closed(folder), None):
            yield closed
            return
    for path in (*secrets, *generations.directory.glob("generations/*/*.toml")):
        if is_secret(path) and path.is_file() and path.stat().st_mode & OF_OTHERS:
            message = f"{path} may have a password in it and can be read by other users"
            yield Problem(ProblemKind.PERMISSIONS, str(path), message, Repair.MODE)
    for place, folders, files in os.walk(generations.directory):
        folders[:] = [name for name in folders if not Path(place, name).is_symlink()]
        for name in (*folders, *files):  # the walk passes over folders that it can't read
            yield from _closed(Path(place, name))


def _closed(path: Path) -> Iterator[Problem]:
    """What its owner, or this process, can't use; links and what is not there are passed over."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    is_folder = stat.S_ISDIR(status.st_mode)
    needed = stat.S_IRWXU if is_folder else stat.S_IRUSR
    is_usable = os.access(path, os.R_OK | os.W_OK | os.X_OK if is_folder else os.R_OK)
    if stat.S_ISLNK(status.st_mode) or (is_usable and status.st_mode & needed == needed):
        return
    what = f"{path} can't be {'entered and written' if is_folder else 'read'}"
    if is_folder and is_read_only(path):
        hint = "make it writable, or set LOCALSTACK_VOLUME_DIR to another folder"
        yield Problem(ProblemKind.PERMISSIONS, str(path), f"{path} is on a read-only file system", Repair.NONE, hint)
    elif status.st_mode & needed != needed and os.geteuid() in (0, status.st_uid):
        yield Problem(ProblemKind.PERMISSIONS, str(path), f"{what} by its owner", Repair.MODE)
    else:
        message, hint = f"{what}: it belongs to user {status.st_uid}", "work as that user, or have it given to you"
        yield Problem(ProblemKind.PERMISSIONS, str(path), message, Repair.NONE, hint)
