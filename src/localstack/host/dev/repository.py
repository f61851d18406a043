"""Where a project's source is on the web: its repository, and the folder in it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from localstack.host.errors import DevModeError

_SOURCE_LABELS = ("repository", "source", "source code", "code", "github", "gitlab")
_CODE_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org")
"""Hosts on which any address is that of a repository."""

_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?P<path>[^/:\\].*)")
"""``git@github.com:jane/one.git``, as git writes it."""
_GIT_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Repository:
    """A repository as anybody can fetch it.

    :ivar url: ``"https://github.com/jane/one"``: no credentials, no ``.git``, no slash at the end
    :ivar subdirectory: folder of the project in it, e.g. ``"extensions/one"``; empty for its top
    """

    url: str
    subdirectory: str = ""

    @classmethod
    def parse(cls, text: str) -> Repository | None:
        """Read an address as browsers, git and pip write it; ``None`` when it names no repository on the web.

        >>> Repository.parse("git@github.com:jane/one.git")
        Repository(url='https://github.com/jane/one', subdirectory='')
        >>> Repository.parse("https://github.com/jane/all/tree/main/one")
        Repository(url='https://github.com/jane/all', subdirectory='one')
        """
        text = text.strip().removeprefix("git+")
        if "://" not in text and (match := _SCP.fullmatch(text)):
            text = f"ssh://{match['host']}/{match['path']}"
        try:
            address = urlsplit(text)
            host, port = address.hostname, address.port
        except ValueError:
            return None
        if address.scheme not in ("https", "http", "ssh", "git") or not host:
            return None
        if port and address.scheme in ("https", "http"):
            host = f"{host}:{port}"
        parts = [unquote(part) for part in address.path.split("/") if part]
        if len(parts) < 2 or ".." in parts:
            return None
        parts, subdirectory = _split_tree(parts, host)
        return cls(f"https://{host}/{'/'.join(parts).removesuffix('.git')}", subdirectory)

    def is_same(self, other: Repository) -> bool:
        return self.url.lower() == other.url.lower()

    def file_url(self, name: str) -> str:
        """Where a file beside the project's own can be fetched; its bare name when the host is not known to tell."""
        host = urlsplit(self.url).hostname
        path = "/".join(filter(None, (self.subdirectory, name)))
        match host:
            case "github.com":
                return f"https://raw.githubusercontent.com{urlsplit(self.url).path}/HEAD/{path}"
            case "gitlab.com":
                return f"{self.url}/-/raw/HEAD/{path}"
            case "bitbucket.org":
                return f"{self.url}/raw/HEAD/{path}"
            case _:
                return name


def repository_of(urls: Iterable[tuple[str, str]], project: Path) -> Repository | None:
    """The repository that a project's metadata names, else git's ``origin``; ``None`` without either.

    The folder is the one of the metadata's address, else where the project lies in the checkout of that repository.

    :param urls: labels in lower case and addresses
    """
    named = _named(dict(urls))
    origin = _origin(project)
    if named is None:
        return origin
    return origin if origin and not named.subdirectory and named.is_same(origin) else named


def given_repository(text: str) -> Repository:
    """:raises DevModeError: when ``text`` is no address of a repository"""
    found = Repository.parse(text)
    if found is None:
        raise DevModeError(f"{text!r} is no address of a repository", "write https://HOST/OWNER/REPOSITORY")
    return found


def given_subdirectory(text: str) -> str:
    """:raises DevModeError: when it is no folder in a repository"""
    parts = [part for part in text.strip().split("/") if part not in ("", ".")]
    if ".." in parts or text.startswith("/") or not all(re.fullmatch(r"[\w .@+-]+", part) for part in parts):
        raise DevModeError(
            f"--subdirectory {text!r} is no folder of a repository", "write it as seen from its top: extensions/one"
        )
    return "/".join(parts)


def _named(urls: dict[str, str]) -> Repository | None:
    labelled = (urls[label] for label in _SOURCE_LABELS if label in urls)
    on_code_hosts = (url for url in urls.values() if _host_of(url) in _CODE_HOSTS)
    return next(filter(None, map(Repository.parse, (*labelled, *on_code_hosts))), None)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _split_tree(parts: list[str], host: str) -> tuple[list[str], str]:
    """The repository's part of a path, and the folder that follows ``tree/BRANCH``."""
    if "-" in parts:  # GitLab's: group/subgroup/repository/-/tree/main/folder
        at = parts.index("-")
        parts, rest = parts[:at], parts[at + 1 :]
    elif host in _CODE_HOSTS and host != "gitlab.com":
        parts, rest = parts[:2], parts[2:]
    else:
        rest = []
    return parts, "/".join(rest[2:]) if rest[:1] in (["tree"], ["src"]) else ""


def _origin(project: Path) -> Repository | None:
    found = Repository.parse(_git(project, "config", "--get", "remote.origin.url"))
    return Repository(found.url, _git(project, "rev-parse", "--show-prefix").strip("/")) if found else None


def _git(project: Path, *arguments: str) -> str:
    """What git prints in the project's folder; nothing when it fails, or is not there."""
    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        run = subprocess.run(
            ["git", "-C", str(project), *arguments],
            env=environ,
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""
