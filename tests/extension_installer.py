"""An environment of extensions in a fresh volume, for tests to install into."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from extension_packages import LocalIndex
from localstack.host.environment.change import ChangeResult
from localstack.host.environment.environment import ExtensionEnvironment
from localstack.host.environment.progress import Reporter
from localstack.host.settings import Settings
from platforms import Home


@dataclass
class Installer:
    """An environment in a fresh volume that installs from one index; ``lines`` is what was reported."""

    home: Home
    environ: dict[str, str]
    lines: list[str] = field(default_factory=list)

    @property
    def environment(self) -> ExtensionEnvironment:
        return ExtensionEnvironment(Settings.load(self.environ))

    @property
    def directory(self) -> Path:
        return self.home.volume / "lib" / "extensions"

    @property
    def venv(self) -> Path:
        return self.directory / "python_venv"

    @property
    def site_packages(self) -> Path:
        return next(self.venv.glob("lib/python*/site-packages"))

    @property
    def reporter(self) -> Reporter:
        return Reporter(self.lines.append)

    def install(self, text: str | Path) -> ChangeResult:
        return self.environment.install(str(text), self.home.path, self.reporter)

    def uninstall(self, name: str) -> ChangeResult:
        return self.environment.uninstall(name, self.reporter)

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``localstack extensions ARGUMENTS`` to its end."""
        command = [sys.executable, "-m", "localstack.host.cli.main", "extensions", *arguments]
        folder = cwd or self.home.path
        return subprocess.run(command, env=self.environ, cwd=folder, capture_output=True, text=True, check=False)

    def plugin_names(self) -> list[str]:
        return [extension.name for extension in self.environment.installed()]

    def state(self) -> dict[str, str]:
        """Every file and link of the volume but the installer's own workspace, with what is in it or where it leads."""
        found = {}
        for folder, folders, files in os.walk(self.home.volume):
            folders[:] = [name for name in folders if name != ".work"]
            for name in (*folders, *files):
                path = Path(folder, name)
                relative = str(path.relative_to(self.home.volume))
                if path.is_symlink():
                    found[relative] = f"-> {path.readlink()}"
                elif path.is_file():
                    found[relative] = f"{path.stat().st_mtime_ns} {path.stat().st_size}"
        return found


def installer_from(home: Home, index: LocalIndex) -> Installer:
    """Uses ``index`` alone, and the setuptools of this environment to build."""
    environ = home.environ(UV_DEFAULT_INDEX=index.url, UV_NO_BUILD_ISOLATION="1")
    return Installer(home, {name: value for name, value in environ.items() if not name.startswith("PIP_")})
