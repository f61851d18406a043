"""What is different between two generations, and whether a running platform can take the new one over.

The rule: a distribution may come, go or change live when none of its modules is loaded; or when those that are loaded
are plain Python, and all extensions that need it are replaced or removed together with it. Everything else needs a
restart: a compiled module stays in the process for good, and a neighbour that goes on would hold on to the old code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.machinery import ExtensionFileLoader
from importlib.metadata import Distribution
from pathlib import Path
from types import FunctionType, ModuleType

from packaging.requirements import Requirement

from localstack.host.environment.installed import InstalledPackages

_TELLING_METADATA = ("METADATA", "entry_points.txt")


@dataclass(frozen=True)
class Obstacle:
    """Why something can't be changed in a running platform.

    :ivar distribution: what can't, e.g. ``"localstack-extension-httpbin 0.1.0"``
    :ivar reason: why, in words for people
    """

    distribution: str
    reason: str

    def __str__(self) -> str:
        return f"{self.distribution}: {self.reason}"


@dataclass(frozen=True)
class Difference:
    """Canonical names of the distributions that are only in the one or the other, or not the same in both."""

    before: InstalledPackages
    after: InstalledPackages
    added: frozenset[str]
    removed: frozenset[str]
    changed: frozenset[str]

    @classmethod
    def between(cls, before: Path | None, after: Path | None) -> Difference:
        """:param before: and ``after``: folders of installed packages; ``None`` for nothing"""
        old, new = _packages(before), _packages(after)
        both = old.by_name.keys() & new.by_name.keys()
        return cls(
            old,
            new,
            added=frozenset(new.by_name.keys() - both),
            removed=frozenset(old.by_name.keys() - both),
            changed=frozenset(name for name in both if _print_of(old.by_name[name]) != _print_of(new.by_name[name])),
        )

    @property
    def leaving(self) -> frozenset[str]:
        """Distributions whose present files are no longer used."""
        return self.removed | self.changed

    def __bool__(self) -> bool:
        return bool(self.added or self.leaving)

    def reversed(self) -> Difference:
        """The way back."""
        return Difference(self.after, self.before, self.removed, self.added, self.changed)

    def modules(self, loaded: Mapping[str, ModuleType]) -> dict[str, ModuleType]:
        """Those of the ``loaded`` modules that come from distributions that leave."""
        files = {path for name in self.leaving for path in _files_of(self.before.by_name[name])}
        return {name: module for name, module in loaded.items() if _file_of(module) in files}

    def obstacles(self, loaded: Mapping[str, ModuleType], extensions: Iterable[str]) -> Iterator[Obstacle]:
        """What keeps a platform from taking this over.

        :param loaded: the modules of the process
        :param extensions: canonical names of the distributions whose extensions were found, loaded or not
        """
        needs = {name: self.before.brought_by(Requirement(name)) for name in extensions}
        by_file = {_file_of(module): module for module in loaded.values()}
        leaving = self.modules(loaded).keys()
        for name in sorted(self.leaving):
            distribution = self.before.by_name[name]
            shown = f"{distribution.name} {distribution.version}"
            mine = [by_file[file] for file in _files_of(distribution) & by_file.keys()]
            if not mine:
                continue
            compiled = sorted(module.__name__ for module in mine if _is_compiled(module))
            if compiled:
                yield Obstacle(shown, f"its compiled module {compiled[0]} is loaded")
                continue
            staying = sorted(user for user in needs if name in needs[user] and user not in self.leaving)
            if staying:
                yield Obstacle(shown, f"{staying[0]} uses it too, and stays as it is")
            elif holder := next(_holders(mine, leaving, loaded), None):
                yield Obstacle(shown, f"the module {holder} uses it, and stays as it is")
            elif not any(name in needs[user] for user in needs):
                yield Obstacle(shown, "it is loaded, but not by an extension")


def _packages(directory: Path | None) -> InstalledPackages:
    if directory is None:
        return InstalledPackages.none()
    found = InstalledPackages.read(directory)
    return InstalledPackages(directory, {name: one for name, one in found.by_name.items() if _has_code(one)})


def _has_code(distribution: Distribution) -> bool:
    """False for the stand-ins of what the host provides: they are the host's business."""
    return any(not str(file).partition("/")[0].endswith(".dist-info") for file in distribution.files or ())


def _print_of(distribution: Distribution) -> bytes:
    """A fingerprint of version and files; what an installer notes beside them does not count."""
    found = sha256()
    for file in sorted(distribution.files or (), key=str):
        is_metadata = file.parts[0].endswith(".dist-info")
        is_elsewhere = file.parts[0] == ".."  # scripts: they name the interpreter, and so the generation
        if not is_elsewhere and (not is_metadata or file.name in _TELLING_METADATA) and file.suffix != ".pyc":
            digest = file.hash.value if file.hash else ""
            found.update(f"{file}\0{digest}\n".encode())
    return found.digest()


def _files_of(distribution: Distribution) -> frozenset[str]:
    return frozenset(str(Path(str(file.locate())).resolve()) for file in distribution.files or ())


def _file_of(module: ModuleType) -> str:
    """The file that a module was loaded from, "" without one."""
    try:
        origin = module.__spec__.origin if module.__spec__ else None
    except AttributeError:  # some put objects of their own into sys.modules
        return ""
    return str(Path(origin).resolve()) if origin and origin not in ("built-in", "frozen", "namespace") else ""


def _holders(
    modules: Iterable[ModuleType], leaving: Collection[str], loaded: Mapping[str, ModuleType]
) -> Iterator[str]:
    """Names of loaded modules that stay and have one of ``modules``, a class or a function of it among their names."""
    names = {module.__name__ for module in modules}
    for name, module in loaded.items():
        if name not in leaving:
            for value in list(getattr(module, "__dict__", {}).values()):
                kind = type(value)
                if issubclass(kind, ModuleType):
                    held = str(value.__dict__.get("__name__"))
                elif issubclass(kind, type) or kind is FunctionType:
                    held = str(value.__dict__.get("__module__") if issubclass(kind, type) else value.__module__)
                else:
                    continue
                if held in names and not held.startswith(f"{name}."):  # a package has its own modules as names
                    yield name
                    break


def _is_compiled(module: ModuleType) -> bool:
    return isinstance(module.__spec__ and module.__spec__.loader, ExtensionFileLoader)
