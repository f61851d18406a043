"""The wheel: what is in it, and that it lives beside other distributions in the ``localstack`` namespace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("localstack", "localstack_cli", "localstack_ext")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")
UV = Path(sys.executable).with_name("uv")


def run(*command: str | Path, cwd: Path | None = None) -> str:
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def build(kind: str, project: Path, target: Path) -> Path:
    """Build without network, with the setuptools of this environment."""
    run(sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", target, project)
    return next(target.iterdir())


def copy_of_the_project(target: Path) -> Path:
    """What a build needs, so that it leaves nothing in the checkout."""
    target.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)
    shutil.copytree(ROOT / "src", target / "src", ignore=LEFT_OUT)
    return target


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_project(tmp_path_factory.mktemp("build") / "project")


@pytest.fixture(scope="module")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", project, tmp_path_factory.mktemp("wheel"))


def fake_distribution(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    """A wheel of another distribution; ``files`` by path in site-packages."""
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    contents = {**files, **metadata}
    record = "".join(f"{path},,\n" for path in [*contents, f"{info}/RECORD"])
    target = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in {**contents, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return target


def contents_of(wheel: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_every_file_of_the_source_and_no_other(wheel: Path) -> None:
    skipped = {"__pycache__"}
    folders = ((ROOT / "src" / root).rglob("*") for root in ROOTS)
    source = {
        path.relative_to(ROOT / "src").as_posix()
        for path in chain((ROOT / "src").glob("*.py"), *folders)
        if path.is_file() and not skipped.intersection(path.parts)
    }
    assert contents_of(wheel) == source


def test_the_wheel_leaves_the_namespace_to_all(wheel: Path) -> None:
    assert "localstack/__init__.py" not in contents_of(wheel)


def test_every_package_right_below_the_namespace_is_typed(wheel: Path) -> None:
    names = contents_of(wheel)
    packages = {"/".join(name.split("/")[:2]) for name in names if name.count("/") > 1}
    assert {package for package in packages if f"{package}/py.typed" not in names} == set()


def test_the_wheel_made_from_the_source_distribution_is_the_same(wheel: Path, project: Path, tmp_path: Path) -> None:
    source = build("sdist", project, tmp_path / "sdist")
    shutil.unpack_archive(source, tmp_path / "unpacked", filter="data")
    again = build("wheel", next((tmp_path / "unpacked").iterdir()), tmp_path / "wheel")
    assert contents_of(again) == contents_of(wheel)


def environment_with_our_dependencies(folder: Path) -> Path:
    """A virtual environment that also sees what is installed here, except the checkout.

    The checkout is linked by a ``.pth`` file; Python does not read those in a folder that a ``.pth`` file names itself.
    """
    run(UV, "venv", "--quiet", "--python", sys.executable, folder)
    site_packages = next((folder / "lib").glob("python*/site-packages"))
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + os.linesep)
    return folder


def test_the_wheel_runs_beside_a_distribution_in_the_same_namespace(wheel: Path, tmp_path: Path) -> None:
    other = fake_distribution(tmp_path, "localstack-sdk-python", {"localstack/sdk/__init__.py": "NAME = 'sdk'\n"})
    environment = environment_with_our_dependencies(tmp_path / "venv")
    python = environment / "bin" / "python"
    run(UV, "pip", "install", "--quiet", "--python", python, "--no-index", "--no-deps", wheel, other)

    code = "import localstack.sdk, localstack.host.settings as s; print(localstack.sdk.NAME, s.__file__)"
    name, settings = run(python, "-c", code, cwd=tmp_path).split()
    assert name == "sdk"
    assert Path(settings).is_relative_to(environment)
    for script in ("localstack", "leanto"):
        assert "4.14.0" in run(environment / "bin" / script, "--version", cwd=tmp_path)

    run(UV, "pip", "uninstall", "--quiet", "--python", python, "localstack-sdk-python")
    assert "4.14.0" in run(environment / "bin" / "localstack", "--version", cwd=tmp_path)
