"""What every extension finds in the host already, and how installers are told so.

Extensions require ``localstack``, ``localstack-core``, ``localstack-ext`` or ``localstack-cli``. The host provides what
they mean by that, so upstream's distributions are never fetched: *stand-ins*, metadata without code, take their names.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from localstack.host.environment.link import host_root
from localstack.host.errors import InstallError
from localstack.host.version import LOCALSTACK_VERSION

PROVIDED_NAMES = ("localstack", "localstack-core", "localstack-ext", "localstack-cli")
"""Upstream's distributions, by canonical name."""

HOST_NAME = "leanto"

_INSTALLER = "leanto\n"
_ONLY_WITH_EXTRA = re.compile(r"""[;\s]extra\s*==\s*['"]([a-z0-9-]+)['"]\s*$""")
_WHEEL = "Wheel-Version: 1.0\nGenerator: leanto\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class StandIn:
    """Name, version and metadata of a distribution that is there without being installed by the installer.

    :ivar metadata: text of its METADATA file
    """

    name: str
    version: str
    metadata: str

    @property
    def _stem(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}"

    def write_dist_info(self, directory: Path) -> None:
        """Make ``directory``, a site-packages, look as if the distribution were installed there."""
        files = {"METADATA": self.metadata, "INSTALLER": _INSTALLER, "WHEEL": _WHEEL}
        folder = directory / f"{self._stem}.dist-info"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        record = [f"{folder.name}/{name},{_digest(text)},{len(text.encode())}" for name, text in files.items()]
        (folder / "RECORD").write_text("\n".join([*record, f"{folder.name}/RECORD,,"]) + "\n", encoding="utf-8")

    def write_wheel(self, directory: Path) -> Path:
        """Write a wheel that has metadata and nothing else, for a resolver to choose; left alone when it is there."""
        content = BytesIO()
        with ZipFile(content, "w") as archive:
            for name, text in {"METADATA": self.metadata, "WHEEL": _WHEEL, "RECORD": ""}.items():
                archive.writestr(ZipInfo(f"{self._stem}.dist-info/{name}"), text)
        path = directory / f"{self._stem}-py3-none-any.whl"
        if not path.is_file() or path.read_bytes() != content.getvalue():
            path.write_bytes(content.getvalue())
        return path


def provided() -> tuple[StandIn, ...]:
    """The stand-ins for upstream's distributions, all of ``LOCALSTACK_VERSION``."""
    return tuple(StandIn(name, LOCALSTACK_VERSION, _provided_metadata(name)) for name in PROVIDED_NAMES)


def write_stand_ins(directory: Path) -> None:
    """Make ``directory``, a site-packages, look as if upstream's four distributions were installed there."""
    for stand_in in provided():
        stand_in.write_dist_info(directory)


def host_stand_ins() -> tuple[StandIn, ...]:
    """One for each distribution that the host runs with, at the version and with the requirements it really has."""
    return tuple(StandIn(name, found.version, found.metadata) for name, found in _closure().items())


def host_distributions() -> dict[str, str]:
    """Canonical name and version of the host and all that it requires, as installed, e.g. ``{"click": "8.3.0", …}``."""
    return {name: found.version for name, found in _closure().items()}


def host_paths() -> tuple[Path, ...]:
    """The directories that the host's modules are imported from, in the order of ``sys.path``.

    That is its site-packages, and its ``src`` folder where it is installed editable.
    """
    places = {host_root(), *(found.place for found in _closure().values())}
    position = {Path(entry).resolve(): index for index, entry in reversed(list(enumerate(sys.path)))}
    return tuple(sorted(places, key=lambda place: (position.get(place, len(sys.path)), str(place))))


def is_provided(name: str) -> bool:
    return canonicalize_name(name) in PROVIDED_NAMES


def is_stand_in(found: Distribution) -> bool:
    """Whether an installed distribution is one of this host's stand-ins."""
    return found.read_text("INSTALLER") == _INSTALLER


@dataclass(frozen=True)
class _HostDistribution:
    """A distribution that the host runs with.

    :ivar requires: lines of ``Requires-Dist``
    :ivar metadata: its METADATA without the description, which is nearly all of it
    :ivar place: the directory that it is imported from
    """

    version: str
    requires: tuple[str, ...]
    metadata: str
    place: Path

    @classmethod
    def named(cls, name: str) -> _HostDistribution:
        """:raises PackageNotFoundError: when there is none"""
        found = distribution(name)
        text = found.read_text("METADATA") or found.read_text("PKG-INFO") or ""
        metadata = text.partition("\n\n")[0] + "\n"
        fields = HeaderParser().parsestr(metadata)
        place = Path(str(found.locate_file(""))).resolve()
        return cls(fields["Version"] or found.version, tuple(fields.get_all("Requires-Dist", ())), metadata, place)


@cache  # the host does not change while it runs
def _closure() -> Mapping[str, _HostDistribution]:
    """The host's distribution and everything it requires with its extras, transitively, by canonical name."""
    found: dict[str, _HostDistribution] = {}
    walked: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(HOST_NAME)]
    while waiting:
        requirement = waiting.pop()
        step = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if step in walked:
            continue
        walked.add(step)
        try:
            one = found.get(step[0]) or _HostDistribution.named(requirement.name)
        except PackageNotFoundError:
            if requirement.name == HOST_NAME:
                hint = "install it with `make install` in its folder, or with pip"
                raise InstallError("Leanto runs from files that are not installed", hint) from None
            continue  # the host's own environment is incomplete: then there is nothing to hold on to
        found[step[0]] = one
        waiting.extend(active_requirements(one.requires, step[1]))
    return found


def active_requirements(requires: Iterable[str] | None, extras: Set[str] = frozenset()) -> Iterator[Requirement]:
    """What a distribution requires on this machine, with the given extras.

    :param requires: as its metadata has it; ``None`` for nothing
    """
    wanted = {canonicalize_name(extra) for extra in extras}
    for text in requires or ():
        only_with = _ONLY_WITH_EXTRA.search(text)
        if only_with is not None and only_with[1] not in wanted and " or " not in text:
            continue  # most are like this, and to read one takes as long as all the rest
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue  # an old spelling that uv understands by itself; uv has seen to it then
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
            yield requirement


def _provided_metadata(name: str) -> str:
    return (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {LOCALSTACK_VERSION}\n"
        f"Summary: Stand-in without code: {HOST_NAME} provides what extensions use of {name}\n"
    )


def _digest(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"
