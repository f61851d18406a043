"""Installers as extensions write them: ``python -m installers NAME`` installs one and prints where it is.

``FILES`` is the URL of the server that has the files. A failure is printed to stderr and ends with 1.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from localstack.packages import (
    ArchiveDownloadAndExtractInstaller,
    DownloadInstaller,
    ExecutableInstaller,
    GitHubReleaseInstaller,
    InstallTarget,
    NodePackageInstaller,
    Package,
    PackageException,
    PackageInstaller,
    PermissionDownloadInstaller,
    PythonPackageInstaller,
)
from localstack.utils.run import run

FILES = os.environ.get("FILES", "")


class Tool(PermissionDownloadInstaller):
    """A program that is one file."""

    def __init__(self) -> None:
        super().__init__("tool", "1.0")

    def _get_download_url(self) -> str:
        return f"{FILES}/tool-linux"

    def _get_checksum_url(self) -> str | None:
        return f"{FILES}/SHA256SUMS" if os.environ.get("CHECKED") else None


class Document(DownloadInstaller):
    def __init__(self) -> None:
        super().__init__("document", "2")

    def _get_download_url(self) -> str:
        return f"{FILES}/document.txt"


class Archive(ArchiveDownloadAndExtractInstaller):
    """Like terraform-init's: the program of an archive, with the checksum that its author publishes."""

    def __init__(self) -> None:
        super().__init__("archive", "1.5.7", extract_single_directory=bool(os.environ.get("SINGLE")))

    def _get_download_url(self) -> str:
        return f"{FILES}/{os.environ.get('ARCHIVE', 'archive.zip')}"

    def _get_checksum_url(self) -> str | None:
        return f"{FILES}/SHA256SUMS" if os.environ.get("CHECKED") else None

    def _get_archive_subdir(self) -> str | None:
        return os.environ.get("SUBDIR")

    def _get_install_marker_path(self, install_dir: str) -> str:
        return str(Path(install_dir, "bin", "program"))


class Release(GitHubReleaseInstaller):
    """Like ecs-container-endpoints': its version is its own business."""

    def __init__(self) -> None:
        super().__init__("release", "ignored", "somebody/something")

    @property
    def version(self) -> str:
        return "v1.0.1"

    @version.setter
    def version(self, _: str) -> None:
        pass

    def _get_github_asset_name(self) -> str:
        return "Program_linux_amd64"


class Stubborn(ExecutableInstaller):
    """Writes its marker first; goes on only when the file ``GO`` is there, and fails when it says so."""

    def __init__(self) -> None:
        super().__init__("stubborn", "1")

    def _get_install_marker_path(self, install_dir: str) -> str:
        return str(Path(install_dir, "program"))

    def _install(self, target: InstallTarget) -> None:
        marker = Path(self._get_install_marker_path(self._get_install_dir(target)))
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text("half")
        assert self.get_executable_path() == str(marker)  # an installer may use what it is just installing
        sys.stdout.write("half-way\n")
        sys.stdout.flush()
        go = Path(os.environ["GO"])
        while not go.exists():
            pass
        if go.read_text() == "fail":
            raise RuntimeError("no luck")
        run(["sh", "-c", f"printf whole > {marker}"])


class Scaffold(NodePackageInstaller):
    def __init__(self) -> None:
        super().__init__("is-number", os.environ.get("NODE_VERSION", "7.0.0"), main_module="index.js")


class Cowsay(PythonPackageInstaller):
    def __init__(self, version: str = "6.1") -> None:
        super().__init__("CowSay", version)


class ToolPackage(Package[Tool]):
    def __init__(self) -> None:
        super().__init__("The tool", "1.0")

    def get_versions(self) -> list[str]:
        return ["1.0"]

    def _get_installer(self, version: str) -> Tool:
        return Tool()


def main(name: str) -> None:
    installer: PackageInstaller = globals()[name]()
    try:
        installer.install()
    except PackageException as error:
        sys.exit(f"{type(error).__name__}: {error}")
    sys.stdout.write(f"{installer.get_installed_dir()}\n")
    if isinstance(installer, ExecutableInstaller):
        sys.stdout.write(f"{installer.get_executable_path()}\n")


if __name__ == "__main__":
    main(sys.argv[1])
