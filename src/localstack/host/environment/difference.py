"""What is different between two generations, and whether a running platform can take the new one over.

The rule: a distribution may come, go or change live when none of its modules is loaded; or when those that are loaded
are plain Python, and all extensions that need it are replaced or removed together with it. One with compiled modules
may go, too: they stay in the process for good, and nobody uses them. Everything else needs a restart: another version
of what stays can't be loaded beside it, and a neighbour that goes on would hold on to the old code.
"""

from __future__ import annotations

import re
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

    def forgettable_modules(self, loaded: Mapping[str, ModuleType]) -> dict[str, ModuleType]:
        """Those of ``modules`` that can be loaded again: none of a distribution with compiled ones."""
        by_file = _by_file(loaded)
        leaving = (_files_of(self.before.by_name[name]) for name in self.leaving)
        staying = {path for files in leaving if _compiled_of(files, by_file) for path in files}
        return {name: one for name, one in self.modules(loaded).items() if _file_of(one) not in staying}

    def obstacles(
        self, loaded: Mapping[str, ModuleType], extensions: Iterable[str], recoverable: Collection[tuple[str, str]]
    ) -> Iterator[Obstacle]:
        """What keeps a platform from taking this over.

        :param loaded: the modules of the process
        :param extensions: canonical names of the distributions whose extensions were found, loaded or not
        :param recoverable: names in modules, e.g. ``("sys", "excepthook")``, that get back what they had when their
            present holder goes
        """
        needs = {name: self.before.brought_by(Requirement(name)) for name in extensions}
        by_file = _by_file(loaded)
        yield from self._stale(loaded)
        leaving = self.modules(loaded).keys()
        for name in sorted(self.leaving):
            distribution = self.before.by_name[name]
            shown = _shown(distribution)
            files = _files_of(distribution)
            mine = [by_file[file] for file in files & by_file.keys()]
            if not mine:
                continue
            compiled = _compiled_of(files, by_file)
            if compiled:
                if name in self.changed:
                    yield Obstacle(shown, f"its compiled module {compiled[0]} is loaded")
                continue
            staying = sorted(user for user in needs if name in needs[user] and user not in self.leaving)
            if staying:
                yield Obstacle(shown, f"{staying[0]} uses it too, and stays as it is")
            elif holder := next(_holders(mine, leaving, loaded, recoverable), None):
                yield Obstacle(shown, f"the module {holder} uses it, and stays as it is")
            elif not any(name in needs[user] for user in needs):
                yield Obstacle(shown, "it is loaded, but not by an extension")

    def _stale(self, loaded: Mapping[str, ModuleType]) -> Iterator[Obstacle]:
        """What comes back in another place while compiled modules of it are still loaded from when it went."""
        for name in sorted(self.added):
            distribution = self.after.by_name[name]
            here = {Path(str(file.locate())).resolve() for file in distribution.files or ()}
            names = _compiled_modules_of(distribution)
            same = [one for one in loaded.values() if _is_compiled(one) and one.__name__ in names]
            old = sorted(one.__name__ for one in same if Path(str(one.__file__)).resolve() not in here)
            if old:
                reason = f"its compiled module {old[0]} is still loaded from before it was uninstalled"
                yield Obstacle(_shown(distribution), reason)


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
    return frozenset(_in_any_generation(Path(str(file.locate()))) for file in distribution.files or ())


def _compiled_modules_of(distribution: Distribution) -> frozenset[str]:
    """Names of the compiled modules of a distribution, e.g. ``"yarl._quoting_c"``."""
    compiled = (file for file in distribution.files or () if file.suffix in (".so", ".pyd"))
    return frozenset(".".join([*file.parts[:-1], file.name.partition(".")[0]]) for file in compiled)


def _by_file(loaded: Mapping[str, ModuleType]) -> dict[str, ModuleType]:
    return {_file_of(module): module for module in loaded.values()}


def _compiled_of(files: Iterable[str], by_file: Mapping[str, ModuleType]) -> list[str]:
    """Names of the loaded modules from ``files`` that are compiled, sorted."""
    mine = (by_file[file] for file in files if file in by_file)
    return sorted(m.__name__ for m in mine if _is_compiled(m))


def _shown(distribution: Distribution) -> str:
    return f"{distribution.name} {distribution.version}"


def _file_of(module: ModuleType) -> str:
    """The file that a module was loaded from, "" without one."""
    try:
        origin = module.__spec__.origin if module.__spec__ else None
    except AttributeError:  # some put objects of their own into sys.modules
        return ""
    return _in_any_generation(Path(origin)) if origin and origin not in ("built-in", "frozen", "namespace") else ""


def _in_any_generation(path: Path) -> str:
    """What did not change when a generation followed another stays loaded from the one before: it is the same file."""
    return re.sub(r"/generations/[^/]+/", "/generations/*/", str(path.resolve()))


def _holders(
    modules: Iterable[ModuleType],
    leaving: Collection[str],
    loaded: Mapping[str, ModuleType],
    recoverable: Collection[tuple[str, str]],
) -> Iterator[str]:
    """Names of loaded modules that stay and have one of ``modules``, a class or a function of it among their names."""
    names = {module.__name__ for module in modules}
    for name, module in loaded.items():
        if name not in leaving:
            for key, value in list(getattr(module, "__dict__", {}).items()):
                if (name, key) in recoverable:
                    continue
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
    spec = getattr(module, "__spec__", None)  # some put objects of their own into sys.modules
    return isinstance(getattr(spec, "loader", None), ExtensionFileLoader)
