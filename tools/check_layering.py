"""Check who imports whom under ``src/localstack`` against the rules of docs/architecture.md.

    python tools/check_layering.py [SOURCE]

``SOURCE`` is the folder that holds ``localstack``, by default this checkout's ``src``. Prints one line per violation,
``file:line: what is wrong: what to do``, and exits 1 if there is any.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOTS = ("localstack", "localstack_cli", "localstack_ext")
"""Packages below the source folder; the last two are other names that extensions know parts of the contract by."""

HOST = "localstack.host"

HALVES = ("extension", "gateway", "emulation", "environment", "manage")
"""The parts of the host that ``host.runtime`` and ``host.wiring`` put together: none of them imports another."""

DOORS = {"localstack.host.shared": "the one door from the contract to the host"}
"""What every module of the contract may import from the host."""

CONTRACT_EXCEPTIONS = {
    ("localstack.config", "localstack.host.settings"): "HostAndPort is one type of both sides",
    ("localstack.constants", "localstack.host.version"): "a constant; nothing runs",
    ("localstack.testing.pytest", "localstack.host.testing"): "the test kit runs a platform",
}
"""(contract module, host module) that is allowed besides the doors, with the reason."""

SLOW_AT_START = ("moto", "boto3", "botocore")
"""Imported at module level only under ``host.emulation``: a start without AWS calls must not pay for them."""


@dataclass(frozen=True)
class Import:
    """One imported name.

    :ivar target: absolute dotted name, for ``from a.b import c`` it is ``a.b.c`` whether ``c`` is a module or not
    :ivar runs_at_import: False inside functions and under ``if TYPE_CHECKING:``
    """

    target: str
    line: int
    runs_at_import: bool

    def is_of(self, module: str) -> bool:
        """Whether the target is the module or something in it."""
        return self.target == module or self.target.startswith(module + ".")


@dataclass(frozen=True)
class Module:
    """A source file, by the name under which it is imported."""

    path: Path
    name: str

    @property
    def package(self) -> str:
        """What a relative import with one dot starts from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    def is_in(self, package: str) -> bool:
        return self.name == package or self.name.startswith(package + ".")

    def imports(self) -> Iterator[Import]:
        tree = ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))
        yield from _imports(tree.body, self.package, runs_at_import=True)


@dataclass(frozen=True)
class Violation:
    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{os.path.relpath(self.path)}:{self.line}: {self.message}"


def check(source: Path) -> list[Violation]:
    """All violations below ``source``, in the order of files and lines."""
    found = [violation for root in ROOTS for violation in check_namespace(source / root)]
    for module in modules(source):
        for imported in module.imports():
            found += [Violation(module.path, imported.line, message) for message in check_import(module, imported)]
    return sorted(found, key=lambda violation: (violation.path, violation.line))


def check_namespace(root: Path) -> Iterator[Violation]:
    """Other distributions install into a root too: it has no ``__init__.py``, its sub-packages are typed."""
    init = root / "__init__.py"
    if init.exists():
        yield Violation(init, 1, f"{root.name} is a namespace shared with other distributions: delete this file")
    for path in () if (root / "py.typed").exists() else sorted(root.glob("[!_]*.py")):
        yield Violation(path, 1, f"types of a module right below {root.name} are not seen: make it a package")
    for folder in sorted(path for path in root.glob("*") if path.is_dir() and path.name != "__pycache__"):
        if any(folder.rglob("*.py")) and not (folder / "py.typed").exists():
            yield Violation(folder, 1, "has no py.typed, so its types are not seen: add the empty file")


def check_import(module: Module, imported: Import) -> Iterator[str]:
    if module.is_in(HOST):
        yield from _check_halves(module, imported)
    elif imported.is_of(HOST) and not _is_allowed_in_contract(module, imported):
        yield f"the contract imports {imported.target}: import only {', '.join(DOORS)} from the host"
    if imported.runs_at_import and not module.is_in(f"{HOST}.emulation"):
        slow = next((name for name in SLOW_AT_START if imported.is_of(name)), None)
        if slow:
            yield f"imports {slow} when it is imported itself: import it in the function that needs it"


def modules(source: Path) -> Iterator[Module]:
    """Every importable file; folders whose name is no identifier (project templates) hold none."""
    for path in sorted(path for root in ROOTS for path in (source / root).rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            yield Module(path, ".".join(parts).removesuffix(".__init__"))


def _check_halves(module: Module, imported: Import) -> Iterator[str]:
    own = next((half for half in HALVES if module.is_in(f"{HOST}.{half}")), None)
    other = next((half for half in HALVES if imported.is_of(f"{HOST}.{half}")), None)
    if own and other and own != other:
        yield f"host.{own} imports {imported.target}: let {HOST}.runtime hand over what it needs"


def _is_allowed_in_contract(module: Module, imported: Import) -> bool:
    exceptions = (target for (name, target) in CONTRACT_EXCEPTIONS if name == module.name)
    return any(imported.is_of(target) for target in (*DOORS, *exceptions))


def _imports(body: Iterable[ast.AST], package: str, *, runs_at_import: bool) -> Iterator[Import]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, runs_at_import) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield from (Import(f"{base}.{alias.name}", node.lineno, runs_at_import) for alias in node.names)
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            yield from _imports(node.body, package, runs_at_import=False)
            yield from _imports(node.orelse, package, runs_at_import=runs_at_import)
        else:
            deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(ast.iter_child_nodes(node), package, runs_at_import=runs_at_import and not deferred)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """``from ..b import c`` in package ``a.d`` starts from ``a.b``."""
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - (node.level - 1)]
    return ".".join([*parents, *([node.module] if node.module else [])])


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def main(arguments: list[str]) -> int:
    source = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent / "src"
    violations = check(source)
    for violation in violations:
        sys.stderr.write(f"{violation}\n")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
