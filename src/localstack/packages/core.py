"""Installers of programs: from a URL, out of an archive, from a release on GitHub."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import site
import subprocess
import sys
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import dropwhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from localstack.host import shared
from localstack.packages._archive import extract
from localstack.packages.api import InstallTarget, PackageException, PackageInstaller
from localstack.packages.download import Checksum, DownloadException, download, fetch_json, fetch_text
from localstack.utils.files import rm_rf
from localstack.utils.run import run
from localstack.utils.strings import to_str

__all__ = [
    "ArchiveDownloadAndExtractInstaller",
    "DownloadInstaller",
    "ExecutableInstaller",
    "GitHubReleaseInstaller",
    "NodePackageInstaller",
    "PermissionDownloadInstaller",
    "PythonPackageInstaller",
    "SystemNotSupportedException",
]

_MOST_CHARACTERS = 500
_ERROR = re.compile(r"npm (?:error|ERR!) ?|error: ?| *× ?")


class SystemNotSupportedException(PackageException):
    """A package is not for this operating system or processor, or needs a program that is not here."""


class ExecutableInstaller(PackageInstaller):
    """Installs a program; the marker is its file."""

    def get_executable_path(self) -> str | None:
        """Path of the program, ``None`` when it is not installed."""
        folder = self._find_installation()
        return self._get_install_marker_path(folder) if folder else None


class DownloadInstaller(ExecutableInstaller):
    """Downloads one file. A download that broke off goes on where it ended, also after the process was killed."""

    @abstractmethod
    def _get_download_url(self) -> str:
        """Where the file is."""

    def _get_checksum_url(self) -> str | None:
        """Where a file of checksums is, e.g. ``SHA256SUMS``; ``None`` when nobody publishes one."""
        return None

    def _get_install_marker_path(self, install_dir: str) -> str:
        return str(Path(install_dir, _file_name(self._get_download_url())))

    def _install(self, target: InstallTarget) -> None:
        marker = Path(self._get_install_marker_path(self._get_install_dir(target)))
        with self._explaining(target, f"put {self._get_public_url()} there yourself"):
            self._download(marker, target)

    def _get_public_url(self) -> str:
        """Where a person finds the file; known without a network."""
        return self._get_download_url()

    def _download(self, file: Path, target: InstallTarget) -> None:
        url = self._get_download_url()
        download(url, file, self._beside(target, f"{_file_name(url)}.part"), self._find_checksum(_file_name(url)))

    def _find_checksum(self, file_name: str) -> Checksum | None:
        """:raises PackageException: when there should be one and is not"""
        url = self._get_checksum_url()
        if url is None:
            return None
        checksum = Checksum.find(fetch_text(url), file_name)
        if checksum is None:
            raise PackageException(f"{url} has no checksum of {file_name}")
        return checksum

    @contextmanager
    def _explaining(self, target: InstallTarget, what_to_do: str) -> Iterator[None]:
        """Say of a failure what was to be installed, and what a person can do without a network."""
        try:
            yield
        except DownloadException as error:
            marker = self._get_install_marker_path(self._get_install_dir(target))
            raise DownloadException(
                f"{self.name} {self.version} can't be installed: {error}; without a network, {what_to_do}: {marker}"
            ) from error


class PermissionDownloadInstaller(DownloadInstaller):
    """Downloads one file and makes it executable."""

    def _install(self, target: InstallTarget) -> None:
        super()._install(target)
        self._make_executable(target)

    def _setup_existing_installation(self, target: InstallTarget) -> None:
        self._make_executable(target)  # whoever put it there by hand may not have

    def _make_executable(self, target: InstallTarget) -> None:
        program = Path(self._get_install_marker_path(self._get_install_dir(target)))
        if program.is_file() and not os.access(program, os.X_OK):
            program.chmod(program.stat().st_mode | 0o111)


class ArchiveDownloadAndExtractInstaller(DownloadInstaller):
    """Downloads an archive and unpacks it into the folder of the package."""

    def __init__(self, name: str, version: str, extract_single_directory: bool = False) -> None:
        """
        :param extract_single_directory: when all of the archive is in one folder, leave that out
        """
        super().__init__(name, version)
        self.extract_single_directory = extract_single_directory

    @abstractmethod
    def _get_install_marker_path(self, install_dir: str) -> str:
        """Path of the file of the archive that proves it unpacked, e.g. the program."""

    def _get_archive_subdir(self) -> str | None:
        """Folder in the archive that ``get_installed_dir`` leads to, ``None`` for all of it."""
        return None

    def get_installed_dir(self) -> str | None:
        folder, below = super().get_installed_dir(), self._get_archive_subdir()
        return str(Path(folder, below)) if folder and below else folder

    def _install(self, target: InstallTarget) -> None:
        folder = Path(self._get_install_dir(target))
        archive = self._beside(target, _file_name(self._get_download_url()))
        with self._explaining(target, f"unpack {self._get_public_url()} yourself so that there is"):
            try:
                self._download(archive, target)
                with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.unpacked-") as unpacked:
                    extract(archive, Path(unpacked))
                    _move_all(self._top(Path(unpacked)), folder)
            finally:
                rm_rf(archive)

    def _top(self, unpacked: Path) -> Path:
        entries = list(unpacked.iterdir())
        is_single = len(entries) == 1 and entries[0].is_dir()
        return entries[0] if self.extract_single_directory and is_single else unpacked


class GitHubReleaseInstaller(PermissionDownloadInstaller):
    """Downloads a file of a release on GitHub and makes it executable.

    ``GITHUB_API_TOKEN`` in the environment lifts the limit that GitHub has for calls without one; ``GITHUB_API_URL``
    names another GitHub than the public one.
    """

    def __init__(self, name: str, tag: str, github_slug: str) -> None:
        """
        :param tag: of the release, also the version
        :param github_slug: ``owner/repository``
        """
        super().__init__(name, tag)
        self.github_slug = github_slug
        api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
        self.github_tag_url = f"{api.rstrip('/')}/repos/{github_slug}/releases/tags/{self.version}"

    @abstractmethod
    def _get_github_asset_name(self) -> str:
        """Name of the file in the release for this machine."""

    def _get_install_marker_path(self, install_dir: str) -> str:
        return str(Path(install_dir, self._get_github_asset_name()))

    def _get_download_url(self) -> str:
        return str(self._asset["browser_download_url"])

    def _get_public_url(self) -> str:
        return f"https://github.com/{self.github_slug}/releases/download/{self.version}/{self._get_github_asset_name()}"

    def _find_checksum(self, file_name: str) -> Checksum | None:
        """GitHub knows one of what was uploaded since June 2025."""
        algorithm, _, digits = str(self._asset.get("digest") or "").partition(":")
        return Checksum(algorithm, digits) if digits else super()._find_checksum(file_name)

    @cached_property
    def _asset(self) -> dict[str, Any]:
        """What GitHub says of the file; https://docs.github.com/en/rest/releases has its shape."""
        token = os.environ.get("GITHUB_API_TOKEN")
        headers = {"Accept": "application/vnd.github+json"}
        release = fetch_json(self.github_tag_url, headers | ({"Authorization": f"Bearer {token}"} if token else {}))
        name = self._get_github_asset_name()
        assets = {str(asset["name"]): dict(asset) for asset in release["assets"]}
        if name not in assets:
            raise SystemNotSupportedException(
                f"the release {self.version} of {self.github_slug} has no file {name}, it has {', '.join(assets)}"
            )
        return assets[name]


class NodePackageInstaller(ExecutableInstaller):
    """Installs a package of the npm registry, with the ``npm`` that is on ``PATH``."""

    def __init__(
        self, package_name: str, version: str, package_spec: str | None = None, main_module: str = "main.js"
    ) -> None:
        """
        :param package_spec: what npm installs, ``<package_name>@<version>`` without one
        :param main_module: file of the package that proves it installed
        """
        super().__init__(package_name, version)
        self.package_name = package_name
        self.package_spec = package_spec or f"{package_name}@{version}"
        self.main_module = main_module

    def _get_install_marker_path(self, install_dir: str) -> str:
        return str(Path(install_dir, "node_modules", self.package_name, self.main_module))

    def _install(self, target: InstallTarget) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise SystemNotSupportedException(f"{self.package_spec} needs npm, which is not on PATH: install Node.js")
        folder = Path(self._get_install_dir(target))
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", self.package_spec]
        try:
            run([npm, *command[1:]], print_error=False)
        except subprocess.CalledProcessError as error:
            log = to_str(error.output, errors="replace").strip()
            raise PackageException(
                f"npm can't install {self.package_spec}: {_most_telling(log)}; the command was: {shlex.join(command)}"
            ) from error


class PythonPackageInstaller(PackageInstaller):
    """Installs a package of the Python index into a virtual environment that all such packages share.

    They can be imported in this process from then on, after all that it could import before; where two want different
    versions of one package, the last one wins.
    """

    def _get_install_dir(self, target: InstallTarget) -> str:
        return str(Path(target.value, "python-packages"))

    def _get_install_marker_path(self, install_dir: str) -> str:
        """Folder of the metadata, which installers write last."""
        expected = f"{re.sub(r'[-_.]+', '_', self.name)}-{self.version}.dist-info".lower()
        packages = _site_packages(install_dir)
        spelled = {entry.name.lower().replace("-", "_"): entry for entry in packages.glob("*.dist-info")}
        return str(spelled.get(expected.replace("-", "_"), packages / expected))

    def _prepare_installation(self, target: InstallTarget) -> None:
        environment = Path(self._get_install_dir(target))
        is_usable = (environment / "bin" / "python").exists() and _site_packages(environment).is_dir()
        if not is_usable:  # there is none yet, or the Python that it was made with has gone
            self._run_uv("venv", "--clear", "--python", sys.executable, str(environment))

    def _install(self, target: InstallTarget) -> None:
        python = str(Path(self._get_install_dir(target), "bin", "python"))
        requirement = f"{self.name}=={self.version}"
        self._run_uv("pip", "install", "--python", python, "--reinstall-package", self.name, requirement)

    def _post_process(self, target: InstallTarget) -> None:
        self._make_importable(target)

    def _setup_existing_installation(self, target: InstallTarget) -> None:
        self._make_importable(target)

    def _set_remains_aside(self, target: InstallTarget) -> None:
        """The environment has other packages, too; this one is installed over what there is of it."""
        rm_rf(self._get_install_marker_path(self._get_install_dir(target)))

    def _make_importable(self, target: InstallTarget) -> None:
        packages = str(_site_packages(self._get_install_dir(target)))
        if packages not in sys.path:
            site.addsitedir(packages)
            importlib.invalidate_caches()

    def _run_uv(self, *arguments: str) -> None:
        with TemporaryDirectory(prefix="leanto-python-package-") as folder:
            Path(folder, "uv.toml").touch()  # so that uv does not look for one in the folders above
            result = shared.uv(Path(folder)).run(*arguments)
        if not result.is_success:
            raise PackageException(
                f"{self.name} {self.version} can't be installed: {_most_telling(result.log)}; "
                f"the command was: uv {shlex.join(arguments)}"
            )


def _site_packages(environment: str | Path) -> Path:
    return Path(environment, "lib", f"python{sys.version_info.major}.{sys.version_info.minor}", "site-packages")


def _most_telling(log: str) -> str:
    """What npm and uv write of an error, on one line and without repetitions."""
    lines = list(dropwhile(lambda line: not _ERROR.match(line), log.splitlines())) or log.splitlines()
    told = dict.fromkeys(_ERROR.sub("", line).strip(" ╰─▶│├") for line in lines)
    kept = [line for line in told if line and not line.startswith("at ") and "debug-0.log" not in line]  # npm's frames
    return " ".join(kept)[:_MOST_CHARACTERS].rstrip(".") or "it does not say why"


def _file_name(url: str) -> str:
    return Path(urlsplit(url).path).name


def _move_all(source: Path, folder: Path) -> None:
    """Move what is in ``source`` into ``folder``, in place of what has the same names."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        rm_rf(folder / entry.name)
        entry.rename(folder / entry.name)
