"""``localstack.runtime.hooks``: functions of an installed distribution, called at moments of the platform's life."""

from __future__ import annotations

from pathlib import Path

import pytest
from plux import PluginSpecResolver

from localstack.runtime.hooks import HOOKS_ON_INFRA_READY, hook, hook_spec
from platforms import Home, platforms_of

HOOKS = """
import os
import time

from localstack.aws.connect import connect_to
from localstack.runtime import hooks

@hooks.on_infra_start(priority=-1)
def last():
    print("> last", connect_to().sqs.create_queue(QueueName="of-a-hook")["QueueUrl"][-9:], flush=True)

@hooks.on_infra_start(priority=10)
def first():
    print("> first", flush=True)

@hooks.on_infra_start(should_load=lambda: False)
def unwanted():
    print("> unwanted", flush=True)

@hooks.on_infra_start(priority=5, load=lambda: print("> loaded", flush=True))
def with_load():
    print("> with_load", flush=True)

@hooks.on_infra_start()
def broken():
    raise ValueError("broken")

@hooks.on_infra_ready()
def ready():
    print("> ready", flush=True)

@hooks.on_infra_shutdown()
def shutdown():
    print("> shutdown", flush=True)
    while os.environ.get("HANG"):
        time.sleep(1)
"""

ENTRY_POINTS = """
[localstack.hooks.on_infra_start]
last = hooks_of_tests:last
first = hooks_of_tests:first
unwanted = hooks_of_tests:unwanted
with_load = hooks_of_tests:with_load
broken = hooks_of_tests:broken
missing = hooks_of_tests:missing

[localstack.hooks.on_infra_ready]
ready = hooks_of_tests:ready

[localstack.hooks.on_infra_shutdown]
shutdown = hooks_of_tests:shutdown
"""

EXTENSION = """
from localstack.extensions.api import Extension

class TheExtension(Extension):
    name = "neighbour"

    def on_extension_load(self):
        print("> load")

    def on_platform_ready(self):
        print("> extension ready")

    def on_platform_shutdown(self):
        print("> extension shutdown")
"""


def install_by_hand(folder: Path) -> None:
    (folder / "hooks_of_tests-1.dist-info").mkdir(parents=True)
    (folder / "hooks_of_tests.py").write_text(HOOKS)
    (folder / "hooks_of_tests-1.dist-info" / "METADATA").write_text("Name: hooks-of-tests\nVersion: 1\n")
    (folder / "hooks_of_tests-1.dist-info" / "entry_points.txt").write_text(ENTRY_POINTS)


def test_hooks_are_called_before_extensions_by_priority_and_hinder_nobody(tmp_path: Path) -> None:
    install_by_hand(tmp_path / "site")
    home = Home(tmp_path)
    home.write_extension("neighbour", EXTENSION)
    with platforms_of(home) as start:
        platform = start(PYTHONPATH=str(tmp_path / "site"))
        platform.wait_for("extension ready", platform.stdout)
        platform.signal()
        platform.wait_for("extension shutdown", platform.stdout)
    printed = [line for line in platform.stdout if line.startswith((">", "Ready."))]
    assert printed == [
        "> loaded",
        "> first",
        "> with_load",
        "> last of-a-hook",
        "> load",
        "> ready",
        "Ready.",
        "> extension ready",
        "> shutdown",
        "> extension shutdown",
    ]
    assert "hooks-of-tests" in platform.wait_for("broken", platform.stderr)
    assert "hooks-of-tests" in platform.wait_for("missing", platform.stderr)


def test_one_that_does_not_end_is_named_when_the_platform_stops(tmp_path: Path) -> None:
    install_by_hand(tmp_path / "site")
    with platforms_of(Home(tmp_path)) as start:
        platform = start(PYTHONPATH=str(tmp_path / "site"), HANG="1", SHUTDOWN_TIMEOUT="0.5")
        assert platform.signal() == 0
    platform.wait_for("a function of localstack.hooks.on_infra_shutdown, has not finished in time", platform.stderr)


def test_a_hook_is_a_plugin_of_its_namespace_and_stays_a_function() -> None:
    @hook(HOOKS_ON_INFRA_READY, priority=3)
    def ours() -> int:
        return 7

    @hook_spec("own.namespace")(should_load=False)
    def others() -> int:
        return 8

    assert (ours(), others()) == (7, 8)
    resolve = PluginSpecResolver().resolve
    assert (resolve(ours).namespace, resolve(others).namespace) == ("localstack.hooks.on_infra_ready", "own.namespace")
    assert resolve(ours).factory().should_load()
    assert not resolve(others).factory().should_load()


def test_a_hook_can_not_be_made_with_options_that_plugins_lack() -> None:
    with pytest.raises(TypeError, match="colour"):
        hook(HOOKS_ON_INFRA_READY, colour="red")(lambda: None)
