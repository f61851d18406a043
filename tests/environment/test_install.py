"""Installing, listing and removing extensions, from every kind of source."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project, build, write_seed_project
from localstack.host.environment.change import Outcome
from localstack.host.environment.provided import PROVIDED_NAMES
from localstack.host.errors import InstallError, NotInstalledError
from localstack.host.version import LOCALSTACK_VERSION


def run_python(installer: Installer, code: str) -> str:
    command = [str(installer.venv / "bin" / "python"), "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=installer.environ).stdout


def git(*arguments: str, folder: Path) -> None:
    identity = ("-c", "user.email=jane@example.com", "-c", "user.name=Jane", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    if not (folder / ".git").exists():
        git("init", folder=folder)
    git("add", ".", folder=folder)
    git("commit", "-m", "change", folder=folder)


def test_an_extension_is_installed_by_name_and_listed(installer: Installer, greeter: Path) -> None:
    digest = hashlib.sha256(greeter.read_bytes()).hexdigest()
    provided = f"localstack {LOCALSTACK_VERSION}, localstack-core {LOCALSTACK_VERSION}, plux {version('plux')}"
    result = installer.install("leanto-test-greeter")
    assert result.outcome is Outcome.CHANGED
    assert installer.lines == [
        "Checking installed extensions",
        "Installing extension",
        f"  + leanto-test-greeter 0.1.0 ({greeter.stat().st_size / 1000:.1f} kB, sha256 {digest[:12]})",
        f"  = provided by the host: {provided}",
        "Extension successfully installed",
        "Extension installation completed",
    ]
    (extension,) = installer.environment.installed()
    assert (extension.name, extension.entry_point) == ("greeter", "entry")
    assert extension.factory == "leanto_test_greeter.extension:TheExtension"
    one = extension.distribution
    assert (one.name, one.version, one.summary, one.author) == ("leanto-test-greeter", "0.1.0", "Greets", "Jane Doe")


def test_upstreams_distributions_are_never_asked_for_though_the_index_has_them(
    installer: Installer, index: LocalIndex
) -> None:
    cache = installer.home.path / "empty-cache"
    installer.environ["UV_CACHE_DIR"] = str(cache)
    installer.install("leanto-test-greeter")  # requires localstack and localstack-core
    assert index.names_asked_for() == {"leanto-test-greeter"}
    cached = {path.name for path in cache.rglob("localstack*.dist-info")}
    assert cached == {f"localstack-{LOCALSTACK_VERSION}.dist-info", f"localstack_core-{LOCALSTACK_VERSION}.dist-info"}
    assert not list(cache.rglob("localstack*/**/*.py"))
    names = ", ".join(map(repr, PROVIDED_NAMES))
    versions = run_python(installer, f"from importlib.metadata import version\nfor n in ({names}): print(version(n))")
    assert versions.split() == [LOCALSTACK_VERSION] * 4


def test_upstreams_distributions_are_not_fetched_to_build_either(installer: Installer, tmp_path: Path) -> None:
    needs_it = Project("leanto-test-builder", build_requires=("setuptools", "localstack-core>=98")).write(
        tmp_path / "p"
    )
    del installer.environ["UV_NO_BUILD_ISOLATION"]
    with pytest.raises(InstallError, match="localstack-core>=98"):
        installer.install(needs_it)


def test_what_the_host_has_is_not_installed_again(installer: Installer, index: LocalIndex, wheels: Path) -> None:
    index.add(Project("leanto-test-hungry", requires=("click", "moto[s3]", "leanto-test-waver")).wheel(wheels))
    installer.install("leanto-test-hungry")
    assert index.names_asked_for() == {"leanto-test-hungry", "leanto-test-waver"}
    assert not (installer.site_packages / "click").exists()
    seen = run_python(
        installer, "import leanto_test_waver, click, moto, localstack.extensions.api; print(click.__file__)"
    )
    assert str(installer.home.volume) not in seen


def test_the_environment_has_the_documented_layout(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    assert {"bin", "include", "lib", "pyvenv.cfg"} <= {path.name for path in installer.venv.iterdir()}
    assert run_python(installer, "import sys; print(sys.prefix)").strip() == str(installer.venv)


def test_an_older_release_is_taken_where_the_newest_does_not_fit_the_host(
    installer: Installer, index: LocalIndex, wheels: Path
) -> None:
    index.add(Project("leanto-test-aging", "1.0").wheel(wheels))
    index.add(Project("leanto-test-aging", "2.0", requires=("werkzeug<2",)).wheel(wheels))
    installer.install("leanto-test-aging")
    assert installer.environment.installed()[0].distribution.version == "1.0"


def test_installing_again_changes_nothing(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    before = installer.state()
    installer.lines.clear()
    for text in (
        "leanto-test-greeter",
        "Leanto_Test.Greeter",
        "'leanto-test-greeter==0.1.0'",
        "leanto-test-greeter>=0.1",
    ):
        assert installer.install(text).outcome is Outcome.UNCHANGED
    assert installer.lines[1] == "Extension leanto-test-greeter (0.1.0 by Jane Doe) already installed"
    assert installer.state() == before


def test_a_release_is_found_at_once(installer: Installer, index: LocalIndex, tmp_path: Path) -> None:
    installer.install("leanto-test-waver")
    index.add(Project("leanto-test-waver", "0.2.0").wheel(tmp_path))  # though uv remembers the index as it was
    installer.install("leanto-test-waver==0.2.0")
    assert installer.environment.installed()[0].distribution.version == "0.2.0"


def test_another_version_replaces_the_installed_one(installer: Installer, index: LocalIndex, wheels: Path) -> None:
    index.add(Project("leanto-test-greeter", "0.2.0").wheel(wheels))
    installer.install("leanto-test-greeter==0.1.0")
    assert installer.install("leanto-test-greeter==0.2.0").outcome is Outcome.CHANGED
    assert [one.distribution.version for one in installer.environment.installed()] == ["0.2.0"]


def test_an_extra_may_bring_the_extension(installer: Installer, index: LocalIndex, tmp_path: Path) -> None:
    folder = Project("leanto-test-bundle", plugin=None).write(tmp_path / "bundle")
    described = (folder / "pyproject.toml").read_text()
    extra = "[project.optional-dependencies]\nall = ['leanto-test-greeter', 'leanto-test-waver']\n\n"
    (folder / "pyproject.toml").write_text(described.replace("[tool.setuptools]", extra + "[tool.setuptools]"))
    index.add(build(folder, tmp_path, "wheel"))
    installer.install("leanto-test-bundle[all]")
    assert installer.plugin_names() == ["greeter", "waver"]
    with pytest.raises(InstallError, match="came with leanto-test-bundle"):
        installer.uninstall("greeter")
    installer.uninstall("leanto-test-bundle")
    assert installer.plugin_names() == []


def test_a_second_extension_leaves_the_first_in_place(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    installer.install("leanto-test-waver")
    assert installer.plugin_names() == ["greeter", "waver"]
    installer.uninstall("leanto-test-greeter")
    assert installer.plugin_names() == ["waver"]


@pytest.mark.parametrize("name", ["leanto-test-greeter", "Leanto_Test.greeter", "greeter"])
def test_uninstalling_takes_the_distribution_or_the_plugin_name(installer: Installer, name: str) -> None:
    installer.install("leanto-test-greeter")
    installer.lines.clear()
    installer.uninstall(name)
    assert installer.lines[-3:] == [
        "Uninstalling extension leanto-test-greeter (0.1.0)",
        "  - leanto-test-greeter 0.1.0",
        "Extension successfully uninstalled",
    ]
    assert installer.plugin_names() == []
    assert not (installer.site_packages / "leanto_test_greeter").exists()


def test_what_another_extension_requires_stays(installer: Installer, index: LocalIndex, wheels: Path) -> None:
    index.add(Project("leanto-test-pair", requires=("leanto-test-waver",), plugin="pair").wheel(wheels))
    installer.install("leanto-test-waver")
    installer.install("leanto-test-pair")
    installer.uninstall("waver")
    assert installer.lines[-1].startswith("Note: leanto-test-waver stays")
    assert installer.plugin_names() == ["pair", "waver"]


def test_uninstalling_asks_no_index(installer: Installer, index: LocalIndex) -> None:
    installer.install("leanto-test-greeter")
    installer.install("leanto-test-waver")
    index.requested.clear()
    installer.uninstall("waver")
    assert index.requested == []
    assert installer.plugin_names() == ["greeter"]


def test_a_local_wheel_is_installed_beside_others_without_asking_an_index(
    installer: Installer, index: LocalIndex, waver: Path
) -> None:
    installer.install("leanto-test-greeter")
    index.requested.clear()
    installer.install(waver)
    assert index.requested == []
    assert installer.plugin_names() == ["greeter", "waver"]


def test_uninstalling_what_is_not_there_says_so(installer: Installer) -> None:
    with pytest.raises(NotInstalledError, match="Extension nothing is not installed"):
        installer.uninstall("nothing")
    assert not installer.home.volume.exists()
    with pytest.raises(NotInstalledError, match=r"Extension git\+https://\*\*\*@example.com/x is not installed"):
        installer.uninstall("git+https://jane:geheim@example.com/x")


@pytest.mark.parametrize("kind", ["sdist", "wheel"])
def test_the_documented_extension_is_installed_from_a_relative_file_url(
    installer: Installer, index: LocalIndex, kind: str
) -> None:
    project = write_seed_project(installer.home.path / "announcer")
    built = build(project, installer.home.path, kind)
    installer.install(f"file://./{built.name}")
    built.unlink()
    (extension,) = installer.environment.installed()
    assert extension.name == "my_ready_annoucer"
    assert extension.distribution.name == "localstack-extension-ready-announcer"
    assert index.requested == []
    installer.install("leanto-test-greeter")  # though the file is gone
    assert installer.plugin_names() == ["greeter", "my_ready_annoucer"]


@pytest.mark.parametrize("text", ["file://.", "file://{}", ".", "./", "{}", "file:."])
def test_a_folder_is_installed_in_each_spelling(installer: Installer, text: str, tmp_path: Path) -> None:
    project = Project("leanto-test-folder", plugin="folder").write(tmp_path / "a project")
    spelling = text.format(str(project).replace(" ", "%20" if "file" in text else " "))
    installer.environment.install(spelling, project, installer.reporter)
    assert installer.plugin_names() == ["folder"]


def test_a_folder_with_nothing_but_the_documented_setup_cfg_is_installed(installer: Installer) -> None:
    project = write_seed_project(installer.home.path / "announcer", setup_py=None)
    installer.install("./announcer")
    assert installer.plugin_names() == ["my_ready_annoucer"]
    assert sorted(path.name for path in project.iterdir()) == ["localstack_annoucer", "setup.cfg"]


def test_links_that_lead_nowhere_do_not_hinder_a_folder(installer: Installer) -> None:
    project = write_seed_project(installer.home.path / "announcer", setup_py=None)
    (project / ".#setup.cfg").symlink_to("jane@desk.4711:1700000000")  # how an editor locks a file
    (project / "data").symlink_to("/nowhere")
    installer.install("./announcer")
    assert installer.plugin_names() == ["my_ready_annoucer"]


def test_a_folder_is_built_again_only_after_it_changed(installer: Installer, tmp_path: Path) -> None:
    project = Project("leanto-test-folder", plugin="folder").write(tmp_path / "project")
    installer.install(project)
    assert installer.install(project).outcome is Outcome.UNCHANGED
    (project / "leanto_test_folder" / "__init__.py").write_text("VERSION = 'changed'\n")
    assert installer.install(project).outcome is Outcome.CHANGED
    assert run_python(installer, "import leanto_test_folder as f; print(f.VERSION)").strip() == "changed"


def test_a_git_repository_is_installed_as_the_documentation_writes_it(installer: Installer, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    Project("leanto-test-stripe", plugin="localstripe").write(repository / "stripe")
    commit(repository)
    text = f"git+file://{repository}/#egg=leanto_tests_stripe&subdirectory=stripe"
    installer.install(text)  # egg is not quite its name, as in the documentation
    assert installer.plugin_names() == ["localstripe"]
    assert installer.install(text).outcome is Outcome.UNCHANGED


def test_a_git_extension_moves_on_only_when_it_is_asked_for(installer: Installer, tmp_path: Path) -> None:
    repository = Project("leanto-test-stripe", plugin="localstripe").write(tmp_path / "repository")
    commit(repository)
    text = f"leanto-test-stripe @ git+file://{repository}"
    installer.install(text)
    (repository / "leanto_test_stripe" / "__init__.py").write_text("VERSION = 'newer'\n")
    commit(repository)
    code = "import leanto_test_stripe as s; print(s.VERSION)"
    installer.install("leanto-test-greeter")
    assert run_python(installer, code).strip() == "0.1.0"
    assert installer.install(text).outcome is Outcome.CHANGED
    assert run_python(installer, code).strip() == "newer"


def test_a_branch_of_a_git_repository_is_installed(installer: Installer, tmp_path: Path) -> None:
    repository = Project("leanto-test-stripe", plugin="localstripe").write(tmp_path / "repository")
    commit(repository)
    git("checkout", "-b", "fix/one", folder=repository)
    (repository / "leanto_test_stripe" / "__init__.py").write_text("VERSION = 'branch'\n")
    commit(repository)
    git("checkout", "main", folder=repository)
    installer.install(f"git+file://{repository}@fix/one#egg=leanto-test-stripe")
    assert run_python(installer, "import leanto_test_stripe as s; print(s.VERSION)").strip() == "branch"


def test_settings_made_for_pip_are_honoured(installer: Installer, index: LocalIndex) -> None:
    del installer.environ["UV_DEFAULT_INDEX"]
    installer.environ |= {"PIP_INDEX_URL": index.url, "PIP_FIND_LINKS": "/nowhere/at/all"}
    installer.install("leanto-test-greeter")
    assert index.names_asked_for() == {"leanto-test-greeter"}


def test_a_project_around_the_current_folder_has_no_say(installer: Installer) -> None:
    (installer.home.path / "uv.toml").write_text(
        'index-url = "http://127.0.0.1:1"\nconstraint-dependencies = ["plux<1"]\n'
    )
    installer.install("leanto-test-greeter")
    assert installer.plugin_names() == ["greeter"]


def test_another_version_in_the_hosts_environment_is_pointed_out(
    installer: Installer, index: LocalIndex, wheels: Path
) -> None:
    index.add(Project("hypothesis", "0.0.1", plugin=None).wheel(wheels))  # no part of the host, but beside it
    index.add(Project("leanto-test-prober", requires=("hypothesis==0.0.1",)).wheel(wheels))
    installer.install("leanto-test-prober")
    assert any(line.startswith("Note: hypothesis 0.0.1 is hidden by hypothesis") for line in installer.lines)


def test_two_installers_at_once_both_succeed(installer: Installer) -> None:
    commands = [
        [sys.executable, "-m", "localstack.host.cli.main", "extensions", "install", f"leanto-test-{name}"]
        for name in ("greeter", "waver")
    ]
    processes = [
        subprocess.Popen(command, env=installer.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for command in commands
    ]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert installer.plugin_names() == ["greeter", "waver"]
