"""What a person writes to name an extension, read once into a typed value.

    localstack-extension-stripe==0.1.0                                   IndexSource
    git+https://github.com/o/r/#egg=NAME&subdirectory=stripe             GitSource
    NAME @ git+https://github.com/o/r@main#subdirectory=stripe           GitSource
    https://host/name-0.1.0-py3-none-any.whl                             RemoteSource
    file://./dist/name-0.1.0.tar.gz, ./name-0.1.0-py3-none-any.whl       ArchiveSource
    file://., file:///abs/folder, ./folder                               FolderSource

Only these values reach the installer, through files and never as its options.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from localstack.host.environment.provided import is_provided
from localstack.host.errors import SourceError, reason_of
from localstack.host.redaction import redacted
from localstack.host.version import LOCALSTACK_VERSION

_ARCHIVE_SUFFIXES = (".whl", ".tar.gz", ".tgz", ".zip")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_POINTER_INDENT = 4
"""So far packaging indents the text in its errors."""

_BUILD_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_BUILD_LEFTOVERS = {"build", "dist", "node_modules", "__pycache__"}
_EXTRA = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_FORMS = "write a name from the package index, git+https://…, an https:// or file:// URL, or a path"
_FOLDER = re.compile(r"[A-Za-z0-9_.+~@/-]+")
"""What a folder after ``#subdirectory=`` may have in it: installers take it as it stands, without decoding."""

_GIT_SCHEMES = {"git+https", "git+ssh", "git+file"}
_HASHES = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_RENAMED = {"localstack-extensions-stripe": "localstack-extension-stripe"}
"""Names in LocalStack's documentation that no index has, and the names under which the extensions were published."""


@dataclass(frozen=True)
class IndexSource:
    """A distribution that the package index has, with extras and versions as asked."""

    requirement: Requirement


@dataclass(frozen=True)
class GitSource:
    """A git repository. What ``egg`` says is not kept: only the project's own metadata knows its name."""

    url: str
    extras: tuple[str, ...]
    subdirectory: str | None

    @property
    def repository(self) -> str:
        """URL as git reads it, e.g. ``https://github.com/o/r``."""
        parts = urlsplit(self.url.removeprefix("git+"))
        return parts._replace(path=_without_revision(parts.path)[0]).geturl()

    @property
    def revision(self) -> str:
        """Branch, tag or commit, empty for the newest."""
        return _without_revision(urlsplit(self.url).path)[1]

    def line(self) -> str:
        """URL as installers read it, e.g. ``git+https://github.com/o/r@main#subdirectory=stripe``."""
        return f"{self.url}#subdirectory={self.subdirectory}" if self.subdirectory else self.url


@dataclass(frozen=True)
class RemoteSource:
    """A wheel or source archive at an ``https://`` URL."""

    url: str
    extras: tuple[str, ...]

    def line(self) -> str:
        return self.url


@dataclass(frozen=True)
class ArchiveSource:
    """A wheel or source archive in the file system."""

    path: Path
    extras: tuple[str, ...]

    def fingerprint(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class FolderSource:
    """A project's folder."""

    path: Path
    extras: tuple[str, ...]

    def fingerprint(self) -> str:
        """Changes when a file of the project is added, removed or written; what builds leave behind does not count."""
        digest = hashlib.sha256()
        for file in sorted(self._files()):
            status = file.stat() if file.exists() else file.lstat()  # a link may lead nowhere: editors lock that way
            digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def _files(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self.path):
            folders[:] = [name for name in folders if not _is_leftover(name)]
            yield from (Path(folder, name) for name in files)


LocalSource = ArchiveSource | FolderSource
Source = IndexSource | GitSource | RemoteSource | LocalSource


def parse_source(text: str, directory: Path) -> Source:
    """Read what a person wrote; relative paths start at ``directory``.

    :raises SourceError: naming what is wrong with ``text`` and where, without the credentials of a URL in it
    """
    try:
        return _parse(text, directory)
    except _Misspelling as error:
        found = text.find(error.spelled)
        place = f" (at character {found + error.offset + 1})" if found >= 0 else ""
        raise SourceError(redacted(error.message) + place, error.hint) from None
    except SourceError as error:
        raise SourceError(redacted(error.message), error.hint) from None


class _Misspelling(SourceError):
    """A part of what was written can't stand there.

    :ivar spelled: text that has the part in it
    :ivar offset: where the part begins in ``spelled``
    """

    def __init__(self, message: str, hint: str, spelled: str, offset: int) -> None:
        super().__init__(message, hint)
        self.spelled = spelled
        self.offset = offset


def _parse(text: str, directory: Path) -> Source:
    cleaned = _without_quotes(text)
    if not cleaned:
        raise SourceError("no extension is named", _FORMS)
    if control := _CONTROL_CHARACTER.search(cleaned):
        message = f"{cleaned!r} has a line break or control character in it"
        raise _Misspelling(message, _FORMS, cleaned, control.start())
    if cleaned.startswith("-"):
        raise _Misspelling(f"{cleaned!r} looks like an option, not like an extension", _FORMS, cleaned, 0)
    if _URL.match(cleaned):
        return _from_url(cleaned, (), directory)
    named = re.fullmatch(r"([\w.-]+)\s*(?:\[([^\]]*)\])?\s*@\s*(\S.*)", cleaned)
    if named:
        _refuse_provided(named[1])
        if not _URL.match(named[3]):
            raise _Misspelling(f"{named[3]!r} is no URL", "write for example NAME @ https://…", named[3], 0)
        return _from_url(named[3], _extras(named[2]), directory)
    is_path = "/" in cleaned or cleaned.startswith((".", "~")) or cleaned.endswith(_ARCHIVE_SUFFIXES)
    if is_path and "://" not in cleaned:
        return _from_path(directory / os.path.expanduser(cleaned), ())  # noqa: PTH111 - leaves an unknown ~name alone
    return _from_requirement(cleaned)


def _without_quotes(text: str) -> str:
    """Take off the quotes that a file or a program, unlike a shell, leaves around the text."""
    stripped = text.strip()
    match = re.fullmatch(r"(['\"])(.*)\1", stripped, re.DOTALL)
    return match[2].strip() if match else stripped


def _from_requirement(text: str) -> IndexSource:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        cause, _, pointer = str(error).partition("\n")  # then the text and a line with ^ below what is wrong
        offset = pointer.rpartition("\n")[2].find("^") - _POINTER_INDENT
        raise _Misspelling(f"{text!r} names no extension: {cause}", _FORMS, text, max(0, offset)) from None
    if option := re.search(r"\s-", text):
        raise _Misspelling(f"{text!r} has something like an option in it", _FORMS, text, option.start() + 1)
    _refuse_provided(requirement.name)
    requirement.name = _RENAMED.get(canonicalize_name(requirement.name), requirement.name)
    return IndexSource(requirement)


def _from_url(url: str, extras: tuple[str, ...], directory: Path) -> Source:
    scheme = url.partition(":")[0].lower()
    if scheme == "file":
        return _from_path(_file_path(url, directory), extras)
    if scheme not in _GIT_SCHEMES | {"https"}:
        raise _Misspelling(f"{url!r} is of a kind that is not installed from ({scheme}:)", _FORMS, url, 0)
    if (wrong := _first_wrong_character(url)) is not None:
        hint = "write spaces and other special characters as %20 and so on"
        raise _Misspelling(f"{url!r} is no URL", hint, url, wrong)
    if scheme in _GIT_SCHEMES:
        return _from_git(url, extras)
    return _from_https(url, extras)


def _from_git(url: str, extras: tuple[str, ...]) -> GitSource:
    parts = urlsplit(url)
    egg, subdirectory = _fragment(url, {"egg", "subdirectory"})
    path, revision = _without_revision(parts.path)
    if not path.strip("/") or bool(parts.netloc) == (parts.scheme == "git+file"):
        raise SourceError(f"{url!r} names no repository", "write for example git+https://github.com/OWNER/REPOSITORY")
    _check_host(url)
    if revision.startswith("-"):
        message, hint = f"{url!r} has something like an option in it", "write a branch, tag or commit after @"
        raise _Misspelling(message, hint, url, url.index(f"@{revision}") + 1)
    name = path.strip("/").rpartition("/")[2].removesuffix(".git")
    for provided in (egg.partition("[")[0], name):
        _refuse_provided(provided)
    extras = extras or _extras(egg.partition("[")[2].rstrip("]"))
    return GitSource(parts.scheme + url.partition("#")[0][len(parts.scheme) :], extras, subdirectory)


def _from_https(url: str, extras: tuple[str, ...]) -> RemoteSource:
    parts = urlsplit(url)
    file_name = unquote(parts.path.rpartition("/")[2])
    if not parts.hostname or not file_name.endswith(_ARCHIVE_SUFFIXES):
        hint = f"it should end with {', '.join(_ARCHIVE_SUFFIXES)}; for a repository write git+https://…"
        raise SourceError(f"{url!r} is no wheel or source archive", hint)
    _check_host(url)
    _fragment(url, {"egg", "subdirectory", *_HASHES})
    _refuse_provided(_name_in(file_name))
    return RemoteSource(url, extras)


def _fragment(url: str, known: Collection[str]) -> tuple[str, str | None]:
    """``egg`` and ``subdirectory`` of what stands after ``#``."""
    text = url.partition("#")[2]
    values = {name: unquote(value) for name, _, value in (part.partition("=") for part in text.split("&") if part)}
    egg, subdirectory = values.get("egg", "unnamed"), values.get("subdirectory", "").strip("/")
    if values.keys() - known or not re.fullmatch(r"[\w.-]+(?:\[[^\]]*\])?", egg):
        message = f"{url!r} has more after # than egg=NAME and subdirectory=FOLDER"
        raise _Misspelling(message, "take it out", url, url.index("#") + 1)
    if ".." in Path(subdirectory).parts:
        message, hint = f"the subdirectory {subdirectory!r} leaves the repository", "name a folder inside it"
        raise _Misspelling(message, hint, url, url.index("subdirectory"))
    if subdirectory and not _FOLDER.fullmatch(subdirectory):
        message = f"the subdirectory {subdirectory!r} has a character that installers do not take"
        raise _Misspelling(message, "name another folder", url, url.index("subdirectory"))
    return egg, subdirectory or None


def _check_host(url: str) -> None:
    """See that neither user nor host nor port could be an option of the ``ssh`` that git runs."""
    user, _, host = urlsplit(url).netloc.rpartition("@")
    try:
        has_port = urlsplit(url).port is None or host.rpartition(":")[2].isdecimal()
    except ValueError:
        has_port = False
    if unquote(user).startswith("-") or host.startswith("-") or "%" in host or not has_port:
        raise _Misspelling(
            f"{url!r} names no host", "write for example https://example.com/…", url, url.index("//") + 2
        )


def _without_revision(path: str) -> tuple[str, str]:
    """``("/o/r", "main")`` of ``/o/r@main``."""
    repository, at, revision = path.rpartition("@")
    return (repository, revision) if at else (path, "")


def _file_path(url: str, directory: Path) -> Path:
    """Path of ``file:///abs``, ``file://./relative``, ``file://.`` or ``file:relative``, ``%20`` decoded."""
    path = unquote(re.sub(r"(?i)^file:(//localhost(?=/)|//)?", "", url).partition("#")[0])
    if not path:
        raise SourceError(f"{url!r} names no file", "write for example file://./dist/name-0.1.0.tar.gz")
    return directory / path


def _from_path(path: Path, extras: tuple[str, ...]) -> LocalSource:
    if _CONTROL_CHARACTER.search(str(path)):
        raise SourceError(f"{str(path)!r} has a line break or control character in it", "name another file or folder")
    path = Path(os.path.realpath(path))
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        hint = "name a wheel, a source archive or the folder of a project"
        raise SourceError(f"{path} does not exist", hint) from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} can't be read: {reason_of(error)}", "name another file or folder") from None
    if not os.access(path, os.R_OK):
        raise SourceError(f"{path} can't be read", "make it readable for you")
    if is_folder:
        _check_project(path)
        return FolderSource(path, extras)
    if not path.name.endswith(_ARCHIVE_SUFFIXES):
        hint = f"their names end with {', '.join(_ARCHIVE_SUFFIXES)}"
        raise SourceError(f"{path} is no wheel or source archive", hint)
    _refuse_provided(_name_in(path.name))
    return ArchiveSource(path, extras)


def _check_project(folder: Path) -> None:
    if not any((folder / name).is_file() for name in _BUILD_FILES):
        raise SourceError(f"{folder} is no Python project", f"it has none of {', '.join(_BUILD_FILES)}")
    try:
        tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{folder / 'pyproject.toml'} can't be read: {reason_of(error)}", "correct the file"
        ) from None


def _refuse_provided(name: str) -> None:
    if is_provided(name):
        raise SourceError(
            f"{name} is no extension: Leanto provides it, as version {LOCALSTACK_VERSION}",
            "name the extension that you want to run",
        )


def _first_wrong_character(url: str) -> int | None:
    """Where ``url`` stops to be one; ``None`` when it is one."""
    allowed = _URL_CHARACTERS.match(url)
    if allowed is None or allowed.end() < len(url):
        return allowed.end() if allowed else 0
    try:
        urlsplit(url)
    except ValueError:
        return url.index(":")
    return None


def _is_leftover(folder: str) -> bool:
    return folder in _BUILD_LEFTOVERS or folder.startswith(".") or folder.endswith(".egg-info")


def _extras(text: str | None) -> tuple[str, ...]:
    extras = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    for extra in extras:
        if not _EXTRA.fullmatch(extra):
            raise SourceError(f"{extra!r} is no name of an extra", "write for example NAME[extra] @ https://…")
    return extras


def _name_in(file_name: str) -> str:
    """The distribution's name in a file name: ``localstack-core`` of ``localstack_core-4.0.tar.gz``."""
    return re.split(r"-(?=\d)", file_name)[0]
