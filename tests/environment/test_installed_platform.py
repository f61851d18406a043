"""Installed extensions in a running platform."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from extension_packages import build, write_seed_project
from platforms import Home, Platform

SEED_LINE = "my plugin is laded and localstack is ready to roll!"
OFFLINE = {"UV_OFFLINE": "1", "UV_NO_BUILD_ISOLATION": "1"}


@pytest.mark.parametrize("kind", ["sdist", "wheel"])
def test_the_documented_extension_logs_its_line_after_ready(
    home: Home, start: Callable[..., Platform], kind: str
) -> None:
    built = build(write_seed_project(home.path / "announcer"), home.path, kind)
    installed = home.run("extensions", "install", f"file://./{built.name}", cwd=home.path, text="", **OFFLINE)
    assert installed.returncode == 0, installed.stderr
    platform = start()
    platform.wait_for(SEED_LINE)
    assert "loaded 1 extensions" in platform.log
    listed = platform.get("/_localstack/extensions/list").json()
    assert [entry["distribution"]["name"] for entry in listed] == ["localstack-extension-ready-announcer"]
    assert platform.signal() == 0


def test_a_start_installs_what_it_is_told_to_and_goes_on_without_what_it_can_not(
    home: Home, start: Callable[..., Platform]
) -> None:
    project = write_seed_project(home.path / "announcer")
    platform = start(EXTENSION_AUTO_INSTALL=f"leanto-test-nowhere, file://{project}", **OFFLINE)
    platform.wait_for(SEED_LINE)
    assert "Localstack extensions installer: Could not resolve package leanto-test-nowhere" in platform.log
    assert "Localstack extensions installer: Extension successfully installed" in platform.log
    assert platform.signal() == 0
    again = start(EXTENSION_AUTO_INSTALL=f"file://{project}", **OFFLINE)
    again.wait_for(SEED_LINE)
    assert "Localstack extensions installer" not in again.log
