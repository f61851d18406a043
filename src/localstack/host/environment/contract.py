"""The contract as data: every module and name that extensions can import from this host (``contract.toml``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CONTRACT_FILE = Path(__file__).resolve().parents[1] / "contract.toml"

_NAMESPACES = ("localstack", "localstack_ext", "localstack_cli")
"""Import packages that upstream's distributions bring."""

_OTHER_DISTRIBUTIONS = ("localstack.sdk",)
"""Modules in upstream's namespace that come with distributions of their own, which extensions require."""


def is_for_hosts(module: str) -> bool:
    """Whether ``module`` is one that only a host can provide; whether this one does is another question."""
    is_elsewhere = any(f"{module}.".startswith(f"{other}.") for other in _OTHER_DISTRIBUTIONS)
    return module.partition(".")[0] in _NAMESPACES and not is_elsewhere


@dataclass(frozen=True)
class Contract:
    """What can be imported; ``names`` has the public names of each module, by its path."""

    names: Mapping[str, frozenset[str]]

    @classmethod
    def load(cls) -> Contract:
        import tomllib  # a start asks ``is_for_hosts`` alone

        tables = tomllib.loads(CONTRACT_FILE.read_text(encoding="utf-8"))
        return cls({module: frozenset(names) for module, names in tables.items()})

    def covers(self, module: str) -> bool:
        return is_for_hosts(module)

    def has_module(self, module: str) -> bool:
        """Whether ``module`` is one of the contract, or a package that has some."""
        return module in self._modules

    def has_name(self, module: str, name: str) -> bool:
        """Whether ``name`` can be imported from ``module``: a name of its own, or a module below it."""
        return name in self.names.get(module, ()) or self.has_module(f"{module}.{name}")

    @cached_property
    def _modules(self) -> frozenset[str]:
        parts = (module.split(".") for module in self.names)
        return frozenset(".".join(path[:end]) for path in parts for end in range(1, len(path) + 1))
