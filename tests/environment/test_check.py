"""``localstack extensions check``: what an extension uses, read from its text and compared with the contract."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project, build
from localstack.host.environment.compatibility import Colour, Compatibility
from localstack.host.environment.contract import Contract
from localstack.host.environment.usage import Use, UseKind, uses_of
from platforms import Home

EXTENSION = """\
from localstack.extensions.api import Extension

class TheExtension(Extension):
    name = "checked"
"""


def write_wheel(folder: Path, files: Mapping[str, str], name: str = "checked", requires: str = "") -> Path:
    """A wheel of these modules, whose entry point is in ``checked_ext.extension``."""
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    requirement = f"Requires-Dist: {requires}\n" if requires else ""
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requirement}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[localstack.extensions]\nentry = checked_ext.extension:TheExtension\n",
    }
    if name != "checked":
        del metadata[f"{info}/entry_points.txt"]
    everything = {**files, **metadata}
    everything[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*everything, f"{info}/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for entry, text in everything.items():
            archive.writestr(entry, text)
    return path


def checked(installer: Installer, extension: str, **more: str) -> Compatibility:
    """What a check of a wheel finds; ``more`` are further modules of ``checked_ext`` by name."""
    files = {"checked_ext/__init__.py": "", "checked_ext/extension.py": extension + EXTENSION}
    files |= {f"checked_ext/{name}.py": text for name, text in more.items()}
    wheel = write_wheel(installer.home.path / "built", files)
    return installer.environment.check(str(wheel), installer.home.path)


def run_check(installer: Installer, name: str) -> tuple[int, dict[str, Any]]:
    run = installer.run("check", name, "--format", "json")
    assert "Traceback" not in run.stderr
    printed = json.loads(run.stdout)
    return run.returncode, {**printed, **(printed["checks"][0] if printed["checks"] else {})}


def places(result: Mapping[str, Any]) -> list[str]:
    return [f"{one['colour']} {one['file']}:{one['line']} {one['name']}" for one in result["findings"]]


def test_an_extension_of_the_index_is_green_and_nothing_is_installed(installer: Installer) -> None:
    printed = installer.run("check", "leanto-test-greeter")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout == "leanto-test-greeter 0.1.0 is green: this host has all that it uses\n"
    assert not installer.home.volume.exists()


def test_what_is_missing_at_import_is_red_with_its_name_and_line(installer: Installer) -> None:
    text = "from localstack.utils.net import get_free_tcp_port, no_such\nimport localstack.nowhere.deep\n"
    wheel = write_wheel(installer.home.path / "built", {"checked_ext/extension.py": text})
    code, result = run_check(installer, str(wheel))
    assert code == 3
    assert (result["colour"], result["status"], result["error"]["code"]) == ("red", "error", "incompatible")
    assert places(result) == [
        "red checked_ext/extension.py:1 localstack.utils.net.no_such",
        "red checked_ext/extension.py:2 localstack.nowhere.deep",
    ]


def test_amber_is_no_failure(installer: Installer) -> None:
    files = {"checked_ext/extension.py": "def later():\n    import localstack.nowhere\n"}
    printed = installer.run("check", str(write_wheel(installer.home.path / "built", files)))
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout.splitlines()[1] == "  amber  checked_ext/extension.py:2: localstack.nowhere (in a function)"


def test_people_read_the_same(installer: Installer) -> None:
    wheel = write_wheel(installer.home.path / "built", {"checked_ext/extension.py": "import localstack.nowhere\n"})
    printed = installer.run("check", str(wheel))
    assert printed.returncode == 3
    assert printed.stdout.splitlines() == [
        "checked 1.0 is red: it can't be loaded, because this host does not have all that it imports",
        "  red    checked_ext/extension.py:1: localstack.nowhere",
    ]
    assert printed.stderr.startswith("❌ Error: checked 1.0 can't be loaded by this host: 1 name is missing\n")


@pytest.mark.parametrize(
    "text",
    [
        "def later():\n    from localstack.nowhere import x\n",
        "later = lambda: __import__('localstack.nowhere')\n",
        "try:\n    import localstack.nowhere\nexcept ImportError:\n    pass\n",
        "try:\n    import localstack.nowhere\nexcept (ValueError, ModuleNotFoundError):\n    pass\n",
        "try:\n    from localstack.config import NOWHERE\nexcept Exception:\n    pass\n",
        "from localstack import config\ntry:\n    config.NOWHERE\nexcept AttributeError:\n    pass\n",
        "from contextlib import suppress\nwith suppress(ImportError):\n    import localstack.nowhere\n",
        "if __name__ == '__main__':\n    import localstack.nowhere\n",
        "try:\n    import localstack.config\nexcept ImportError:\n    import localstack_ext.nowhere\n",
    ],
)
def test_what_may_be_missing_later_is_amber(installer: Installer, text: str) -> None:
    found = checked(installer, text)
    assert found.colour is Colour.AMBER
    assert [one.colour for one in found.findings] == [Colour.AMBER]


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import localstack.nowhere\nexcept ValueError:\n    pass\n",
        "try:\n    import localstack.nowhere\nfinally:\n    pass\n",
        "try:\n    from localstack.config import NOWHERE\nexcept ModuleNotFoundError:\n    pass\n",
        "try:\n    import localstack.nowhere\nexcept ImportError:\n    import localstack_ext.nowhere\n",
        "from localstack import config as settings\nVALUE = settings.NOWHERE\n",
        "import localstack.config\nVALUE = localstack.config.NOWHERE\n",
        "import localstack.utils.net as net\ndef f(port=net.NOWHERE): pass\n",
        "import localstack.utils.net as net\nclass X(net.Nowhere): pass\n",
        "import importlib\nimportlib.import_module('localstack.nowhere')\n",
        "from localstack.nowhere import *\n",
        "from . import extension\nfrom .lost import x\n",
        "from .broken import x\n",
        "from .indirect import x\n",
        "import brought_by_nobody\n",
    ],
)
def test_what_importing_is_sure_to_meet_is_red(installer: Installer, text: str) -> None:
    found = checked(
        installer,
        text,
        broken="def (:\n",
        indirect="from .deeper import x\n",
        deeper="import localstack.nowhere\nx = 1\n",
    )
    assert found.colour is Colour.RED


@pytest.mark.parametrize(
    "text",
    [
        "from localstack import config\nconfig.NEW_SETTING = 1\n",
        "from localstack import config\ndef f(config):\n    return config.bind\n",
        "from localstack import config\ndef f():\n    config = object()\n    return config.bind\n",
        "from localstack import config\nNAMES = [config.bind for config in ()]\n",
        "from localstack import config\nclass X:\n    config = None\nconfig.DEBUG\n",
        "from localstack.config import dirs\nX = dirs.data.name\n",
        "from localstack import config\nX = config.__name__\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from localstack.nowhere import X\n",
        "import localstack.utils.net as net\nfrom localstack.sdk.aws import AWSClient\n",
        "from localstack.utils.net import *\n",
        "try:\n    import brought_by_nobody\nexcept ImportError:\n    pass\n",
        "import yaml, rolo, sqlite3.dbapi2\n",
    ],
)
def test_what_is_no_use_of_something_missing_is_green(installer: Installer, text: str) -> None:
    assert checked(installer, text).findings == ()


def test_code_that_nests_deeply_is_read(installer: Installer) -> None:
    many = 900
    text = f"TOTAL = {' + '.join(['1'] * many)}\nif TOTAL == 0:\n    pass\n" + "elif TOTAL == 1:\n    pass\n" * many
    assert checked(installer, text).colour is Colour.GREEN


def test_annotations_count_only_where_they_are_evaluated(installer: Installer) -> None:
    text = "from localstack.extensions.api import http\ndef f(x: http.Nowhere) -> None: ...\n"
    assert checked(installer, text).colour is Colour.RED
    assert checked(installer, "from __future__ import annotations\n" + text).colour is Colour.GREEN


def test_modules_that_loading_does_not_import_make_nothing_red(installer: Installer) -> None:
    found = checked(installer, "", cli="import localstack_cli.nowhere\n", other="import something_else\n")
    assert found.colour is Colour.AMBER
    assert [one.reason for one in found.findings] == ["in a module that loading does not import"]


def test_what_an_extension_brings_along_is_read_too(installer: Installer, index: LocalIndex) -> None:
    index.add(
        write_wheel(
            installer.home.path / "b", {"helping/__init__.py": "import localstack.nowhere\n"}, "localstack-test-base"
        )
    )
    index.add(
        write_wheel(
            installer.home.path / "a",
            {"checked_ext/extension.py": "import helping\n"},
            requires="localstack-test-base>=1",
        )
    )
    code, result = run_check(installer, "checked")
    assert code == 3
    assert places(result) == ["red helping/__init__.py:1 localstack.nowhere"]


def test_a_library_is_there_when_a_requirement_brings_it(installer: Installer, index: LocalIndex) -> None:
    """By its name, or else by what is in it: here in the requirement of a requirement."""
    folder = installer.home.path / "built"
    index.add(write_wheel(folder, {"deep_things/__init__.py": ""}, "leanto-test-far"))
    index.add(write_wheel(folder, {"near/__init__.py": ""}, "leanto-test-near", requires="leanto-test-far"))
    texts = {"import deep_things\n": 0, "import leanto_test_near.x\n": 0, "import shallow_things\n": 3}
    for text, expected in texts.items():
        wheel = write_wheel(folder, {"checked_ext/extension.py": text}, requires="leanto-test-near")
        code, result = run_check(installer, str(wheel))
        assert code == expected, result
    assert places(result) == ["red checked_ext/extension.py:1 shallow_things, which nothing brings"]


def test_a_folder_and_a_source_archive_are_read_as_they_are(installer: Installer, tmp_path: Path) -> None:
    project = Project("leanto-test-source").write(tmp_path / "project")
    (project / "setup.py").write_text("raise SystemExit('nobody runs this')\n")
    (project / "leanto_test_source" / "extension.py").write_text("import localstack.nowhere\n")
    with tarfile.open(tmp_path / "leanto_test_source-0.1.0.tar.gz", "w:gz") as archive:
        archive.add(project, "leanto_test_source-0.1.0")
    for source in (f"file://{project}", str(tmp_path / "leanto_test_source-0.1.0.tar.gz")):
        code, result = run_check(installer, source)
        assert code == 3
        assert places(result) == ["red leanto_test_source/extension.py:1 localstack.nowhere"]
        assert result["notes"] == ["read as it is: a build, which runs its author's code, may add to it"]


def test_a_git_repository_is_read_at_the_revision_that_is_named(installer: Installer, tmp_path: Path) -> None:
    project = Project("leanto-test-git").write(tmp_path / "repository" / "sub")
    git = ["git", "-C", str(tmp_path / "repository"), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch", "main"], check=True)
    for tag, text in (("good", ""), ("bad", "import localstack.nowhere\n")):
        (project / "leanto_test_git" / "extension.py").write_text(text + EXTENSION)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", tag], check=True)
        subprocess.run([*git, "tag", tag], check=True)
    url = f"git+file://{tmp_path}/repository"
    codes = {tag: run_check(installer, f"{url}{tag}#subdirectory=sub")[0] for tag in ("@good", "@bad", "")}
    assert codes == {"@good": 0, "@bad": 3, "": 3}
    refused = installer.run("check", f"{url}@nowhere#subdirectory=sub")
    assert refused.returncode == 1
    assert "❌ Error: Error while checking extension: the repository can't be fetched: " in refused.stderr


def test_a_release_without_a_wheel_is_not_built_to_be_read(
    installer: Installer, index: LocalIndex, wheels: Path, tmp_path: Path
) -> None:
    index.add(Project("leanto-test-mixed", "1.0").wheel(tmp_path))
    newer = Project("leanto-test-mixed", "2.0").write(tmp_path / "newer")
    (newer / "setup.py").write_text("from setuptools import setup\n\nsetup()\n")
    index.add(build(newer, tmp_path, "sdist"))
    code, result = run_check(installer, "leanto-test-mixed")
    assert (code, result["error"]["code"]) == (4, "source-only")
    assert result["error"]["message"].startswith("leanto-test-mixed 2.0 is published as source alone")
    assert run_check(installer, "leanto-test-mixed<2")[0] == 0
    assert run_check(installer, "leanto-test-mixed==2.0")[0] == 4


def test_the_release_is_read_that_installing_takes(installer: Installer, index: LocalIndex, tmp_path: Path) -> None:
    """The newest that can be had beside what the host has."""
    index.add(Project("leanto-test-moved", "1.0").wheel(tmp_path))
    for version in ("2.0", "2.1"):
        index.add(Project("leanto-test-moved", version, requires=("werkzeug<2",)).wheel(tmp_path))
    code, result = run_check(installer, "leanto-test-moved")
    assert (code, result["version"]) == (0, "1.0")
    (note,) = result["notes"]
    assert note.startswith("not the newest: leanto-test-moved==2.1 needs werkzeug<2, this host has werkzeug 3.")
    planned = installer.run("install", "--dry-run", "leanto-test-moved").stdout
    assert "+ leanto-test-moved 1.0" in planned


def test_what_can_not_be_had_beside_the_host_is_a_conflict(
    installer: Installer, index: LocalIndex, tmp_path: Path
) -> None:
    project = Project("leanto-test-future", requires=("localstack>=5", "leanto-test-greeter"))
    wheel = project.wheel(tmp_path)
    index.add(wheel)
    folder = tmp_path / f"{project.distribution}-{project.version}-source"
    for name in (project.distribution, f"{project.distribution}==0.1.0", str(wheel), f"file://{folder}"):
        code, result = run_check(installer, name)
        assert (code, result["error"]["code"]) == (2, "conflict")
        message = "leanto-test-future==0.1.0 needs localstack>=5, this host provides localstack 4."
        assert message in result["error"]["message"]


def test_what_brings_no_extension_is_said_to(installer: Installer, index: LocalIndex, tmp_path: Path) -> None:
    index.add(Project("leanto-test-library", plugin=None).wheel(tmp_path))
    printed = installer.run("check", "leanto-test-library")
    assert printed.stdout.splitlines()[1].startswith("  note   it brings no extension itself: it has no entry point")


def test_an_installed_extension_is_checked_where_it_is(installer: Installer, index: LocalIndex) -> None:
    assert installer.run("install", "leanto-test-greeter").returncode == 0
    index.requested.clear()
    module = installer.site_packages / "leanto_test_greeter" / "extension.py"
    module.write_text("import localstack.nowhere\n" + module.read_text())
    for name in ("greeter", "leanto-test-greeter"):
        code, result = run_check(installer, name)
        assert code == 3
        assert places(result) == ["red leanto_test_greeter/extension.py:1 localstack.nowhere"]
    assert index.requested == []


@pytest.mark.parametrize("is_local", [True, False], ids=["local", "index"])
def test_a_plan_tells_the_colour_where_it_is_not_green(
    installer: Installer, index: LocalIndex, tmp_path: Path, is_local: bool
) -> None:
    colours = {
        "amber": "def later():\n    import localstack.nowhere\n",
        "red": "import localstack.nowhere\n",
        "green": "",
    }
    for colour, text in colours.items():
        project = Project(f"leanto-test-{colour}", plugin=colour)
        module = project.write(tmp_path / colour) / project.module / "extension.py"
        module.write_text(text + module.read_text())
        wheel = build(tmp_path / colour, tmp_path, "wheel")
        index.add(wheel)
        name = str(wheel) if is_local else project.distribution
        planned = installer.run("install", "--dry-run", name)
        assert planned.returncode == 0
        notes = [line for line in planned.stdout.splitlines() if line.startswith("Note: ")]
        assert [note.partition(":")[2].partition(":")[0] for note in notes] == (
            [] if colour == "green" else [f" leanto-test-{colour} 0.1.0 is {colour}"]
        )
    amber = json.loads(installer.run("install", "leanto-test-amber", "-f", "json").stdout)
    assert amber["status"] == "ok"
    assert any(note.startswith("leanto-test-amber 0.1.0 is amber: ") for note in amber["notes"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("leanto-test-nowhere", "Could not resolve package leanto-test-nowhere"),
        ("./nowhere.whl", "nowhere.whl does not exist"),
        ("https://127.0.0.1/x-1.0.tar.gz", "https://127.0.0.1/x-1.0.tar.gz is published as source alone"),
        ("-x", "looks like an option"),
    ],
)
def test_what_can_not_be_read_is_one_sentence(installer: Installer, name: str, message: str) -> None:
    refused = installer.run("check", "--", name)
    assert refused.returncode in (1, 4)
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


def test_files_that_are_no_archives_are_named(installer: Installer, tmp_path: Path) -> None:
    for name in ("x-1.0-py3-none-any.whl", "x-1.0.tar.gz", "x-1.0.zip"):
        (tmp_path / name).write_text("no archive")
        refused = installer.run("check", str(tmp_path / name))
        assert refused.returncode == 1
        assert f"❌ Error: {tmp_path / name} can't be read: " in refused.stderr


def test_every_name_of_the_contract_is_there_for_the_check() -> None:
    contract = Contract.load()
    for module, names in contract.names.items():
        text = "".join(f"from {module} import {name}\n" for name in names)
        uses = uses_of(text.encode(), "x", is_package=False, is_missing=lambda _use: False)
        assert [use.full_name for use in uses] == [f"{module}.{name}" for name in names]
        assert all(contract.has_name(module, name) for name in names)
    assert not contract.has_name("localstack.config", "NOWHERE")
    assert Use(UseKind.MODULE, "a.b", "", 1, "").full_name == "a.b"


@pytest.mark.index
@pytest.mark.parametrize("name", ["hello-world", "mailhog", "miniflare", "typedb", "platform-observability"])
def test_the_colour_is_what_an_installation_meets(package_index: None, home: Home, name: str) -> None:
    """Red where the import of the published extension fails, and nowhere else."""
    distribution = f"localstack-extension-{name}"
    colour = json.loads(home.run("extensions", "check", distribution, "-f", "json").stdout)["checks"][0]["colour"]
    installed = home.run("extensions", "install", distribution)
    assert (colour == "red") == ("can't be imported" in installed.stderr), installed.stderr
