"""Files from the network: resumed where they were cut off, and checked."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from localstack.packages.api import PackageException
from localstack.utils.files import rm_rf

if TYPE_CHECKING:
    from requests import Response

__all__ = ["Checksum", "DownloadException", "download", "fetch_json", "fetch_text"]

_TIMEOUTS_SECONDS = (10.0, 60.0)
"""To be connected, and between two pieces of an answer."""

_MOST_ATTEMPTS = 20
_CHUNK_BYTES = 1 << 16
_ALGORITHMS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
"""Names of ``hashlib`` by the number of hexadecimal digits."""

_LINE = re.compile(r"(?P<value>[0-9A-Fa-f]+)(?:\s+\*?(?P<name>\S.*?))?\s*")
_BSD_LINE = re.compile(r"[\w-]+ \((?P<name>.+)\) = (?P<value>[0-9A-Fa-f]+)\s*")


class DownloadException(PackageException):
    """A file can't be had: says from which URL and why."""


@dataclass(frozen=True)
class Checksum:
    """What a file must hash to.

    :ivar algorithm: ``"sha256"`` and others that ``hashlib`` knows
    :ivar value: hexadecimal digits
    """

    algorithm: str
    value: str

    @classmethod
    def parse(cls, digits: str) -> Checksum | None:
        """The algorithm is told by the number of digits; ``None`` when it can't be."""
        algorithm = _ALGORITHMS.get(len(digits))
        return cls(algorithm, digits.lower()) if algorithm else None

    @classmethod
    def find(cls, text: str, file_name: str) -> Checksum | None:
        """What a file of checksums says of ``file_name``: lines ``<digits>  <name>`` or ``SHA256 (<name>) = <digits>``.

        Digits without a name count for every file. ``None`` when it says nothing.
        """
        for line in text.splitlines():
            found = _BSD_LINE.fullmatch(line) or _LINE.fullmatch(line)
            if found is not None and (found["name"] or file_name).rpartition("/")[2] == file_name:
                checksum = cls.parse(found["value"])
                if checksum is not None:
                    return checksum
        return None

    def check(self, file: Path, url: str) -> None:
        """:raises PackageException: when ``file``, which came from ``url``, has other content"""
        with file.open("rb") as stream:
            actual = hashlib.file_digest(stream, self.algorithm).hexdigest()
        if not hmac.compare_digest(actual, self.value):
            raise PackageException(
                f"what came from {url} is not what its author published: "
                f"{self.algorithm} is {actual} and should be {self.value}"
            )


def download(url: str, file: Path, part: Path, checksum: Checksum | None = None) -> None:
    """Fetch ``url`` into ``file``, which is there only when it is whole and right.

    :param part: keeps what has arrived, also for the next call after a failure; gone in the end
    :raises DownloadException: when it can't be fetched
    :raises PackageException: when it is not what ``checksum`` says
    """
    arrived = _Part(part)
    for _ in range(_MOST_ATTEMPTS):
        before = arrived.size
        try:
            _receive(url, arrived)
            break
        except _Interrupted as error:
            if arrived.size == before:  # a server that sends nothing more will not do so the next moment
                raise DownloadException(f"{url} can't be fetched: {error}") from error
    else:
        raise DownloadException(f"{url} can't be fetched: it was cut off {_MOST_ATTEMPTS} times")
    if checksum is not None:
        try:
            checksum.check(part, url)
        except PackageException:
            arrived.remove()
            raise
    file.parent.mkdir(parents=True, exist_ok=True)
    part.replace(file)
    arrived.remove()


def fetch_text(url: str, headers: Mapping[str, str] | None = None) -> str:
    """:raises DownloadException: when it can't be fetched"""
    try:
        with _get(url, headers or {}) as response:
            return response.text
    except _Interrupted as error:
        raise DownloadException(f"{url} can't be fetched: {error}") from error


def fetch_json(url: str, headers: Mapping[str, str] | None = None) -> Any:
    """:raises DownloadException: when it can't be fetched, or is no JSON"""
    from json import JSONDecodeError, loads

    try:
        return loads(fetch_text(url, headers))
    except JSONDecodeError as error:
        raise DownloadException(f"{url} did not answer with JSON: {error}") from error


class _Interrupted(Exception):
    """The network failed; what has arrived so far is good."""


@dataclass(frozen=True)
class _Part:
    """The beginning of a file, and beside it what its server called that version of the file."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def version(self) -> str:
        """Strong ``ETag`` or ``Last-Modified`` (RFC 9110, section 13.1.5); empty when the server gave none."""
        return self._version_file.read_text() if self.size and self._version_file.exists() else ""

    @property
    def _version_file(self) -> Path:
        return self.path.with_name(f"{self.path.name}.version")

    def begin(self, response: Response) -> None:
        """Forget what there is; another file comes."""
        self.remove()
        if _is_packed(response):  # what arrived of it can't be told from what is there unpacked
            return
        tag = response.headers.get("ETag", "")
        version = response.headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag
        self._version_file.write_text(version)

    def remove(self) -> None:
        rm_rf(self.path)
        rm_rf(self._version_file)


def _receive(url: str, part: _Part) -> None:
    """Fetch what ``part`` does not have yet.

    :raises _Interrupted: when it broke off
    :raises DownloadException: when the server has no such file
    """
    offset, version = part.size, part.version
    wanted = {"Range": f"bytes={offset}-", "If-Range": version} if version else {}
    with _get(url, {"Accept-Encoding": "identity", **wanted}) as response:
        if response.status_code == 416:  # all has arrived, and only then the last attempt was ended; or nonsense
            if response.headers.get("Content-Range", "").rpartition("/")[2] != str(offset):
                part.remove()
                raise _Interrupted("the server does not know the range")
            return
        is_resumed = response.status_code == 206
        if is_resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
            part.remove()
            raise _Interrupted("the server sent another range than was asked for")
        if not is_resumed:
            part.begin(response)
            offset = 0
        with part.path.open("ab" if is_resumed else "wb") as stream:
            stream.writelines(_chunks(response))
        length = response.headers.get("Content-Length")
        if length is not None and not _is_packed(response) and part.size != offset + int(length):
            raise _Interrupted(f"only {part.size - offset} of {length} bytes have arrived")


def _chunks(response: Response) -> Iterator[bytes]:
    """The body as its author made it, up to where it breaks off."""
    from urllib3.exceptions import HTTPError

    is_packed = _is_packed(response)
    response.raw.enforce_content_length = is_packed  # else what arrived before the end of the connection is lost
    try:
        yield from response.raw.stream(_CHUNK_BYTES, decode_content=is_packed)
    except HTTPError as error:
        raise _Interrupted(_in_short(error)) from error


def _is_packed(response: Response) -> bool:
    """Whether the server has packed the body for the way, though that was not asked for.

    Some say so of a file that is packed itself, e.g. ``tool.tgz``: that is left as it comes.
    """
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding in ("gzip", "x-gzip"):
        return not any(urlsplit(each.url).path.endswith((".gz", ".tgz")) for each in (*response.history, response))
    return encoding != "identity"


def _get(url: str, headers: Mapping[str, str]) -> Response:
    """A successful answer whose body is not read yet; 416 counts as one.

    :raises _Interrupted: when there is none
    :raises DownloadException: when it is a refusal
    """
    import requests

    try:
        response = requests.get(url, headers=dict(headers), stream=True, timeout=_TIMEOUTS_SECONDS)
    except requests.RequestException as error:
        raise _Interrupted(_in_short(error)) from error
    if response.status_code >= 500:
        response.close()
        raise _Interrupted(f"the server answered {response.status_code}")
    if not response.ok and response.status_code != 416:
        response.close()
        raise DownloadException(f"{url} can't be fetched: the server answered {response.status_code} {response.reason}")
    return response


def _in_short(error: Exception) -> str:
    """``"Connection refused"`` instead of the names of all classes on the way."""
    cause: Any = error
    while isinstance(
        inner := getattr(cause, "reason", None) or next(iter(getattr(cause, "args", ())), None), Exception
    ):
        cause = inner
    return re.sub(r"^.*?(?: object at 0x[0-9a-f]+>|\)): ", "", str(cause)) or type(cause).__name__
