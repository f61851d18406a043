"""What an enabled folder requires is installed for it, against what the host has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doors import wait_until
from extension_packages import LocalIndex, Project, serve_index
from platforms import Home, Platform

EXTENSION = """
import leanto_test_library
from localstack.extensions.api import Extension

class TheExtension(Extension):
    name = "needy"

    def update_gateway_routes(self, router):
        router.add("/needy", lambda request: {"library": leanto_test_library.VERSION})
"""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LocalIndex]:
    with serve_index(tmp_path / "index") as index:
        for version in ("1.0", "2.0"):
            library = Project("leanto-test-library", version, requires=("click>=8",), plugin=None)
            index.add(library.wheel(tmp_path / version))
        yield index


def write(home: Home, requires: str, *, is_setup_cfg: bool = False) -> Path:
    folder = home.write_extension("needy", EXTENSION)
    toml = folder / "pyproject.toml"
    if is_setup_cfg:
        toml.unlink()
        lines = "\n    ".join(requires.split(","))
        (folder / "setup.cfg").write_text(
            f"[metadata]\nname = needy\n\n[options]\ninstall_requires =\n    {lines}  # as it is\n\n"
            "[options.entry_points]\nlocalstack.extensions =\n    needy = needy_ext:TheExtension\n"
        )
    else:
        heading = 'version = "0.1.0"\n'
        toml.write_text(toml.read_text().replace(heading, f"{heading}dependencies = {requires.split(',')!r}\n"))
    return folder


@pytest.mark.parametrize("is_setup_cfg", [False, True], ids=["pyproject.toml", "setup.cfg"])
def test_what_a_folder_requires_is_installed_once(
    home: Home, index: LocalIndex, start: Callable[..., Platform], is_setup_cfg: bool
) -> None:
    write(home, "localstack>=1.0.0,leanto-test-library<2,boto3;python_version<'3'", is_setup_cfg=is_setup_cfg)
    platform = start(UV_DEFAULT_INDEX=index.url)
    assert platform.get("/needy").json() == {"library": "1.0"}
    assert {path.strip("/") for path in index.requested if path.endswith("/")} <= {"leanto-test-library", "click"}
    platform.signal()
    index.requested.clear()
    platform = start(UV_DEFAULT_INDEX=index.url)
    assert platform.get("/needy").json() == {"library": "1.0"}
    assert index.requested == []


def test_of_two_platforms_that_start_at_once_one_installs_it(
    home: Home, index: LocalIndex, start: Callable[..., Platform]
) -> None:
    write(home, "leanto-test-library<2")
    index.stuck = "/leanto-test-library/"
    both = []
    for name in ("one", "two"):
        both.append(start(ready=False, UV_DEFAULT_INDEX=index.url, MAIN_CONTAINER_NAME=name))
        if name == "one":
            assert index.is_stuck.wait(60)
    both[1].wait_for("Waiting for another installation: process")
    index.may_go_on.set()
    for platform in both:
        platform.wait_for(r"^Ready\.$", platform.stdout)
        assert platform.get("/needy").json() == {"library": "1.0"}
    assert [one.name for one in (home.volume / "cache" / "developed").glob("*/generations/*")] == ["1"]


def test_a_save_that_requires_more_installs_it(
    home: Home, index: LocalIndex, start: Callable[..., Platform], tmp_path: Path
) -> None:
    index.add(Project("leanto-test-another", "3.0", plugin=None).wheel(tmp_path / "another"))
    folder = write(home, "leanto-test-library<2")
    platform = start(UV_DEFAULT_INDEX=index.url)
    assert platform.get("/needy").json() == {"library": "1.0"}
    (folder / "needy_ext.py").write_text(EXTENSION.replace("leanto_test_library", "leanto_test_another"))
    platform.wait_for("extension needy goes on as it was before the last save")
    assert platform.get("/needy").json() == {"library": "1.0"}
    toml = folder / "pyproject.toml"
    toml.write_text(
        toml.read_text().replace("'leanto-test-library<2'", "'leanto-test-library<2', 'leanto-test-another'")
    )
    wait_until(lambda: platform.get("/needy").json() == {"library": "3.0"}, "what it requires is not installed")
    assert "restart needed" not in platform.log
    toml.write_text(toml.read_text().replace("'leanto-test-library<2'", "'leanto-test-library>2'"))
    platform.wait_for(
        f"the enabled extension {folder} goes on as it was before the last save: what .* is not installed"
    )
    toml.write_text(toml.read_text().replace("'leanto-test-library>2'", "'leanto-test-library>1'"))
    platform.wait_for(r"of the version before of needy, leanto_test_library-1\.0 may still be in use: restart needed")


def test_what_contradicts_the_host_is_said_and_the_rest_starts(
    home: Home, index: LocalIndex, start: Callable[..., Platform]
) -> None:
    folder = write(home, "leanto-test-library,click<2")
    platform = start(UV_DEFAULT_INDEX=index.url)
    line = platform.wait_for(f"what {folder} requires is not installed: .*click")
    assert "None" not in line
    assert "No module named 'leanto_test_library'" in platform.log
    assert "Traceback" not in platform.log
    assert platform.get("/_localstack/health").status_code == 200


def test_a_folder_that_requires_what_the_host_has_asks_no_index(home: Home, start: Callable[..., Platform]) -> None:
    source = EXTENSION.replace("leanto_test_library.VERSION", "1").replace("import leanto_test_library", "")
    folder = write(home, "localstack>=1.0.0,click>=8,plux")
    (folder / "needy_ext.py").write_text(source)
    platform = start(UV_DEFAULT_INDEX="http://127.0.0.1:1/")
    assert platform.get("/needy").status_code == 200
    assert not (home.volume / "cache" / "developed").exists()
