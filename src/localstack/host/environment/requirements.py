"""Reads a file in the form that pip reads: one requirement a line, comments, continued lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from localstack.host.environment.source import Source, parse_source
from localstack.host.errors import SourceError, reason_of
from localstack.host.redaction import redacted

_COMMENT = re.compile(r"(^|\s)#.*")


@dataclass(frozen=True)
class Directive:
    """One requirement of a file; ``line`` counts from 1."""

    text: str
    file: Path
    line: int

    @property
    def is_option(self) -> bool:
        return self.text.startswith("-")

    def source(self, directory: Path) -> Source:
        """:raises SourceError: naming file and line, when it names nothing to install"""
        try:
            return parse_source(self.text, directory)
        except SourceError as error:
            raise SourceError(f"{self.file}, line {self.line}: {error.message}", error.hint) from None

    def __str__(self) -> str:
        return redacted(self.text)


def read_directives(path: Path) -> tuple[Directive, ...]:
    """:raises SourceError: when the file can't be read"""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = "name a file in requirements format, or a lock"
        raise SourceError(f"{path} can't be read: {reason_of(error)}", hint) from None
    directives: list[Directive] = []
    pending, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first if pending else number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        if directive := _COMMENT.sub("", pending + line).strip():
            directives.append(Directive(directive, path, first))
        pending = ""
    return tuple(directives)
