"""Reads in a module's text what it imports and which attributes of imported modules it uses."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

_FRAMES_OF_A_NODE = 3
_FUNCTION = "in a function"
_TRY = "in a try"
_MAIN = "when run as a program"

_IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_MODULE_ONLY = {"ModuleNotFoundError"}
_ATTRIBUTE_ERRORS = {"AttributeError", "Exception", "BaseException"}


class UseKind(StrEnum):
    MODULE = "module"
    NAME = "name"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True)
class Use:
    """Something that a module needs from outside itself.

    :ivar module: ``"localstack.utils.net"``
    :ivar name: of ``module``; empty for an import of the module itself, ``"*"`` for all
    :ivar guard: why the module can be imported without it, e.g. ``"in a try"``; empty if it can't
    """

    kind: UseKind
    module: str
    name: str
    line: int
    guard: str

    @property
    def top(self) -> str:
        """The top-level package, e.g. ``"localstack"``."""
        return self.module.partition(".")[0]

    @property
    def full_name(self) -> str:
        return f"{self.module}.{self.name}" if self.name not in ("", "*") else self.module


IsMissing = Callable[[Use], bool]


def uses_of(text: bytes, module: str, *, is_package: bool, is_missing: IsMissing) -> tuple[Use, ...]:
    """What the module of that ``text`` uses, in its order.

    Attributes count where their path begins with a name that an import has bound: ``config.DEBUG`` after
    ``from localstack import config``, unless a function has a variable of its own of that name. What is in
    ``if TYPE_CHECKING:``, or in annotations that are not evaluated, does not count.

    :param is_missing: says of a use whether it would fail, so that what an ``except`` does instead is judged
    :raises SyntaxError: when it is no text of this Python
    :raises ValueError: when it has null bytes in it
    :raises RecursionError: or ``MemoryError``, when it nests deeper than this Python can compile
    """
    scanner = _Scanner(module, is_package, is_missing)
    tree = ast.parse(text)
    with _deep_recursion():
        scanner.visit(tree)
    return tuple(dict.fromkeys(scanner.uses))


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """What Python can compile nests up to three times as deep as it may recurse, e.g. in a sum of many terms."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(usual * _FRAMES_OF_A_NODE * 3)
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


@dataclass
class _Scope:
    """Names and what they stand for: the path of something imported, ``None`` for anything else."""

    names: dict[str, str | None] = field(default_factory=dict)
    is_class: bool = False


class _Scanner(ast.NodeVisitor):
    def __init__(self, module: str, is_package: bool, is_missing: IsMissing) -> None:
        self.uses: list[Use] = []
        self._package = module.split(".") if is_package else module.split(".")[:-1]
        self._is_missing = is_missing
        self._scopes = [_Scope()]
        self._guards: list[tuple[str, frozenset[UseKind]]] = []
        self._evaluates_annotations = True
        self._is_in_handler = False

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._use(UseKind.MODULE, alias.name, "", node.lineno)
            bound = alias.name if alias.asname else alias.name.partition(".")[0]
            self._scopes[-1].names[alias.asname or bound] = bound

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module == "__future__":
            if any(alias.name == "annotations" for alias in node.names):
                self._evaluates_annotations = False
            return
        module = self._absolute(node)
        has_module = not self._is_missing(Use(UseKind.MODULE, module, "", node.lineno, ""))
        for alias in node.names:
            is_there = self._use(UseKind.NAME if has_module else UseKind.MODULE, module, alias.name, node.lineno)
            if alias.name != "*":
                self._scopes[-1].names[alias.asname or alias.name] = f"{module}.{alias.name}" if is_there else None

    def visit_Call(self, node: ast.Call) -> None:
        """``importlib.import_module("a.b")`` is an import too."""
        match node:
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(name)), *_],
            ) if not name.startswith("."):
                self._use(UseKind.MODULE, name, "", node.lineno)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path: list[tuple[str, int]] = []
        value: ast.expr = node
        while isinstance(value, ast.Attribute):
            if isinstance(value.ctx, ast.Load):  # setting one fails never
                path.append((value.attr, value.lineno))
            value = value.value
        bound = self._lookup(value.id) if isinstance(value, ast.Name) else None
        if bound is None:
            self.visit(value)
            return
        for name, line in reversed(path):
            if name.startswith("__") or not self._use(UseKind.ATTRIBUTE, bound, name, line):
                return
            bound = f"{bound}.{name}"

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load) and not self._is_in_handler:
            self._scopes[-1].names[node.id] = None

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)
        if self._evaluates_annotations and not self._is_in_function():
            self.visit(node.annotation)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        self._visit_all([*node.decorator_list, *arguments.defaults, *filter(None, arguments.kw_defaults)])
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one]
        if self._evaluates_annotations:
            self._visit_all(
                [one.annotation for one in every if one.annotation] + ([node.returns] if node.returns else [])
            )
        self._scopes[-1].names[node.name] = None
        names = {one.arg for one in every} | set(_bound_in(node.body))
        self._within(node.body, _Scope(dict.fromkeys(names)), _FUNCTION)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_all([*node.args.defaults, *filter(None, node.args.kw_defaults)])
        names = (one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
        self._within([node.body], _Scope(dict.fromkeys(names)), _FUNCTION)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all([*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)])
        self._scopes[-1].names[node.name] = None
        self._within(node.body, _Scope(is_class=True))

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        results: list[ast.AST] = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._within([*node.generators, *results], _Scope())

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        match node.test:
            case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                pass
            case ast.Compare(left=ast.Name(id="__name__")):
                self._guarded(node.body, _MAIN, frozenset(UseKind))
            case _:
                self._visit_all(node.body)
        self._visit_all(node.orelse)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        caught = frozenset(kind for handler in node.handlers for kind in _caught(handler.type))
        found = len(self.uses)
        self._guarded(node.body, _TRY, caught)
        is_reached = any(self._is_missing(use) for use in self.uses[found:])
        was_in_handler, self._is_in_handler = self._is_in_handler, True
        for handler in node.handlers:
            # what an `except` does counts in full when the `try` is sure to fail, and else hardly ever runs
            self._guarded(handler.body, _TRY, frozenset() if is_reached else frozenset(UseKind))
        self._is_in_handler = was_in_handler
        self._visit_all([*node.orelse, *node.finalbody])

    def visit_TryStar(self, node: ast.TryStar) -> None:
        self.visit_Try(node)

    def visit_With(self, node: ast.With) -> None:
        """``with suppress(ImportError):`` guards like a ``try``."""
        self._visit_all(node.items)
        calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
        suppressed = [call for call in calls if _last_name(call.func) == "suppress"]
        caught = frozenset(kind for call in suppressed for error in call.args for kind in _caught(error))
        self._guarded(node.body, _TRY, caught)

    def _use(self, kind: UseKind, module: str, name: str, line: int) -> bool:
        """Record it; whether it is there."""
        use = Use(kind, module, name, line, self._guard(kind))
        self.uses.append(use)
        return not self._is_missing(use)

    def _guard(self, kind: UseKind) -> str:
        return next((reason for reason, caught in reversed(self._guards) if kind in caught), "")

    def _is_in_function(self) -> bool:
        return any(reason == _FUNCTION for reason, _ in self._guards)

    def _guarded(self, body: Iterable[ast.AST], reason: str, caught: frozenset[UseKind]) -> None:
        self._guards.append((reason, caught))
        self._visit_all(body)
        self._guards.pop()

    def _within(self, body: Iterable[ast.AST], scope: _Scope, reason: str = "") -> None:
        was_in_handler, self._is_in_handler = self._is_in_handler, False
        self._scopes.append(scope)
        self._guarded(body, reason, frozenset(UseKind if reason else ()))
        self._scopes.pop()
        self._is_in_handler = was_in_handler

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _lookup(self, name: str) -> str | None:
        for scope in reversed(self._scopes):
            if name in scope.names and (not scope.is_class or scope is self._scopes[-1]):
                return scope.names[name]
        return None

    def _absolute(self, node: ast.ImportFrom) -> str:
        above = self._package[: len(self._package) - node.level + 1] if node.level else []
        return ".".join([*above, *filter(None, [node.module])])


def _caught(error: ast.expr | None) -> Iterator[UseKind]:
    """Which uses may fail where an ``except`` has this after it."""
    names = {_last_name(part) for part in (error.elts if isinstance(error, ast.Tuple) else [error] if error else [])}
    if error is None or names & (_IMPORT_ERRORS - _MODULE_ONLY):
        yield UseKind.NAME
    if error is None or names & _IMPORT_ERRORS:
        yield UseKind.MODULE
    if error is None or names & _ATTRIBUTE_ERRORS:
        yield UseKind.ATTRIBUTE


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _bound_in(body: Iterable[ast.AST]) -> Iterator[str]:
    """Variables of a function; not those of functions, classes and comprehensions in it."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
                continue
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() | ast.Lambda():
                continue
        waiting.extend(ast.iter_child_nodes(node))
