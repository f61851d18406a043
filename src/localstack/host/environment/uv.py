"""Runs uv, the installer: with the user's own index settings, and nothing else of where it is run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from localstack.host.environment.credentials import index_variables
from localstack.host.environment.progress import Report
from localstack.host.errors import InstallError
from localstack.host.redaction import redacted

_FROM_PIP = {
    "PIP_INDEX_URL": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "PIP_EXTRA_INDEX_URL": ("UV_INDEX", "UV_EXTRA_INDEX_URL"),
    "PIP_FIND_LINKS": ("UV_FIND_LINKS",),
    "PIP_TRUSTED_HOST": ("UV_INSECURE_HOST",),
    "PIP_CERT": ("SSL_CERT_FILE",),
}
"""Settings that people have made for pip, and uv's names for them: the first is set unless one of them is."""

_ALWAYS = ("--no-progress", "--color", "never", "--no-python-downloads", "--preview-features", "pylock")

_COLUMNS = "10000"
_SEPARATED_BY_COMMAS = {"UV_FIND_LINKS"}

_ABOUT_OTHER_PROJECTS = {
    "PYTHONHOME",
    "PYTHONPATH",
    "UV_CONSTRAINT",
    "UV_EXCLUDE",
    "UV_OVERRIDE",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_REQUIRE_HASHES",
    "UV_SYSTEM_PYTHON",
    "UV_VENV_SEED",
    "UV_WORKING_DIR",
    "VIRTUAL_ENV",
}
"""Settings that say what uv works on; here the host decides that."""


@dataclass(frozen=True)
class UvRun:
    """What a run of uv came to. ``log`` is what it wrote to stderr."""

    is_success: bool
    log: str


@dataclass(frozen=True)
class Uv:
    """uv in a folder of its own, so that no project's configuration above the user's current folder has a say.

    The user's configuration (``~/.config/uv/uv.toml``) and ``UV_*`` variables stay in force: they name the indexes.

    :ivar directory: where uv runs
    :ivar on_line: gets each line that uv writes, at once; ``None`` for no one
    :ivar inherited: descriptor that uv and its children keep open, ``None`` for none
    """

    directory: Path
    environ: Mapping[str, str]
    on_line: Report | None = None
    inherited: int | None = None

    @property
    def is_offline(self) -> bool:
        """Whether the user wants no network; uv takes no ``--refresh`` then."""
        return bool(self.environ.get("UV_OFFLINE"))

    def run(self, *arguments: str) -> UvRun:
        """Run ``uv ARGUMENTS`` to its end.

        :raises InstallError: when uv can't be run at all
        """
        try:
            process = subprocess.Popen(
                [_program(), *arguments, *_ALWAYS],
                cwd=self.directory,
                env=uv_environ(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                pass_fds=() if self.inherited is None else (self.inherited,),
            )
        except OSError as error:
            raise InstallError(f"uv, the installer, can't be run: {error}", "install Leanto again") from error
        with process:
            try:
                log = self._follow(process)
            except BaseException:
                process.terminate()  # Ctrl-C reaches uv by itself, other ends of this process do not
                raise
        return UvRun(process.returncode == 0, log)

    def try_offline(self, *arguments: str) -> bool:
        """Run ``uv ARGUMENTS`` with what its cache has; says nothing when that is not enough."""
        run = replace(self, on_line=None).run(*arguments, "--offline")
        if run.is_success and self.on_line is not None:
            for line in run.log.splitlines():
                self.on_line(redacted(line))
        return run.is_success

    def newest_sources(self, folder: Path) -> dict[str, Version]:
        """Of the distributions in ``folder`` those with a newer release that has no wheel: canonical name and release.

        :raises InstallError: when uv can't be run at all
        """
        command = [_program(), "pip", "list", "--outdated", "--format", "json", "--target", str(folder), *_ALWAYS]
        run = subprocess.run(
            command, cwd=self.directory, env=uv_environ(self.environ), capture_output=True, text=True, check=False
        )
        entries = json.loads(run.stdout) if run.returncode == 0 else []
        sources = (entry for entry in entries if entry["latest_filetype"] == "sdist")
        return {canonicalize_name(entry["name"]): Version(entry["latest_version"]) for entry in sources}

    def _follow(self, process: subprocess.Popen[str]) -> str:
        lines: list[str] = []
        for line in process.stderr or ():
            lines.append(line)
            if self.on_line is not None:
                self.on_line(redacted(line.rstrip("\n")))
        return "".join(lines)


def uv_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that uv gets: the user's, settings made for pip where uv has none, and stored credentials.

    :raises LeantoError: when the stored credentials can't be read
    """
    result = {name: value for name, value in environ.items() if name not in _ABOUT_OTHER_PROJECTS}
    for pip_name, uv_names in _FROM_PIP.items():
        value = " ".join(_usable(environ.get(pip_name, "").split()))
        if value and not any(name in environ for name in uv_names):
            result[uv_names[0]] = value.replace(" ", ",") if uv_names[0] in _SEPARATED_BY_COMMAS else value
    result |= index_variables(result)
    # a private or missing repository fails instead of asking and waiting; a line of uv's is not broken where it is long
    return result | {"GIT_TERMINAL_PROMPT": "0", "COLUMNS": _COLUMNS}


def _usable(values: list[str]) -> list[str]:
    """Leave out folders that do not exist: pip passes over them, uv fails."""
    return [value for value in values if "://" in value or not value.startswith("/") or Path(value).exists()]


def _program() -> str:
    from uv import find_uv_bin  # not needed to start a platform

    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        raise InstallError("uv, the installer, is not there", "install Leanto again") from error
