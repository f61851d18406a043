"""Projects as LocalStack's own templates lay them out are enabled and reloaded, after their ``make install``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pytest

from doors import wait_until
from platforms import Home, Platform

PYPROJECT = '[project]\nname = "official"\nversion = "1.0"\n'
TABLE = '[project.entry-points."localstack.extensions"]\nofficial = "official.extension:TheExtension"\n'
SETUP = {
    "setup.cfg": "[metadata]\nname = official\n[options.entry_points]\nlocalstack.extensions =\n"
    "    official = official.extension:TheExtension\n",
    "setup.py": "from setuptools import setup\n\nsetup()\n",
}
POINT = "official = official.extension:TheExtension\n"
UPSTREAM = f".venv/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def egg_info(folder: str, group: str = "localstack.extensions") -> Mapping[str, str]:
    """What a build of setuptools leaves in ``folder``."""
    return {
        f"{folder}official.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: official\nVersion: 1.0\n",
        f"{folder}official.egg-info/entry_points.txt": f"[{group}]\n{POINT}",
    }


@dataclass(frozen=True)
class Layout:
    """A project's files besides its package, which is in ``folder``."""

    files: Mapping[str, str]
    folder: str = ""


LAYOUTS = {
    "classic": Layout(SETUP),
    "old, with upstream's packages": Layout(
        {
            **SETUP,
            **egg_info(""),
            "pyproject.toml": PYPROJECT + TABLE,
            f"{UPSTREAM}/localstack_core-4.14.0.dist-info/INSTALLER": "pip\n",
            f"{UPSTREAM}/localstack_core-4.14.0.dist-info/entry_points.txt": "[localstack.hooks.on_infra_start]\n"
            "upstream = upstream_of_leanto:hook\n",
        }
    ),
    "basic": Layout({**SETUP, **egg_info(""), "pyproject.toml": PYPROJECT + TABLE}),
    "basic, declared as a script": Layout(
        {
            **SETUP,
            **egg_info("", "console_scripts"),
            "pyproject.toml": f'{PYPROJECT}[project.scripts]\nofficial = "official.extension:TheExtension"\n',
        }
    ),
    "react": Layout(
        {
            **egg_info("backend/"),
            "pyproject.toml": f'{PYPROJECT}{TABLE}[tool.setuptools]\npackage-dir = {{"" = "backend"}}\n',
            "frontend/src/index.tsx": "export {};\n",
        },
        "backend/",
    ),
}
PAGE = """
from localstack.extensions.patterns.webapp import WebAppExtension
from localstack.http import Response, route

class TheExtension(WebAppExtension):
    name = "official"

    @route("/page")
    def page(self, request, **kwargs):
        return Response("one")
"""


def answers_two(platform: Platform, path: str) -> bool:
    return platform.get(path).text == "two"


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_project_is_enabled_and_its_saves_are_served(
    home: Home, start: Callable[..., Platform], layout: Layout
) -> None:
    project = home.path / "official"
    package = f"{layout.folder}official"
    code = {
        f"{package}/__init__.py": "",
        f"{package}/extension.py": PAGE,
        f"{package}/static/__init__.py": "",
        f"{package}/static/a.css": "one",
    }
    for name, text in {**layout.files, **code}.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    assert home.run("extensions", "dev", "enable", str(project)).returncode == 0
    platform = start()
    for path, name in (("page", "extension.py"), ("static/a.css", "static/a.css")):
        url = f"/_extension/official/{path}"
        assert platform.get(url).text == "one"
        file = project / package / name
        file.write_text(file.read_text().replace("one", "two"))
        wait_until(partial(answers_two, platform, url), "the save is not served")
    assert " ERROR " not in platform.log
