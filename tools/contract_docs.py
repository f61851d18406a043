"""Write docs/contract.md, the page that lists what extensions can import, from src/localstack/host/contract.toml.

    python tools/contract_docs.py [FILE]

``FILE`` is where the page goes, ``-`` for stdout, docs/contract.md without it. The first sentence of each module comes
from its docstring.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

INTRODUCTION = """\
# What extensions can import

<!-- made by `python tools/contract_docs.py` from src/localstack/host/contract.toml: change that -->

These modules have the import paths, names and behaviour that extensions know from LocalStack. A name is here because an
extension imports it, or because it belongs to one that is. What is not listed is not part of the contract:
`localstack.host` least of all, which may change at any time. Who imports what LocalStack has and this host has not
gets an `ImportError` that says who asked for it and why it is not here.

*Imported by* names the published extensions in which the name was found. Where it says *partial*, the rest is as in
LocalStack.
"""


@dataclass(frozen=True)
class Name:
    """One public name, e.g. ``Name("get_free_tcp_port", "function", ("httpbin",), None, None)``."""

    name: str
    kind: str
    used_by: tuple[str, ...]
    because: str | None
    partial: str | None

    @classmethod
    def parse(cls, name: str, entry: Mapping[str, Any]) -> Name:
        """:raises ValueError: when the line says neither who uses the name nor why it is there, or something unknown"""
        unknown = set(entry) - {"kind", "used_by", "because", "partial"}
        if unknown or "kind" not in entry or not (entry.get("used_by") or entry.get("because")):
            raise ValueError(f"contract.toml: {name} needs kind and used_by or because, has {', '.join(entry)}")
        return cls(name, entry["kind"], tuple(entry.get("used_by", ())), entry.get("because"), entry.get("partial"))

    def row(self) -> str:
        reason = ", ".join(self.used_by) or f"– ({self.because})"
        support = f"partial: {self.partial}" if self.partial else "full"
        return f"| `{self.name}` | {self.kind} | {reason} | {support} |"


def read_contract(root: Path) -> dict[str, tuple[Name, ...]]:
    """The names of each module, in the order of contract.toml."""
    tables = tomllib.loads((root / "src" / "localstack" / "host" / "contract.toml").read_text(encoding="utf-8"))
    return {module: tuple(Name.parse(*entry) for entry in names.items()) for module, names in tables.items()}


def page(root: Path) -> str:
    """The whole page."""
    sections = "\n".join(
        line for module, names in read_contract(root).items() for line in _section(root, module, names)
    )
    return f"{INTRODUCTION}\n{sections}"


def _section(root: Path, module: str, names: tuple[Name, ...]) -> Iterator[str]:
    yield f"## `{module}`\n"
    yield f"{_first_sentence(root, module)}\n"
    yield "| name | kind | imported by | support |"
    yield "|---|---|---|---|"
    yield from (name.row() for name in names)
    yield ""


def _first_sentence(root: Path, module: str) -> str:
    path = root.joinpath("src", *module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0].replace("``", "`")


def main(arguments: list[str]) -> None:
    target = arguments[0] if arguments else str(ROOT / "docs" / "contract.md")
    text = page(ROOT)
    if target == "-":
        sys.stdout.write(text)
    else:
        Path(target).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
