"""Enabled folders become importable, and their extensions are found, whatever their layout and state."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack.host.dev.activation import EnabledProject, activate, banner
from localstack.host.environment.provided import write_stand_ins

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
SETUP_CFG = """\
[metadata]
name = localstack-extension-announcer
version = 1.2.3
description = Says when it is ready
author = Jane Doe

[options.entry_points]
localstack.extensions =
    my_announcer = announcer.extension:Announcer
other.group =
    nothing = nothing:Nothing
"""
PYPROJECT = """\
[project]
name = "localstack-extension-announcer"
version = "1.2.3"
description = "Says when it is ready"
authors = [{name = "Jane Doe"}]

[project.entry-points."localstack.extensions"]
my_announcer = "announcer.extension:Announcer"
"""
PKG_INFO = """\
Metadata-Version: 2.1
Name: localstack-extension-announcer
Version: 1.2.3
Summary: Says when it is ready
Author: Jane Doe
"""
ENTRY_POINTS = "[localstack.extensions]\nmy_announcer = announcer.extension:Announcer\n"


@pytest.fixture(autouse=True)
def restored_path() -> Iterator[None]:
    before = list(sys.path)
    yield
    sys.path[:] = before


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "announcer-project"
    folder.mkdir()
    return folder


def activate_one(folder: Path) -> EnabledProject:
    (enabled,) = activate([folder]).projects
    return enabled


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    "files",
    [
        {"setup.cfg": SETUP_CFG},
        {"pyproject.toml": PYPROJECT},
        {"pyproject.toml": "[build-system]\nrequires = []\n", "setup.cfg": SETUP_CFG},
        {"setup.py": "", "announcer.egg-info/PKG-INFO": PKG_INFO, "announcer.egg-info/entry_points.txt": ENTRY_POINTS},
        {"setup.py": "", "src/a.egg-info/PKG-INFO": PKG_INFO, "src/a.egg-info/entry_points.txt": ENTRY_POINTS},
        {"setup.py": "", "backend/a.egg-info/PKG-INFO": PKG_INFO, "backend/a.egg-info/entry_points.txt": ENTRY_POINTS},
    ],
    ids=["setup.cfg", "pyproject.toml", "both", "egg-info", "egg-info in src", "egg-info in backend"],
)
def test_the_extension_and_its_distribution_are_read(project: Path, files: dict[str, str]) -> None:
    write(project, files)
    enabled = activate_one(project)
    assert (enabled.path, enabled.name, enabled.version) == (project, "localstack-extension-announcer", "1.2.3")
    assert (enabled.summary, enabled.author) == ("Says when it is ready", "Jane Doe")
    assert [(e.name, e.value, e.group) for e in enabled.entry_points] == [
        ("my_announcer", "announcer.extension:Announcer", "localstack.extensions")
    ]


def test_the_seeds_way_to_write_an_entry_point_on_one_line_is_understood(project: Path) -> None:
    write(
        project, {"setup.cfg": "[options.entry_points]\nlocalstack.extensions = my_announcer = announcer:Announcer\n"}
    )
    enabled = activate_one(project)
    assert [(e.name, e.value) for e in enabled.entry_points] == [("my_announcer", "announcer:Announcer")]
    assert enabled.name == "announcer-project"


def test_a_version_that_stands_elsewhere_is_left_empty(project: Path) -> None:
    write(project, {"setup.cfg": SETUP_CFG.replace("1.2.3", "attr: announcer.__version__")})
    assert activate_one(project).version == ""


@pytest.mark.parametrize("layout", ["", "src/", "backend/"])
def test_the_code_is_imported_from_the_folder(project: Path, layout: str) -> None:
    package = f"announcer_{layout.strip('/') or 'flat'}"
    write(
        project,
        {
            "pyproject.toml": PYPROJECT.replace("announcer.ext", f"{package}.ext"),
            f"{layout}{package}/__init__.py": "",
            f"{layout}{package}/extension.py": "class Announcer: ...\n",
        },
    )
    (entry_point,) = activate_one(project).entry_points
    loaded = entry_point.load()
    assert sys.modules[loaded.__module__].__file__ == str(project / f"{layout}{package}" / "extension.py")


def test_the_environments_packages_come_last_and_host_modules_win(project: Path) -> None:
    write(project, {"setup.cfg": SETUP_CFG, "elsewhere/linked.py": "", "first/jumped_ahead.py": ""})
    packages = project / ".venv" / "lib" / PYTHON / "site-packages"
    write(
        packages,
        {
            "dependency.py": "",
            "json.py": "raise AssertionError('the host has its own')",
            "linked.pth": f"{project}/elsewhere\n",
            "rude.pth": f"import sys; sys.path.insert(0, {str(project / 'first')!r})\n",
        },
    )
    before = list(sys.path)
    enabled = activate_one(project)
    assert enabled.paths[:2] == (project, packages)
    assert set(enabled.paths[2:]) == {project / "elsewhere", project / "first"}
    assert sys.path == [*before, *map(str, enabled.paths)]


def test_a_module_that_another_folder_has_too_is_pointed_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        setup_cfg = SETUP_CFG.replace("localstack-ext", f"{folder.name}-ext").replace("announcer.ext", "twice_there:")
        write(folder, {"setup.cfg": setup_cfg, "twice_there.py": ""})
    assert len(activate(folders).projects) == 2
    (warning,) = caplog.messages
    assert warning.startswith(f"{folders[1]}/twice_there.py is hidden by {folders[0]}/twice_there.py, which is found")


@pytest.mark.parametrize("name", ["stat", "time"])
def test_a_module_that_python_has_built_in_is_pointed_out(
    project: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    write(project, {"setup.cfg": SETUP_CFG.replace("announcer.ext", f"{name}:"), f"{name}.py": ""})
    activate_one(project)
    (warning,) = caplog.messages
    assert warning.startswith(f"{project}/{name}.py is hidden by Python's own module {name}, which is found first")


def test_a_second_activation_of_the_same_folder_adds_nothing(project: Path) -> None:
    write(project, {"setup.cfg": SETUP_CFG})
    assert activate_one(project).paths == (project,)
    assert activate_one(project).paths == ()


def test_an_environment_of_another_python_is_left_out_with_a_warning(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = project / ".venv" / "lib" / "python3.8" / "site-packages"
    write(project, {"setup.cfg": SETUP_CFG})
    write(other, {"dependency.py": ""})
    assert activate_one(project).paths == (project,)
    (warning,) = caplog.messages
    assert "python3.8" in warning
    assert f"run `make clean install` in {project}" in warning


def test_an_environment_with_upstreams_code_is_left_out_with_a_warning(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What ``make install`` of LocalStack's own templates leaves when it was run where their packages are fetched."""
    packages = project / ".venv" / "lib" / PYTHON / "site-packages"
    write(project, {"setup.cfg": SETUP_CFG})
    write(packages, {"localstack_core-4.14.0.dist-info/INSTALLER": "pip\n", "localstack/more.py": ""})
    asked_for: list[Path] = []
    activate([project], lambda folder, requires: asked_for.append(folder))
    (warning,) = caplog.messages
    assert asked_for == [project]
    assert str(packages) not in sys.path
    assert f"the packages in {project}/.venv are left out: upstream's code is among them (localstack-core)" in warning
    assert f"`{project}/.venv/bin/python -m pip uninstall localstack-core`" in warning


def test_an_environment_with_stand_ins_is_used(project: Path) -> None:
    packages = project / ".venv" / "lib" / PYTHON / "site-packages"
    write(project, {"setup.cfg": SETUP_CFG})
    packages.mkdir(parents=True)
    write_stand_ins(packages)
    assert activate_one(project).paths == (project, packages)


def test_of_two_installs_the_later_one_counts(project: Path) -> None:
    for age, name in enumerate(("new", "old")):
        write(project, {f"{name}.egg-info/entry_points.txt": f"[localstack.extensions]\n{name} = {name}:Extension\n"})
        os.utime(project / f"{name}.egg-info" / "entry_points.txt", (1_000_000 - age, 1_000_000 - age))
    (entry_point,) = activate_one(project).entry_points
    assert entry_point.name == "new"


def test_an_entry_point_that_is_not_installed_yet_is_pointed_out(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(project, {"setup.cfg": SETUP_CFG, "a.egg-info/entry_points.txt": ENTRY_POINTS.replace("my_", "old_")})
    (entry_point,) = activate_one(project).entry_points
    assert entry_point.name == "old_announcer"
    assert "setup.cfg declares other extensions than the last install" in caplog.text


EXTENSION = (
    "from localstack.extensions.api import Extension\n\nclass Announcer(Extension):\n    name = 'my_announcer'\n"
)
SETUP_PY = (
    "from setuptools import find_packages, setup\nsetup(name='announcer', version='2', packages=find_packages(){})\n"
)
BY_HAND = ", entry_points={'localstack.extensions': ['my_announcer = announcer.extension:Announcer']}"


@pytest.mark.parametrize(
    ("files", "layout"),
    [
        ({"setup.py": SETUP_PY.format(BY_HAND)}, ""),
        ({"setup.py": SETUP_PY.format("")}, ""),
        ({"setup.py": SETUP_PY.format(f"{BY_HAND}, py_modules=['other']").replace("find_packages()", "[]")}, ""),
        ({"setup.cfg": "[metadata]\nname = announcer\nversion = 2\n[options]\npackages = find:\n"}, ""),
        ({"pyproject.toml": "[project]\nname = 'announcer'\nversion = '2'\n"}, "src/"),
    ],
    ids=[
        "setup.py",
        "setup.py, a class",
        "setup.py without packages",
        "setup.cfg, a class",
        "pyproject.toml, a class in src",
    ],
)
def test_what_only_a_build_finds_is_found(project: Path, files: dict[str, str], layout: str) -> None:
    package = f"{layout}announcer"
    write(project, {**files, f"{package}/__init__.py": "", f"{package}/extension.py": EXTENSION})
    enabled = activate_one(project)
    assert (enabled.name, enabled.version) == ("announcer", "2")
    assert [(e.name, e.value) for e in enabled.entry_points] == [("my_announcer", "announcer.extension:Announcer")]


def test_what_only_a_build_knows_of_the_requirements_is_found(project: Path) -> None:
    dynamic = PYPROJECT.replace('version = "1.2.3"', 'dynamic = ["version", "dependencies"]')
    tool = "[tool.setuptools]\npy-modules = []\ndynamic = {version = {file = 'v'}, dependencies = {file = 'r'}}\n"
    write(project, {"pyproject.toml": f"{dynamic}\n{tool}", "v": "1.2.3", "r": "click>=8\n"})
    enabled = activate_one(project)
    assert (enabled.version, enabled.requires) == ("1.2.3", ("click>=8",))


def test_a_setup_py_that_fails_is_pointed_out(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(project, {"setup.py": "raise RuntimeError('no compiler')\n"})
    assert activate([project]).projects == ()
    (message,) = caplog.messages
    assert message == f"the enabled folder {project} can't be read: RuntimeError: no compiler"


def test_problems_of_one_folder_do_not_stop_the_others(
    project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(project, {"setup.cfg": SETUP_CFG})
    write(
        tmp_path, {"empty/setup.py": "", "broken/pyproject.toml": "[project\n", "odd/pyproject.toml": "project = 1\n"}
    )
    write(tmp_path, {"bare/bare.py": "raise AssertionError('nobody said that it is to be run')\n"})
    write(tmp_path, {"half/half.egg-info/entry_points.txt": "[localstack.extensions]\nno equals sign\n"})
    folders = [tmp_path / name for name in ("gone", "empty", "broken", "odd", "half", "bare")]
    before = len(sys.path)
    assert [enabled.path for enabled in activate([*folders, project]).projects] == [project]
    assert len(sys.path) == before + 1
    gone, empty, broken, odd, half, bare = caplog.messages
    assert f"{folders[0]} is gone" in gone
    assert f"localstack extensions dev disable {folders[0]}" in gone
    assert f"{folders[1]} declares no extension; run `make install` in it" in empty
    assert f"{folders[2]}/pyproject.toml: " in broken
    assert f"{folders[3]}/pyproject.toml: project is no table" in odd
    assert f"{folders[4]}/half.egg-info/entry_points.txt: a line has no '='" in half
    assert f"{folders[5]} declares no extension; run `make install` in it" in bare
    assert [one.name for one in folders[5].iterdir()] == ["bare.py"]


def test_of_two_folders_of_one_name_the_second_is_refused(project: Path, tmp_path: Path) -> None:
    """As two worktrees of one repository are."""
    write(project, {"pyproject.toml": PYPROJECT})
    write(tmp_path / "copy", {"pyproject.toml": PYPROJECT.replace("localstack-ext", "localstack_Ext")})
    before = list(sys.path)
    activation = activate([project, tmp_path / "copy"])
    assert [one.path for one in activation.projects] == [project]
    assert sys.path == [*before, str(project)]
    (reason,) = activation.refused.values()
    assert f"as {project} is; `localstack extensions dev disable {project}` lets it run" in reason


def test_an_editable_install_without_egg_info_is_found(project: Path) -> None:
    """What pip leaves when it builds without isolation: metadata in the environment that points back."""
    write(
        project / ".venv" / "lib" / PYTHON / "site-packages",
        {
            "announcer-1.2.3.dist-info/METADATA": PKG_INFO,
            "announcer-1.2.3.dist-info/entry_points.txt": ENTRY_POINTS,
            "announcer-1.2.3.dist-info/direct_url.json": f'{{"url": "{project.as_uri()}"}}',
            "other-1.dist-info/entry_points.txt": ENTRY_POINTS.replace("my_", "other_"),
            "other-1.dist-info/direct_url.json": '{"url": "file:///elsewhere"}',
        },
    )
    enabled = activate_one(project)
    assert enabled.name == "localstack-extension-announcer"
    assert [entry_point.name for entry_point in enabled.entry_points] == ["my_announcer"]


def test_the_banner_is_the_documented_one_with_the_real_paths() -> None:
    assert banner([Path("/home/jane/my-localstack-extension"), Path("/srv/other")]) == (
        "==================================================\n"
        "👷 LocalStack extension developer mode enabled 🏗\n"
        "- mounting extension /home/jane/my-localstack-extension\n"
        "- mounting extension /srv/other\n"
        "Resuming normal execution, ...\n"
        "=================================================="
    )


def test_the_banner_is_printed_without_extensions_too() -> None:
    assert banner([]).splitlines()[1:-1] == [
        "👷 LocalStack extension developer mode enabled 🏗",
        "Resuming normal execution, ...",
    ]


def test_developer_mode_imports_nothing_slow() -> None:
    code = (
        "import sys, localstack.host.dev.activation, localstack.host.dev.registry; "
        "sys.exit(bool({'cookiecutter', 'setuptools', 'moto', 'boto3', 'botocore', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
