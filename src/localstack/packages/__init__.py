"""Programs and libraries that extensions install while they run."""

from localstack.packages.api import InstallTarget, NoSuchVersionException, Package, PackageException, PackageInstaller
from localstack.packages.core import (
    ArchiveDownloadAndExtractInstaller,
    DownloadInstaller,
    ExecutableInstaller,
    GitHubReleaseInstaller,
    NodePackageInstaller,
    PermissionDownloadInstaller,
    PythonPackageInstaller,
    SystemNotSupportedException,
)

__all__ = [
    "ArchiveDownloadAndExtractInstaller",
    "DownloadInstaller",
    "ExecutableInstaller",
    "GitHubReleaseInstaller",
    "InstallTarget",
    "NoSuchVersionException",
    "NodePackageInstaller",
    "Package",
    "PackageException",
    "PackageInstaller",
    "PermissionDownloadInstaller",
    "PythonPackageInstaller",
    "SystemNotSupportedException",
]
