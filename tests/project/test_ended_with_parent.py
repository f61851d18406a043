"""What tests start ends with them, where there is a ``setpriv`` that can do that; elsewhere it is started, too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from doors import wait_until
from ended_with_parent import ended_with_this

TESTS = Path(__file__).resolve().parents[1]
PARENT = """
import subprocess, time
from ended_with_parent import ended_with_this

print(subprocess.Popen([*ended_with_this(), "sleep", "3600"]).pid, flush=True)
time.sleep(3600)
"""


def test_a_process_ends_with_the_one_that_has_started_it() -> None:
    if not ended_with_this():
        pytest.skip("NOT RUN: there is no setpriv that knows --pdeathsig")
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=TESTS, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        wait_until(lambda: child.name() == "sleep")
        parent.kill()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "it goes on")


@pytest.mark.parametrize("setpriv", ["", "#!/bin/sh\necho unrecognized option >&2\nexit 1\n"])
def test_a_setpriv_that_can_not_do_it_is_left_alone(setpriv: str, tmp_path: Path) -> None:
    if setpriv:
        (tmp_path / "setpriv").write_text(setpriv)
        (tmp_path / "setpriv").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", "from ended_with_parent import ended_with_this; print(ended_with_this())"],
        cwd=TESTS,
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("()\n", "")
