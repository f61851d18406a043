"""Who may import whom: the rules hold for our source, and the check finds each way to break them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "check_layering.py"), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def write(source: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = source / "localstack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for folder in (source / "localstack").iterdir():
        if folder.is_dir():
            (folder / "py.typed").touch()


def test_our_source_keeps_the_rules() -> None:
    result = run_check()
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("host/gateway/a.py", "x = 1\nimport localstack.host.emulation.b", "a.py:2: host.gateway imports"),
        ("host/gateway/a.py", "from localstack.host.emulation.b import c", "a.py:1: host.gateway imports"),
        ("host/gateway/a.py", "from localstack.host import emulation", "a.py:1: host.gateway imports"),
        ("host/gateway/a.py", "from ..emulation import b", "a.py:1: host.gateway imports"),
        ("host/gateway/__init__.py", "from ..emulation import b", "__init__.py:1: host.gateway imports"),
        ("host/gateway/a.py", "def f():\n    from localstack.host import manage", "a.py:2: host.gateway imports"),
        ("host/extension/a.py", "from ..environment.b import c", "localstack.host.environment.b.c"),
        ("host/manage/a.py", "import localstack.host.extension", "host.manage imports"),
        ("aws/a.py", "from localstack.host.runtime import Runtime", "a.py:1: the contract imports"),
        ("aws/a.py", "def f():\n    import localstack.host.settings", "a.py:2: the contract imports"),
        ("aws/a.py", "from ..host import log", "the contract imports localstack.host.log"),
        ("config/__init__.py", "from localstack.host import errors", "the contract imports localstack.host.errors"),
        ("config.py", "", "config.py:1: types of a module right below localstack are not seen: make it a package"),
        ("host/gateway/a.py", "import moto", "a.py:1: imports moto"),
        (
            "aws/a.py",
            "try:\n    from botocore.model import OperationModel\nexcept ImportError: pass",
            "a.py:2: imports botocore",
        ),
        ("aws/a.py", "class C:\n    import boto3.session", "a.py:2: imports boto3"),
        ("__init__.py", "", "__init__.py:1: localstack is a namespace shared"),
    ],
)
def test_each_broken_rule_is_named_with_its_place(tmp_path: Path, name: str, text: str, message: str) -> None:
    write(tmp_path, {name: text})
    result = run_check(str(tmp_path))
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("host/gateway/a.py", "from localstack.host.settings import Settings\nfrom . import b\nfrom .b import c"),
        ("host/runtime.py", "from localstack.host.gateway import a\nfrom localstack.host.emulation import b"),
        ("host/dev/a.py", "from localstack.host.extension import b\nfrom localstack.host.environment import c"),
        ("host/gateway_tools.py", "from localstack.host.emulation import b"),
        ("host/gateway/a.py", "from localstack.aws.api import RequestContext"),
        ("host/emulation/a.py", "import moto\nfrom botocore.model import ServiceModel"),
        ("aws/a.py", "def f():\n    import boto3"),
        (
            "aws/a.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from botocore.model import OperationModel",
        ),
        ("aws/a.py", "import typing\nif typing.TYPE_CHECKING:\n    import botocore"),
        ("aws/a.py", "from localstack.host import shared\nfrom localstack.host.shared import extensions"),
        ("aws/a.py", "import motor\nimport moto_ext"),
        ("host/dev/template/{{project}}/a.py", "from {{ module }} import x"),
    ],
)
def test_what_the_rules_allow_passes(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, {name: text})
    result = run_check(str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")


def test_a_sub_package_without_py_typed_is_found(tmp_path: Path) -> None:
    write(tmp_path, {"aws/a.py": "x = 1"})
    (tmp_path / "localstack" / "aws" / "py.typed").unlink()
    result = run_check(str(tmp_path))
    assert result.returncode == 1
    assert "aws:1: has no py.typed" in result.stderr
