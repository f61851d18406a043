"""Turns what uv writes when it fails into one sentence that says what is wrong, and a hint what to do.

uv ends its log with a chain of causes, and sometimes a hint of its own:

    error: No solution found when resolving dependencies
      cause: Because only werkzeug>=2 is available and ext-a==1.0 depends on werkzeug<2, we can conclude that …
             And because you require ext-a, we can conclude that your requirements are unsatisfiable.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from localstack.host.environment.provided import is_provided
from localstack.host.errors import ConflictError, InstallError, ResolutionError
from localstack.host.redaction import redacted

FETCH_AGAIN = "`uv cache clean` removes what uv keeps; if it stays so, ask the package's author for a correct release"
"""What to do when a file of a package is not as it should be."""

_MOST_CHARACTERS = 400
"""How much of uv's own words goes into a sentence."""

_NEED = re.compile(
    r"(?P<who>\S+) (?:depends? on|require) (?P<name>[A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])?"
    r"(?P<versions>(?:[<>=!~]=?[^\s,<>=!~]+,?)+)"
)
_PYTHON_NEED = re.compile(
    r"(?P<who>\S+) (?:depends? on|requires) Python ?(?P<versions>[<>=!~][^\s,]+(?:,[<>=!~][^\s,]+)*)"
)
_NO_WHEEL = re.compile(r"(?P<who>\S+) has no (?:usable wheels|wheels with a matching [\w ]+ tag)")
_MISSING = re.compile(
    r"was not found in the (package registry|provided package locations|cache)"
    r"|there (is|are) no versions? of"
    r"|is available and you require"
)
_REQUIRED = re.compile(r"\byou require (?P<what>[A-Za-z0-9][^\s,]*[^\s,.])")
_UNAVAILABLE = re.compile(
    r"only (?P<available>\S+) is available and (?:all versions of )?(?P<who>\S+) depends? on (?P<need>[^\s,]+)"
)
_UNREACHABLE = re.compile(r"Failed to fetch: `?(?P<url>[^\s`]+)|error sending request for url \((?P<sent>[^)]+)\)")
_REFUSED = re.compile(r"An index(?: URL)? \((?P<url>\S+)\) [^\n]*?\b(?P<status>40[13] (?:Unauthorized|Forbidden))")


@dataclass(frozen=True)
class Failure:
    """A run of uv that failed.

    :ivar asked: what the person wrote
    :ivar action: what was being done, e.g. ``"installing extension"``
    :ivar host: canonical name and version of what the host has
    """

    log: str
    asked: str
    action: str
    host: Mapping[str, str]

    def error(self) -> InstallError:
        """The error that says it; never more than a few lines of what uv wrote."""
        explanations = (
            self._host_conflict,
            self._own_copy_of_the_hosts,
            self._full_disk,
            self._wrong_hash,
            self._unreachable_repository,
            self._broken_build,
            self._unreachable_index,
            self._wrong_python,
            self._refused_credentials,
            self._missing_package,
            self._unavailable_version,
            self._broken_wheel,
        )
        found = (explain() for explain in explanations)
        return next((error for error in found if error), None) or self._resolution(
            _shortened(" ".join(self._causes[-2:]))
        )

    @cached_property
    def _causes(self) -> tuple[str, ...]:
        """The texts of ``error:`` and of each ``cause:``, each on one line; all of the log where there is none."""
        tail = re.split(r"(?m)^hint:", re.split(r"(?m)^(?=error: )", self.log)[-1])[0]
        texts = re.split(r"(?m)^(?:error|  cause): ", tail)
        return tuple(" ".join(text.split("\n         \n")[0].split()) for text in texts if text.strip()) or ("",)

    @cached_property
    def _reason(self) -> str:
        return " ".join(self._causes)

    @property
    def _missing(self) -> str:
        """What no index has: one of several in a file, one that was installed before, or what the person wrote."""
        required = _REQUIRED.search(self._reason)
        return required["what"] if required else redacted(self.asked)

    @property
    def is_unsolvable(self) -> bool:
        """Whether requirements were read and do not go together, or name what is not there."""
        return "No solution found" in self.log

    def opposing_needs(self) -> str:
        """``"a needs lib<2, b needs lib>=2"``: two needs of one package by two; empty when uv names none."""
        by_package: dict[str, dict[str, str]] = {}  # name -> versions -> who needs them
        for need in _NEED.finditer(self._reason):
            if need["who"] != "you":
                name, versions = canonicalize_name(need["name"]), need["versions"].rstrip(",.")
                by_package.setdefault(name, {}).setdefault(versions, need["who"])
        package, needs = max(by_package.items(), key=lambda one: len(one[1]), default=("", {}))
        return ", ".join(f"{who} needs {package}{versions}" for versions, who in list(needs.items())[:2])

    def _host_conflict(self) -> InstallError | None:
        for need in _NEED.finditer(self._reason):
            name, versions = canonicalize_name(need["name"]), need["versions"].rstrip(",.")
            version = self.host.get(name)
            if version is not None and not _is_in(version, versions):
                who = "what was asked for" if need["who"] == "you" else need["who"]
                return host_conflict(self.action, who, f"{name}{versions}", name, version)
        return None

    def _own_copy_of_the_hosts(self) -> InstallError | None:
        """A requirement such as ``localstack @ git+https://…`` of something that the host has."""
        found = re.search(r"for package `([^`]+)`.* conflicting URLs for package `([^`]+)`", self._reason)
        if found is None or canonicalize_name(found[2]) not in self.host:
            return None
        reason = f"{found[1]} insists on {found[2]} from a URL of its own, this host has {found[2]} already"
        hint = "ask its author for a release that requires it by version"
        return ConflictError(f"Error while {self.action}: {reason}", hint)

    def _full_disk(self) -> InstallError | None:
        if "No space left on device" not in self.log:
            return None
        where = re.search(r"`(/[^`]+)`", self._reason)
        place = f" to write {where[1]}" if where else ""
        hint = "free some space, or set LOCALSTACK_VOLUME_DIR, or UV_CACHE_DIR for what uv keeps, to another folder"
        return InstallError(f"Error while {self.action}: there is no space left{place}", hint)

    def _wrong_hash(self) -> InstallError | None:
        """uv writes ``Hash mismatch for `name` … Expected: sha256:… Computed: sha256:…``."""
        found = re.search(r"Hash mismatch for `([^`]+)`\s+Expected:\s+(\S+)\s+Computed:\s+(\S+)", self.log)
        if found is None:
            return None
        reason = f"the file of {found[1]} has another hash than it should: {found[3]} instead of {found[2]}"
        return self._resolution(reason, "do not trust it: ask who runs the package index")

    def _broken_build(self) -> InstallError | None:
        what = re.search(r"Failed to (?:download and )?build `([^`]+)`", self._reason)
        if what is None:
            return None
        if "Failed to resolve requirements" in self._reason or "Failed to install requirements" in self._reason:
            cause = _shortened(self._causes[-1])
            return self._resolution(
                f"{what[1]} can't be built, because what its build needs can't be fetched: {cause}",
                "check the package index; UV_NO_BUILD_ISOLATION=1 builds with the setuptools of this host instead",
            )
        last_words = self._last_words_of_the_build()
        hint = "if it is your own, correct it; `localstack extensions -v install` shows all that the build says"
        return InstallError(f"Error while {self.action}: {what[1]} can't be built: {_shortened(last_words)}", hint)

    def _broken_wheel(self) -> InstallError | None:
        found = re.search(r"Failed to (?:install: |read `)(?P<wheel>[^\s/]+\.whl|[^\s`]+)", self._reason)
        if found is None:
            return None
        return self._resolution(f"{found['wheel']} can't be installed: {_shortened(self._causes[-1])}", FETCH_AGAIN)

    def _unreachable_index(self) -> InstallError | None:
        found = _UNREACHABLE.search(self._reason)
        if found is None and "error reading a body" not in self._reason:
            return None
        url = (found["url"] or found["sent"]).rstrip(".,") if found else "a file of the package index"
        return self._resolution(
            f"{redacted(url)} can't be read: {_shortened(self._causes[-1])}",
            "check the network; UV_DEFAULT_INDEX or PIP_INDEX_URL names another package index",
        )

    def _unreachable_repository(self) -> InstallError | None:
        if "Git operation failed" not in self._reason:
            return None
        fatal = re.search(r"(?m)^\s*(?:fatal|error|remote): (.+)$", self.log.partition("--- stderr")[2])
        cause = fatal[1] if fatal else self._causes[-1]
        return self._resolution(
            f"the repository can't be fetched: {_shortened(cause)}", "check the URL and the network"
        )

    def _wrong_python(self) -> InstallError | None:
        here = platform.python_version()
        if need := _PYTHON_NEED.search(self._reason):
            message = f"{need['who']} needs Python{need['versions']}, this host runs with Python {here}"
        elif no_wheel := _NO_WHEEL.search(self._reason):
            message = f"{no_wheel['who']} is made for another Python or another system than this host's Python {here}"
        else:
            return None
        return self._resolution(message, self._hint() or "look for a version that is made for it")

    def _refused_credentials(self) -> InstallError | None:
        found = _REFUSED.search(self.log)
        if found is None or not _MISSING.search(self._reason):
            return None
        url = redacted(found["url"])
        return self._resolution(
            f"{self._missing} was not found, and {url} refuses access ({found['status']})",
            f"if the index needs a password: localstack login --index {url}",
        )

    def _missing_package(self) -> InstallError | None:
        if not _MISSING.search(self._reason):
            return None
        message = f"Could not resolve package {self._missing}, please check the URL or that the package exists in pypi."
        return ResolutionError(message, _shortened(self._causes[-1]))

    def _unavailable_version(self) -> InstallError | None:
        found = _UNAVAILABLE.search(self._reason)
        if found is None:
            return None
        reason = f"{found['who']} needs {found['need']}, only {found['available']} is available"
        return self._resolution(reason, "check the package index, or ask for another version of the extension")

    def _resolution(self, reason: str, hint: str | None = None) -> ResolutionError:
        return ResolutionError(f"Error while {self.action}: {reason}", hint)

    def _hint(self) -> str | None:
        hint = re.search(r"(?ms)^hint: (.+?)(?:\n\s*\n|\Z)", self.log)
        return _shortened(hint[1]) if hint else None

    def _last_words_of_the_build(self) -> str:
        """The last line that the build wrote to stderr, by custom the one with the exception."""
        before_error, _, after_error = self.log.partition("\nerror: ")
        output = after_error.partition("[stderr]")[2].partition("\nhint:")[0] or before_error
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        return lines[-1] if lines else self._causes[-1]


def host_conflict(action: str, who: str, need: str, name: str, version: str) -> ConflictError:
    """``who`` needs ``need``, e.g. ``"werkzeug<2"``, of which the host has ``version`` and no other."""
    has = "provides" if is_provided(name) else "has"
    return ConflictError(
        f"Error while {action}: {who} needs {need}, this host {has} {name} {version}",
        "ask for a version of the extension that works with it, or ask its author for one",
    )


def _is_in(version: str, versions: str) -> bool:
    try:
        return SpecifierSet(versions).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def _shortened(text: str) -> str:
    """One line without what uv concludes, secrets or more than a person reads."""
    line = redacted(" ".join(text.split()))
    line = re.sub(r"^Because (.+?), we can conclude that .*$", r"\1", line)
    return line if len(line) <= _MOST_CHARACTERS else line[:_MOST_CHARACTERS] + " …"
