"""The badge in a project's README: a picture that leads to the page which installs the extension."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from packaging.utils import canonicalize_name

from localstack.host.dev.repository import Repository

PICTURE_FILE = Path(__file__).with_name("install-badge.svg")
INSTALLER_PAGE = "https://app.localstack.cloud/extensions/remote"
"""The page that badges lead to, as LocalStack documents it."""

_TEXT = "Install LocalStack Extension"
_LINK = re.compile(r"https?://[^\s\"'<>()\[\]]*?/extensions/remote\?url=(?P<source>[^\s\"'<>()\[\]]+)")
_SOURCE = re.compile(r"git\+(?P<url>[^#]+)#egg=(?P<name>[^&]+)(?:&subdirectory=(?P<subdirectory>[^&]*))?")


@dataclass(frozen=True)
class Badge:
    """What a badge installs.

    :ivar name: of the distribution
    :ivar page: address of the installer page
    """

    name: str
    repository: Repository
    page: str = INSTALLER_PAGE

    @property
    def source(self) -> str:
        """What the page hands to the installer: ``git+https://github.com/jane/one/#egg=one&subdirectory=folder``."""
        folder = self.repository.subdirectory
        return f"git+{self.repository.url}/#egg={self.name}" + (f"&subdirectory={folder}" if folder else "")

    @property
    def link(self) -> str:
        """Encoded as a whole: a bare ``#`` would keep the name from the server, a bare ``+`` could become a space."""
        return f"{self.page}?url={quote(self.source, safe='')}"

    @property
    def picture(self) -> str:
        """Address of the picture, which lies beside the README in the repository."""
        return quote(self.repository.file_url(PICTURE_FILE.name), safe=":/")

    def markdown(self) -> str:
        return f"[![{_TEXT}]({self.picture})]({self.link})"

    def html(self) -> str:
        picture = f'<img src="{html.escape(self.picture)}" alt="{_TEXT}">'
        return f'<a href="{html.escape(self.link)}">{picture}</a>'

    def is_same(self, other: Badge) -> bool:
        """Whether both install the same; the pages may differ."""
        is_same_name = canonicalize_name(self.name) == canonicalize_name(other.name)
        is_same_folder = self.repository.subdirectory == other.repository.subdirectory
        return is_same_name and is_same_folder and self.repository.is_same(other.repository)


@dataclass(frozen=True)
class FoundBadge:
    """A badge's link in a text; ``badge`` is ``None`` when it names nothing that can be installed."""

    line: int
    source: str
    badge: Badge | None


def badges_in(text: str) -> Iterator[FoundBadge]:
    """The badges of a README, in markdown or HTML, encoded or as LocalStack's generator writes them."""
    for link in _LINK.finditer(text):
        raw = html.unescape(link["source"])
        source = raw if "#" in raw else unquote(raw)
        yield FoundBadge(text.count("\n", 0, link.start()) + 1, source, _parse(source))


def _parse(source: str) -> Badge | None:
    match = _SOURCE.fullmatch(source)
    repository = Repository.parse(match["url"]) if match else None
    if match is None or repository is None:
        return None
    return Badge(match["name"], Repository(repository.url, (match["subdirectory"] or "").strip("/")))
