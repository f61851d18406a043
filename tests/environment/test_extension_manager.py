"""The extension manager that programs drive: ``python -m localstack.pro.core.bootstrap.extensions``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from platforms import Home, Platform


def manage(home: Home, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and what the lines of stdout say."""
    done = subprocess.run(
        [sys.executable, "-m", "localstack.pro.core.bootstrap.extensions", *arguments],
        env=home.environ(UV_OFFLINE="1", GATEWAY_LISTEN="127.0.0.1:1"),
        cwd=home.path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_an_extension_is_installed_listed_and_uninstalled_in_json_lines(
    home: Home, start: Callable[..., Platform], greeter: Path
) -> None:
    code, events = manage(home, "init")
    assert code == 0
    assert events[-1]["message"].startswith("Extensions environment created in ")
    platform = start()

    code, events = manage(home, "install", f"file://{greeter}")
    assert code == 0, events
    messages = [event["message"] for event in events if event["event"] == "status"]
    assert messages == [
        "Checking installed extensions",
        "Installing extension",
        "Extension successfully installed",
        "Extension installation completed",
    ]
    assert "pip" in {event["event"] for event in events}
    (file,) = home.volume.glob("lib/extensions/generations/*/lib/*/site-packages/leanto_test_greeter/extension.py")
    extension = {
        "namespace": "localstack.extensions",
        "name": "greeter",
        "factory": {"module": "leanto_test_greeter.extension", "code": "TheExtension", "file": str(file)},
        "distribution": {
            "name": "leanto-test-greeter",
            "version": "0.1.0",
            "summary": "Greets",
            "author": "Jane Doe",
        },
    }
    installed = [event["extra"] for event in events if event["event"] == "extension"]
    assert len(installed) == 1
    assert installed[0]["distribution"]["name"] == "leanto-test-greeter"
    assert {"event": "log", "message": "Running platform: loaded leanto-test-greeter 0.1.0"} in events
    assert [e["name"] for e in platform.get("/_localstack/extensions/list").json()] == ["greeter"]

    code, listed = manage(home, "list")
    assert code == 0
    assert [{**one, "distribution": {**one["distribution"], "author": "Jane Doe"}} for one in listed] == [extension]

    code, events = manage(home, "uninstall", "greeter")
    assert code == 0
    assert {"event": "status", "message": "Extension successfully uninstalled"} in events
    assert manage(home, "list") == (0, [])


def test_a_failure_is_an_event_with_a_code(home: Home) -> None:
    code, events = manage(home, "uninstall", "leanto-test-nowhere")
    assert code == 1
    assert events[-1]["event"] == "error"
    assert events[-1]["message"] == "Extension leanto-test-nowhere is not installed"
    assert events[-1]["extra"]["code"] == "not-installed"


def test_it_says_where_things_are(home: Home) -> None:
    code, events = manage(home, "debug")
    assert code == 0
    assert any(str(home.volume / "lib" / "extensions") in event["message"] for event in events)
