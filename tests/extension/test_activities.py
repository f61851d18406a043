"""What is recorded of the processes that extensions start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from localstack.host.extension.activities import Activities
from localstack.host.extension.ownership import Ledger, acting


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="NOT RUN: this system has no waitid")
def test_the_exit_code_of_a_process_stays_for_who_waits_for_it() -> None:
    activities = Activities(Ledger())
    with acting("extension"), subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        activities.note_process(process)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has its exit code
        activities.note_process(process)
        assert os.waitstatus_to_exitcode(os.waitpid(process.pid, 0)[1]) == 3
