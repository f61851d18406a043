"""Whether a project's entry points lead to extensions, told by reading the modules' text."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

from localstack.host.dev.build_record import build_records
from localstack.host.dev.description import describe
from localstack.host.dev.findings import Area, ProjectFinding, Severity
from localstack.host.dev.metadata import GROUP, UnreadableFileError
from localstack.host.dev.pyproject import read_pyproject
from localstack.host.dev.setup_cfg import read_setup_cfg
from localstack.host.environment.plugin_name import find_plugin_name

_PLACES = ("pyproject.toml", "setup.cfg", "setup.py", "*.egg-info/entry_points.txt", "*/*.egg-info/entry_points.txt")
_HOST = "localstack"


def entry_points_of(folders: Sequence[Path]) -> tuple[tuple[EntryPoint, ...], tuple[ProjectFinding, ...]]:
    """The extensions that a project declares, by hand or as its last build found them, and what is wrong with them.

    :param folders: the project's folder, then those of its packages
    """
    try:
        description = describe(folders)
    except UnreadableFileError as error:
        file, hint = error.file.relative_to(folders[0]).as_posix(), "mend the file, or delete it and run `make install`"
        return (), (_error(f"can't be read: {error.reason}", hint, file, error.line),)
    found = list(description.entry_points)
    if not found:
        hint = f'add [project.entry-points."{GROUP}"] to pyproject.toml, or let `make install` find it'
        return (), (_error(f"there is no entry point in the group {GROUP}", hint),)
    findings = [finding for point in found for finding in _findings(point, folders)]
    findings += _left_out(folders)
    if description.outdated is not None:
        file = description.outdated.relative_to(folders[0]).as_posix()
        message = "it declares other extensions than the last install knows"
        hint = "run `make install`"
        findings.append(ProjectFinding(Severity.WARNING, Area.ENTRY_POINT, message, hint, file))
    return tuple(point for point in found if EntryPoint.pattern.match(point.value)), tuple(findings)


def _left_out(folders: Sequence[Path]) -> Iterator[ProjectFinding]:
    """What no build has taken from ``setup.cfg``, because ``pyproject.toml`` describes the project.

    https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html#dynamic-metadata
    """
    project = folders[0]
    described, by_setup_cfg = read_pyproject(project), read_setup_cfg(project)
    if described is None or described.says("entry_points") or by_setup_cfg is None or not by_setup_cfg.entry_points:
        return
    if not any(one.entry_points for one in build_records(folders)):
        message = "a build leaves the extension out: it goes by the [project] table of pyproject.toml, which has none"
        hint = f'move it to [project.entry-points."{GROUP}"] in pyproject.toml'
        yield _error(message, hint, "setup.cfg", by_setup_cfg.line_of([GROUP]))


def _findings(point: EntryPoint, folders: Sequence[Path]) -> Iterator[ProjectFinding]:
    file, line = _place_of(point, folders[0])
    if not EntryPoint.pattern.match(point.value):
        yield _error(f"{point.value!r} is no entry point", "write my_module:YourExtension", file, line)
        return
    module, _, attribute = point.value.partition("[")[0].partition(":")
    module, attribute = module.strip(), attribute.strip()
    if not attribute:
        yield _error(f"{point.value!r} names no class", f"write {module}:YourExtension", file, line)
        return
    source = next((path for folder in folders if (path := _file_of(module, folder)) is not None), None)
    if source is None:
        yield _error(f"there is no module {module} in the project", "correct the entry point", file, line)
        return
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # the contract's check says so
    definition = _definition(tree, attribute)
    if definition is None and not _has_star(tree):
        yield _error(f"{module} has no {attribute}", "correct the entry point", file, line)
    elif isinstance(definition, ast.ClassDef) and not any(find_plugin_name(point.value, one) for one in folders):
        if not _binds_name(definition) and not _has_foreign_base(definition, tree, folders):
            name = source.relative_to(folders[0]).as_posix()
            hint = 'add name = "my-extension" to the class'
            yield _error(f"the extension {attribute} has no name", hint, name, definition.lineno)
    elif isinstance(definition, ast.FunctionDef) and not definition.decorator_list:
        yield _error(f"{point.value} is a function, no class", "correct the entry point", file, line)


def _place_of(point: EntryPoint, project: Path) -> tuple[str | None, int | None]:
    """The file and line that declare it."""
    for file in (path for pattern in _PLACES for path in sorted(project.glob(pattern)) if path.is_file()):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if point.value in line:
                return file.relative_to(project).as_posix(), number
    return None, None


def _file_of(module: str, folder: Path) -> Path | None:
    base = folder.joinpath(*module.split("."))
    return next((path for path in (base / "__init__.py", base.with_name(f"{base.name}.py")) if path.is_file()), None)


def _definition(tree: ast.AST, name: str) -> ast.AST | None:
    """The last statement of the module that binds ``name``, also in an ``if`` or a ``try``."""
    found: ast.AST | None = None
    for node in _statements(tree):
        match node:
            case ast.ClassDef(name=bound) | ast.FunctionDef(name=bound) if bound == name:
                found = node
            case ast.Assign(targets=targets) if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                found = node
            case ast.AnnAssign(target=ast.Name(id=bound)) if bound == name:
                found = node
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                if any((alias.asname or alias.name.partition(".")[0]) == name for alias in aliases):
                    found = node
    return found


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Statements that run when the module is imported, but for the bodies of classes."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
            yield from _statements(node)


def _has_star(tree: ast.AST) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        for node in _statements(tree)
    )


def _binds_name(definition: ast.ClassDef) -> bool:
    """Whether the class sets ``name`` itself, to whatever."""
    for statement in definition.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="name")]) | ast.AnnAssign(target=ast.Name(id="name"), value=ast.expr())
            ):
                return True
            case ast.FunctionDef(name="name"):
                return True
    return False


def _has_foreign_base(definition: ast.ClassDef, tree: ast.AST, folders: Sequence[Path]) -> bool:
    """Whether a base class comes from elsewhere, and may have the name."""
    tops = {}
    for node in _statements(tree):
        match node:
            case ast.ImportFrom(module=str(module), level=0, names=aliases):
                tops.update({alias.asname or alias.name: module.partition(".")[0] for alias in aliases})
            case ast.Import(names=aliases):
                tops.update({alias.asname or alias.name.partition(".")[0]: alias.name for alias in aliases})
    own = {_HOST, *(path.name.partition(".")[0] for folder in folders for path in folder.iterdir())}
    roots = (node.id for base in definition.bases for node in ast.walk(base) if isinstance(node, ast.Name))
    return any(tops[root].partition(".")[0] not in own for root in roots if root in tops)


def _error(message: str, hint: str, file: str | None = None, line: int | None = None) -> ProjectFinding:
    return ProjectFinding(Severity.ERROR, Area.ENTRY_POINT, message, hint, file, line)
