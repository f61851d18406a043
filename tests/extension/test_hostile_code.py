"""Extensions that break what the whole process shares: the platform and everybody else go on."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from platforms import Home, Platform

OWN_STREAM = """
class Refusing:
    def write(self, text):
        raise RuntimeError("no")
    flush = write
"""

EXTENSION = """
import sys
from localstack.extensions.api import Extension
{0}
class TheExtension(Extension):
    name = "hostile"
    def on_platform_start(self):
        {1}
    def update_gateway_routes(self, router):
        router.add("/hostile", lambda request: "still here")
"""

REPLACED = {
    "None": "sys.stdout = sys.stderr = None",
    "its own objects": "sys.stdout = sys.stderr = Refusing()",
}


@pytest.mark.parametrize("statement", REPLACED.values(), ids=REPLACED.keys())
def test_streams_that_an_extension_replaces_are_the_platforms_all_the_same(
    home: Home, start: Callable[..., Platform], statement: str
) -> None:
    home.write_extension("hostile", EXTENSION.format(OWN_STREAM, statement))
    platform = start()  # has waited for Ready.
    assert platform.get("/hostile").text == "still here"
    platform.wait_for("GET /hostile => 200", platform.stderr)
    assert home.run("restart").returncode == 0
    platform.wait_for(r"^Ready\.$", platform.stdout, count=2)
    assert platform.signal(signal.SIGTERM) in (0, 120)  # 120: Python itself could not flush sys.stdout
    assert "received signal 15" in platform.output


def test_a_platform_whose_streams_an_extension_closes_becomes_ready_and_ends(home: Home) -> None:
    home.write_extension("hostile", EXTENSION.format("", "sys.stdout.close(); sys.stderr.close()"))
    assert home.run("start", "-d", EXTENSION_DEV_MODE="1", GATEWAY_LISTEN="127.0.0.1:0").returncode == 0
    waited = home.run("wait", "-t", "60")
    stopped = home.run("stop")
    assert (waited.returncode, waited.stderr, stopped.returncode) == (0, "", 0)


def test_a_hook_that_does_not_return_is_named_while_the_start_waits_for_it(
    home: Home, start: Callable[..., Platform]
) -> None:
    goes_on = home.path / "goes-on"
    home.write_extension(
        "waiting",
        f"""
        import os, time
        from localstack.extensions.api import Extension

        class TheExtension(Extension):
            name = "waiting"
            def on_platform_start(self):
                while not os.path.exists({str(goes_on)!r}):
                    time.sleep(0.01)
        """,
    )
    platform = start(ready=False)
    platform.wait_for(r"WARN --- .* extension waiting is still in on_platform_start, after \d+ s")
    goes_on.touch()
    platform.wait_for(r"^Ready\.$", platform.stdout)


@pytest.mark.parametrize("reference", ["", ":TheExtension", "my module:TheExtension"])
def test_an_entry_point_that_names_no_module_is_one_that_fails(
    home: Home, start: Callable[..., Platform], reference: str
) -> None:
    home.write_extension("mistyped", EXTENSION.format("", "pass"), entry_points=f'mistyped = "{reference}"')
    platform = start()
    platform.wait_for(f"mistyped failed in import: ValueError: the entry point '{reference}' is not of the form")


def test_an_exception_that_fails_when_it_is_asked_what_it_says_is_one_like_others(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension(
        "hostile",
        """
        from localstack.extensions.api import Extension

        class Unspeakable(Exception):
            def __str__(self):
                raise ValueError("never")
            __repr__ = __str__

        def fail(*arguments):
            raise Unspeakable

        class TheExtension(Extension):
            name = "hostile"
            on_platform_start = fail
            def update_gateway_routes(self, router):
                router.add("/hostile", fail)
        """,
    )
    platform = start()
    platform.wait_for(r"hostile failed in on_platform_start: Unspeakable \(hostile_ext.py:10 in fail\)")
    answer = platform.get("/hostile")
    assert (answer.status_code, answer.json()["type"]) == (500, "Unspeakable")
    platform.wait_for(r"hostile failed in route /hostile: Unspeakable \(")


def test_things_of_their_own_kinds_in_what_the_process_shares_are_in_nobodys_way(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension(
        "hostile",
        """
        import logging, sys
        from pathlib import Path
        from localstack.extensions.api import Extension

        class Handler:
            level = 0
            __hash__ = None
            def handle(self, record):
                pass

        class TheExtension(Extension):
            name = "hostile"
            def on_extension_load(self):
                logging.getLogger().addHandler(Handler())
                sys.path.insert(0, Path("/hostile"))
        """,
    )
    home.write_extension("late", EXTENSION.format("", "raise RuntimeError('late')").replace('"hostile"', '"late"'))
    home.write_extension(
        "refusing",
        """
        import sys
        from pathlib import Path
        from localstack.extensions.api import Extension

        class TheExtension(Extension):
            name = "refusing"
            def on_extension_load(self):
                sys.path.append(Path("/refusing"))
                raise RuntimeError("no")
        """,
    )
    platform = start()
    platform.wait_for("refusing failed in on_extension_load: RuntimeError: no")
    platform.wait_for("late failed in on_platform_start: RuntimeError: late")
    assert platform.get("/hostile").text == "still here"
