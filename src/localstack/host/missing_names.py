"""An import of something that LocalStack has and this host has not fails with an explanation.

Python's own errors stay what they are to who expects them: a module is missing by a ``ModuleNotFoundError``, a name by
an ``ImportError``, an attribute by an ``AttributeError``, and what looks for a module without importing it finds none.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from opcode import opmap
from pathlib import Path
from types import FrameType, ModuleType

from localstack.host.environment.contract import is_for_hosts

_HOST = "localstack.host"
_SOURCE = Path(__file__).resolve().parents[2]
_IMPORT_FROM = opmap["IMPORT_FROM"]
_MACHINERY = "<frozen importlib"

_REASONS = (
    (("localstack.pro", "localstack_ext"), "it is closed code of LocalStack"),
    (("localstack.services",), "it is the inside of LocalStack's own services, and here the services are moto's"),
    (("localstack_cli", "localstack.cli"), "it is the inside of LocalStack's command line"),
)
_OTHER_REASON = "no extension that could work here is known to use it"
_ADVICE = "`localstack extensions check NAME` lists all that is missing"


class MissingModuleError(ModuleNotFoundError):
    """An extension imports a module that this host does not have."""


class MissingNameError(ImportError):
    """An extension imports a name that this host does not have from a module that it has."""


def explain_missing_names() -> None:
    """Begin; from then on extensions can be imported. Does nothing the second time."""
    if any(isinstance(finder, _ContractFinder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _ContractFinder())
    sys.meta_path.append(_LastFinder())
    for name, module in list(sys.modules.items()):
        if is_for_hosts(name) and not _is_host(name):
            _explain_names_of(module)


class _ContractFinder(MetaPathFinder):
    """Finds the modules of the contract, as Python would, to have them explain names that they lack."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith("localstack") or not is_for_hosts(fullname) or _is_host(fullname):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        loader = spec.loader if spec is not None else None
        if spec is None or type(loader) is not SourceFileLoader or not loader.path.startswith(f"{_SOURCE}{os.sep}"):
            return None
        spec.loader = _ContractLoader(loader.name, loader.path)
        return spec


class _ContractLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        _explain_names_of(module)
        super().exec_module(module)


class _LastFinder(MetaPathFinder):
    """Is asked for what no one else has found."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not is_for_hosts(fullname) or _is_host(fullname):
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:  # those that came later
            if (spec := finder.find_spec(fullname, path, target)) is not None:
                return spec
        asking = _Asking.now()
        if asking is None:
            return None
        package = sys.modules.get(fullname.rpartition(".")[0])
        if package is not None:  # without a file of its own it was not loaded by ours; Python asks it next
            _explain_names_of(package)
        wanted = asking.module or fullname
        raise MissingModuleError(_explanation(wanted, f"the module {wanted}", asking), name=fullname)


@dataclass(frozen=True)
class _Asking:
    """Who imports: the importing module and its line, and the whole path of the module that it names."""

    importer: str
    line: int
    module: str

    @classmethod
    def now(cls) -> _Asking | None:
        """``None`` when nobody imports but somebody asks whether a module exists (``importlib.util.find_spec``)."""
        frame: FrameType | None = sys._getframe(2)
        module = ""
        is_import = False
        while frame is not None and frame.f_code.co_filename.startswith(_MACHINERY):
            if frame.f_code.co_name == "_find_and_load":
                is_import = True
                module = str(frame.f_locals.get("name", ""))  # its packages are imported before it, further in
            frame = frame.f_back
        while frame is not None and frame.f_globals.get("__name__") == importlib.__name__:  # import_module()
            frame = frame.f_back
        return cls.of(frame, module) if is_import else None

    @classmethod
    def of(cls, frame: FrameType | None, module: str) -> _Asking:
        if frame is None:
            return cls("?", 0, module)
        return cls(str(frame.f_globals.get("__name__", "?")), frame.f_lineno, module)


def _explain_names_of(module: ModuleType) -> None:
    """Give a module what Python calls for names that it has not (PEP 562)."""
    module.__dict__.setdefault("__getattr__", _lookup_in(module.__name__))


def _lookup_in(module: str) -> Callable[[str], object]:
    def __getattr__(name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
        below = sys.modules.get(f"{module}.{name}")
        if below is not None:  # two modules import each other, and this one is not an attribute yet
            return below
        frame = sys._getframe(1)
        explanation = _explanation(f"{module}.{name}", f"{name} in {module}", _Asking.of(frame, module))
        if _is_import_from(frame):
            raise MissingNameError(explanation, name=module)
        raise AttributeError(explanation, name=name)

    return __getattr__


def _is_import_from(frame: FrameType) -> bool:
    """Whether ``from … import …`` looks for a name; Python makes its own ``ImportError`` of an ``AttributeError``."""
    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == _IMPORT_FROM


def _explanation(path: str, what: str, asking: _Asking) -> str:
    reasons = (reason for prefixes, reason in _REASONS if any(f"{path}.".startswith(f"{one}.") for one in prefixes))
    reason = next(reasons, _OTHER_REASON)
    return f"line {asking.line} of {asking.importer} needs {what}, which this host does not have: {reason}; {_ADVICE}"


def _is_host(name: str) -> bool:
    return f"{name}.".startswith(f"{_HOST}.")
