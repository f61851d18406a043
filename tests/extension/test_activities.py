"""What is recorded of the processes that extensions start."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys

import pytest

from localstack.host import child_processes
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


def test_a_worker_that_was_closed_is_in_nobodys_way() -> None:
    child_processes.install(list, Activities(Ledger()).note_process)
    try:
        with acting("extension"):
            for _ in range(2):
                worker = multiprocessing.get_context("spawn").Process(target=print)
                worker.start()
                worker.join()
                assert worker.exitcode == 0
                worker.close()
    finally:
        child_processes.uninstall()


LATE_WORKER = """
import sys
from localstack.host import child_processes
noted = []
child_processes.install(list, noted.append)
assert "multiprocessing" not in sys.modules
import multiprocessing
worker = multiprocessing.get_context("fork").Process(target=int)
worker.start()
worker.join()
child_processes.uninstall()
other = multiprocessing.get_context("fork").Process(target=int)
other.start()
other.join()
print([one.pid for one in noted] == [worker.pid])
"""


def test_a_worker_is_noted_though_nobody_had_imported_multiprocessing() -> None:
    done = subprocess.run([sys.executable, "-c", LATE_WORKER], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")
