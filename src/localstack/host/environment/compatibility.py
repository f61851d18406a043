"""Tells whether this host has all that an extension uses: the extension's text is read against the contract."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from localstack.host.environment.code import Code
from localstack.host.environment.contract import Contract
from localstack.host.environment.usage import Use, UseKind, uses_of

_NOT_AT_LOAD = "in a module that loading does not import"
_MENTION = b"localstack"

IsLacking = Callable[[str], bool]
"""Says of a top-level package, e.g. ``"yaml"``, whether nothing that is installed with the extension brings it."""


class Colour(StrEnum):
    """GREEN: all is there. AMBER: it loads, and may miss something later. RED: it can't be loaded."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


_MEANINGS = {
    Colour.GREEN: "this host has all that it uses",
    Colour.AMBER: "it can be loaded, and may fail later where it uses what this host does not have",
    Colour.RED: "it can't be loaded, because this host does not have all that it imports",
}


@dataclass(frozen=True)
class Finding:
    """Something that is not there.

    :ivar name: ``"localstack.utils.net.dns_reachable"``, or what is wrong with the file
    :ivar file: path from the import root, e.g. ``"my_package/extension.py"``
    :ivar reason: why it is only amber, e.g. ``"in a function"``; empty when it is red
    """

    name: str
    file: str
    line: int
    colour: Colour
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.name}{f' ({self.reason})' if self.reason else ''}"


@dataclass(frozen=True)
class Compatibility:
    """What was found for one extension.

    :ivar distribution: name as its author writes it
    :ivar findings: red ones first, then by file and line
    :ivar notes: what was not looked at, and why
    :ivar is_extension: whether it has an entry point that the host loads
    """

    distribution: str
    version: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    is_extension: bool = True

    @property
    def colour(self) -> Colour:
        colours = {finding.colour for finding in self.findings}
        return next((colour for colour in (Colour.RED, Colour.AMBER) if colour in colours), Colour.GREEN)

    @property
    def sentence(self) -> str:
        return f"{self.distribution} {self.version} is {self.colour}: {_MEANINGS[self.colour]}"


def compatibility_of(
    code: Code, required: Iterable[Code], contract: Contract, is_lacking: IsLacking, notes: Iterable[str]
) -> Compatibility:
    """Read the text of an extension and of what it requires; nothing is imported or run.

    Red is what importing the extension's entry points is sure to meet. Where a distribution has none, all its modules
    are taken for imported.

    :param required: further distributions that are imported with it
    :param is_lacking: asked about packages that loading is sure to import
    :param notes: read when all else is done
    """
    reading = _Reading((code, *required), contract, is_lacking)
    findings = sorted(
        reading.findings(code), key=lambda one: (one.colour is not Colour.RED, one.file, one.line, one.name)
    )
    return Compatibility(code.name, code.version, tuple(findings), tuple(notes), bool(code.entry_points))


@dataclass(frozen=True)
class _Reading:
    codes: tuple[Code, ...]
    contract: Contract
    is_lacking: IsLacking

    def findings(self, extension: Code) -> Iterator[Finding]:
        loaded, later = self._reached(extension)
        for module, file in self._modules.items():
            if file is None:
                continue
            if module in loaded:
                yield from self._findings_in(module, file, "")
            elif module in later or _MENTION in self._text(file):
                yield from self._findings_in(module, file, _NOT_AT_LOAD)

    def _findings_in(self, module: str, file: str, reason: str) -> Iterator[Finding]:
        found = self._uses(module)
        if isinstance(found, Finding):
            if not reason:
                yield found
            return
        for use in found:
            if self._is_missing(use):
                guard = use.guard or reason
                yield Finding(use.full_name, file, use.line, Colour.AMBER if guard else Colour.RED, guard)
            elif not use.guard and not reason and self._is_brought_by_nobody(use):
                yield Finding(f"{use.top}, which nothing brings", file, use.line, Colour.RED, "")

    def _reached(self, extension: Code) -> tuple[set[str], set[str]]:
        """The modules that loading the extension imports, and those that are imported when something is called."""
        roots = extension.entry_points or tuple(extension.modules)
        loaded = self._closure(roots, is_loading=True)
        return loaded, self._closure(loaded, is_loading=False)

    def _closure(self, roots: Iterable[str], *, is_loading: bool) -> set[str]:
        found: set[str] = set()
        waiting = list(roots)
        while waiting:
            module = waiting.pop()
            if module in found or module not in self._modules:
                continue
            found.add(module)
            waiting.append(module.rpartition(".")[0])  # a package is imported before what is in it
            uses = self._uses(module)
            if isinstance(uses, Finding):
                continue
            for use in uses:
                if use.kind is not UseKind.ATTRIBUTE and not (is_loading and use.guard):
                    waiting += [use.module, use.full_name]
        return found

    def _uses(self, module: str) -> tuple[Use, ...] | Finding:
        """What a module uses; for a text that can't be read, that is what is found of it."""
        if module not in self._read:
            file = self._modules[module]
            self._read[module] = self._parse(module, file) if file is not None else ()
        return self._read[module]

    def _parse(self, module: str, file: str) -> tuple[Use, ...] | Finding:
        is_package = file.endswith("__init__.py")
        try:
            return uses_of(self._text(file), module, is_package=is_package, is_missing=self._is_missing)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            here = f"{sys.version_info.major}.{sys.version_info.minor}"
            line = error.lineno if isinstance(error, SyntaxError) and error.lineno else 1
            return Finding(f"this is no text of Python {here}", file, line, Colour.RED, "")

    def _is_missing(self, use: Use) -> bool:
        if self.contract.covers(use.module) and use.module not in self._modules and use.full_name not in self._modules:
            if use.kind is UseKind.ATTRIBUTE and not self.contract.has_module(use.module):
                return False  # an attribute of something that is no module
            if not self.contract.has_module(use.module):
                return True
            return use.name not in ("", "*") and not self.contract.has_name(use.module, use.name)
        return use.kind is UseKind.MODULE and self._is_lost(use.module)

    def _is_lost(self, module: str) -> bool:
        """Whether ``module`` should be in one of the distributions and is in none."""
        package = module.rpartition(".")[0]
        return module not in self._modules and (self._modules.get(package) or "").endswith("__init__.py")

    def _is_brought_by_nobody(self, use: Use) -> bool:
        is_elsewhere = use.top not in self._modules and not self.contract.covers(use.module)
        return use.kind is not UseKind.ATTRIBUTE and is_elsewhere and self.is_lacking(use.top)

    def _text(self, file: str) -> bytes:
        return next(code.files[file] for code in self.codes if file in code.files)

    @cached_property
    def _modules(self) -> Mapping[str, str | None]:
        found: dict[str, str | None] = {}
        for code in self.codes:
            found.update({name: file for name, file in code.modules.items() if file or name not in found})
        return found

    @cached_property
    def _read(self) -> dict[str, tuple[Use, ...] | Finding]:
        return {}
