"""What ``contract.toml`` says of the contract is so, and its page is up to date."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "localstack"
ROOTS = ("localstack", "localstack_cli", "localstack_ext")

CONTRACT: dict[str, dict[str, dict[str, Any]]] = tomllib.loads((SOURCE / "host" / "contract.toml").read_text())


def contract_modules() -> list[str]:
    """Every module that is neither the host's own nor, by an underscore, what others of its package are made of."""
    sources = (path for root in ROOTS for path in (ROOT / "src" / root).rglob("*.py"))
    paths = (path.relative_to(ROOT / "src").with_suffix("") for path in sources)
    modules = (".".join(path.parts).removesuffix(".__init__") for path in paths)
    return sorted(
        module for module in modules if not f"{module}.".startswith("localstack.host.") and "._" not in module
    )


@pytest.mark.parametrize("module", CONTRACT)
def test_each_listed_name_imports_and_is_of_its_kind(module: str) -> None:
    loaded = importlib.import_module(module)
    listed = {name: entry["kind"] for name, entry in CONTRACT[module].items()}
    assert {name: _kind(getattr(loaded, name)) for name in listed} == listed


def _kind(thing: object) -> str:
    if inspect.isclass(thing):
        return "exception" if issubclass(thing, BaseException) else "class"
    return "function" if inspect.isfunction(thing) else "value"


@pytest.mark.parametrize("module", contract_modules())
def test_every_public_name_of_a_module_is_listed(module: str) -> None:
    loaded = importlib.import_module(module)
    public = set(getattr(loaded, "__all__", ())) | _defined_in(loaded)
    assert public == set(CONTRACT.get(module, ()))


def _defined_in(module: ModuleType) -> set[str]:
    """Names that look public and are no imports; a logger is nobody's business."""
    own = {name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__}
    return {name for name in own if not name.startswith("_")}


@pytest.mark.parametrize("module", CONTRACT)
def test_each_package_of_the_contract_says_that_it_is_typed(module: str) -> None:
    path = SOURCE.parent.joinpath(*module.split("."))
    folder = path if path.is_dir() else path.parent
    # the root is a namespace that other distributions share: it can't say so for all of them
    assert folder == SOURCE or (folder / "py.typed").is_file()
    assert not (SOURCE / "__init__.py").exists()


def test_importing_the_contract_loads_nothing_slow() -> None:
    slow = {"moto", "boto3", "botocore", "docker", "jinja2", "yaml", "psutil"}
    code = (
        f"import importlib, sys\nfor module in {list(CONTRACT)}: importlib.import_module(module)\n"
        f"print(*{{name.partition('.')[0] for name in sys.modules}} & {slow})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []


def test_the_page_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "contract_docs.py"), "-"], capture_output=True, text=True, check=True
    )
    assert (ROOT / "docs" / "contract.md").read_text() == done.stdout, "run: python tools/contract_docs.py"
