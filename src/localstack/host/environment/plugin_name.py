"""Finds the ``name`` of an extension class in its source text, without running any of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_MOST_HOPS = 8
"""How many imports and base classes are followed; also ends circles."""


def find_plugin_name(reference: str, directory: Path) -> str | None:
    """The plug-in's name of an entry point such as ``my_package.extension:MyExtension``, installed in ``directory``.

    That is the attribute ``name`` of the class, or what ``PluginSpec(namespace, name, …)`` and ``@plugin(name=…)`` say.
    ``None`` when the text does not tell: the name is computed, or the class comes from another place.
    """
    module_name, _, attribute = reference.partition("[")[0].strip().partition(":")
    module = _Module.find(module_name.strip(), directory)
    return module.plugin_name(attribute.strip(), _MOST_HOPS) if module else None


def find_module_file(name: str, directory: Path) -> Path | None:
    """The source of a module such as ``my_package.extension`` in ``directory``; ``None`` when there is none."""
    base = directory.joinpath(*name.split("."))
    candidates = (base / "__init__.py", base.with_name(f"{base.name}.py"))
    return next(filter(Path.is_file, candidates), None)


@dataclass(frozen=True)
class _Module:
    name: str
    path: Path
    directory: Path

    @classmethod
    def find(cls, name: str, directory: Path) -> _Module | None:
        path = find_module_file(name, directory)
        return cls(name, path, directory) if path else None

    @cached_property
    def _statements(self) -> list[ast.stmt]:
        try:
            return ast.parse(self.path.read_bytes()).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return []

    def plugin_name(self, attribute: str, hops: int) -> str | None:
        """Name of the plug-in that ``attribute`` of this module is."""
        for statement in reversed(self._statements) if hops else ():
            match statement:
                case ast.ClassDef(name=defined) if defined == attribute:
                    return self._of_class(statement, hops)
                case ast.FunctionDef(name=defined) if defined == attribute:
                    return next(filter(None, (self._of_call(call) for call in statement.decorator_list)), None)
                case ast.Assign(targets=[ast.Name(id=defined)], value=value) if defined == attribute:
                    return self._of_call(value)
                case ast.ImportFrom():
                    if original := _original_name(statement, attribute):
                        return self._of_import(statement, original, hops - 1)
        return None

    def _of_class(self, definition: ast.ClassDef, hops: int) -> str | None:
        for value in _values_of("name", definition.body):
            return self._text(value)
        bases = (self.plugin_name(base.id, hops - 1) for base in definition.bases if isinstance(base, ast.Name))
        return next(filter(None, bases), None)

    def _of_call(self, value: ast.expr) -> str | None:
        """``PluginSpec("localstack.extensions", "name", factory)`` or ``@plugin(namespace=…, name=…)``."""
        if not isinstance(value, ast.Call):
            return None
        named = {keyword.arg: keyword.value for keyword in value.keywords}
        name = named.get("name") or (value.args[1] if len(value.args) > 1 else None)
        return self._text(name) if name else None

    def _of_import(self, statement: ast.ImportFrom, original: str, hops: int) -> str | None:
        package = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        above = package[: len(package) - statement.level + 1] if statement.level else []
        module = _Module.find(".".join([*above, *filter(None, [statement.module])]), self.directory)
        return module.plugin_name(original, hops) if module else None

    def _text(self, value: ast.expr) -> str | None:
        """A string, or the string that a name of the module stands for."""
        if isinstance(value, ast.Name):
            for assigned in _values_of(value.id, self._statements):
                value = assigned
        return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _values_of(name: str, statements: list[ast.stmt]) -> Iterator[ast.expr]:
    """What ``name`` is set to, with or without an annotation, last first."""
    for statement in reversed(statements):
        match statement:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                yield value


def _original_name(statement: ast.ImportFrom, name: str) -> str | None:
    return next((alias.name for alias in statement.names if (alias.asname or alias.name) == name), None)
