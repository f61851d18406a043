"""Packages and what installs them.

    <volume>/lib/                                 InstallTarget.VAR_LIBS
    └── terraform/                                name of the installer
        ├── 1.5.7/terraform                       its version, and in it the marker: installed when that is there
        ├── .1.5.7.lock                           held by the thread or process that installs
        ├── .1.5.7.terraform.installing           an installation that has not come to its end: the marker means nothing
        ├── .1.5.7.terraform_1.5.7.zip.part       as much of a download as has arrived; it is resumed
        └── 1.5.7.incomplete/                     what an installation that was killed left, until the next has ended

A marker that somebody has put there by hand counts like one that was installed, so nothing needs a network then.
"""

from __future__ import annotations

import logging
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Generic, TypeVar

from localstack import config
from localstack.host import shared
from localstack.utils.files import rm_rf

__all__ = ["InstallTarget", "NoSuchVersionException", "Package", "PackageException", "PackageInstaller"]

LOG = logging.getLogger(__name__)

_UNUSUAL = re.compile(r"[^\w.-]")


class PackageException(Exception):
    """A package can't be installed; says what, why, and what to do next, without credentials that URLs carry."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(shared.redacted(arg) if isinstance(arg, str) else arg for arg in args))


class NoSuchVersionException(PackageException):
    """A package has no such version."""

    def __init__(self, package: str | None = None, version: str | None = None) -> None:
        what = f"{package} {version}" if package and version else package or "the package"
        super().__init__(f"there is no installer for {what}: ask for one of the versions that get_versions() names")
        self.package = package
        self.version = version


class InstallTarget(Enum):
    """Folders for packages. Here both are the same, ``<volume>/lib``, as the platform comes with no packages."""

    VAR_LIBS = "var_libs"
    STATIC_LIBS = "static_libs"

    @property
    def value(self) -> str:
        """Path of the folder: that of now, since the test kit has a volume of its own."""
        return str(getattr(config.dirs, self._value_))


class PackageInstaller(ABC):
    """Installs one version of a package, once: threads and processes that ask at the same time wait for each other.

    Subclasses say what proves that it is there (``_get_install_marker_path``) and how it gets there (``_install``).

    :ivar name: first folder below the target
    :ivar version: second folder
    """

    def __init__(self, name: str, version: str) -> None:
        self.name = name
        self.version = version
        self._installing_thread: int | None = None

    def install(self, target: InstallTarget | None = None) -> None:
        """Install it unless it is installed.

        :param target: folder for it, ``VAR_LIBS`` without one
        :raises PackageException: when that fails; then it does not count as installed
        """
        place = target or InstallTarget.VAR_LIBS
        try:
            if not self.is_installed():
                with self._lock(place):
                    if not self.is_installed():  # another thread or process may have just done it
                        self._install_anew(place)
                        return
            self._setup_existing_installation(place)
        except PackageException:
            raise
        except Exception as error:
            raise PackageException(f"{self.name} {self.version} can't be installed: {error!r}") from error

    def is_installed(self) -> bool:
        return self._find_installation() is not None

    def get_installed_dir(self) -> str | None:
        """The folder that it is in, ``None`` when it is not installed."""
        return self._find_installation()

    @abstractmethod
    def _get_install_marker_path(self, install_dir: str) -> str:
        """Path of the file or folder that exists when the package is installed in ``install_dir``."""

    @abstractmethod
    def _install(self, target: InstallTarget) -> None:
        """Put the package into ``_get_install_dir(target)``; whatever it raises ends the installation."""

    def _get_install_dir(self, target: InstallTarget) -> str:
        return str(Path(target.value, self.name, self.version))

    def _prepare_installation(self, target: InstallTarget) -> None:  # noqa: B027 - most have nothing to do then
        """Called before ``_install``."""

    def _post_process(self, target: InstallTarget) -> None:  # noqa: B027 - most have nothing to do then
        """Called after ``_install``."""

    def _setup_existing_installation(self, target: InstallTarget) -> None:  # noqa: B027 - most have nothing to do then
        """Called instead of the other three when the package is there already."""

    def _find_installation(self) -> str | None:
        """The folder in which there is a marker that can be trusted."""
        for target in InstallTarget:
            folder = self._get_install_dir(target)
            is_over = not self._journal(target).exists() or self._installing_thread == threading.get_ident()
            if is_over and Path(self._get_install_marker_path(folder)).exists():
                return folder
        return None

    def _beside(self, target: InstallTarget, suffix: str) -> Path:
        """A hidden file next to the folder of the package, e.g. ``terraform/.1.5.7.lock``."""
        folder = Path(self._get_install_dir(target))
        return folder.with_name(f".{folder.name}.{_UNUSUAL.sub('_', suffix)}")

    def _journal(self, target: InstallTarget) -> Path:
        """A file that is there from before the first change of an installation until after the last one."""
        return self._beside(target, f"{self.name}.installing")

    @contextmanager
    def _lock(self, target: InstallTarget) -> Iterator[None]:
        from filelock import FileLock, Timeout  # takes time to import, and most of the time all is installed

        path = self._beside(target, "lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, is_singleton=True)  # so a thread that has it gets it again
        try:
            lock.acquire(blocking=False)
        except Timeout:
            LOG.info("somebody else is installing %s %s: waiting", self.name, self.version)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _install_anew(self, target: InstallTarget) -> None:
        """Install while the lock is held."""
        journal, folder = self._journal(target), self._get_install_dir(target)
        LOG.info("installing %s %s into %s", self.name, self.version, folder)
        if journal.exists():
            LOG.warning("an earlier installation of %s %s was ended half-way", self.name, self.version)
            self._set_remains_aside(target)
        journal.touch()
        self._installing_thread = threading.get_ident()
        try:
            self._prepare_installation(target)
            self._install(target)
            self._post_process(target)
        except BaseException:
            rm_rf(self._get_install_marker_path(folder))  # it was not there before
            raise
        finally:
            self._installing_thread = None
            journal.unlink(missing_ok=True)
        rm_rf(_incomplete(folder))
        LOG.info("installed %s %s", self.name, self.version)

    def _set_remains_aside(self, target: InstallTarget) -> None:
        """Nobody knows what of an installation that was killed is whole."""
        folder = Path(self._get_install_dir(target))
        if folder.exists():
            rm_rf(_incomplete(folder))
            folder.rename(_incomplete(folder))


def _incomplete(folder: str | Path) -> Path:
    return Path(f"{folder}.incomplete")


_T = TypeVar("_T", bound=PackageInstaller)


class Package(ABC, Generic[_T]):
    """A package in its versions, each with an installer.

    :ivar name: for people
    :ivar default_version: the version that is meant when nobody says one
    """

    def __init__(self, name: str, default_version: str) -> None:
        self.name = name
        self.default_version = default_version

    @abstractmethod
    def get_versions(self) -> list[str]:
        """The versions that can be installed."""

    def get_installer(self, version: str | None = None) -> _T:
        """:raises NoSuchVersionException: when ``get_versions`` does not have the version"""
        chosen = version or self.default_version
        if chosen not in self.get_versions():
            raise NoSuchVersionException(package=self.name, version=chosen)
        return self._get_installer(chosen)

    @abstractmethod
    def _get_installer(self, version: str) -> _T:
        """The installer of one of the versions."""

    def install(self, version: str | None = None, target: InstallTarget | None = None) -> None:
        """Install it unless it is installed.

        :raises PackageException: when that fails
        """
        self.get_installer(version).install(target)

    def get_installed_dir(self, version: str | None = None) -> str | None:
        """The folder that the version is in, ``None`` when it is not installed."""
        return self.get_installer(version).get_installed_dir()

    def __str__(self) -> str:
        return self.name
