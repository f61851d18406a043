"""Run all tests, in two processes at once; with arguments one pytest that gets them: what ``make test`` runs.

    python tests/run_tests.py [ARGUMENT OF PYTEST …]

Most tests wait for processes that they start, so two cores are done in little more than half the time. The tests of
installing take as long as all the others.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

from ended_with_parent import ended_with_this

TESTS = Path(__file__).resolve().parent
BESIDE = frozenset({"environment"})


def main(arguments: list[str]) -> int:
    if arguments:
        return subprocess.call(pytest(*arguments))
    folders = sorted(path for path in TESTS.iterdir() if path.is_dir() and list(path.glob("test_*.py")))
    most = [str(path) for path in folders if path.name not in BESIDE]
    beside = [str(path) for path in folders if path.name in BESIDE]
    with TemporaryFile("w+") as log:
        second = subprocess.Popen(pytest(*beside), stdout=log, stderr=subprocess.STDOUT)
        try:
            summary, code = follow(pytest(*most))
            second_code = second.wait()
        finally:
            second.terminate()
            second.wait()
        log.seek(0)
        printed = log.read()
    sys.stdout.write(f"{printed}\nall but {', '.join(sorted(BESIDE))}: {summary}\n")
    return code or second_code


def pytest(*arguments: str) -> list[str]:
    return [*ended_with_this(), sys.executable, "-m", "pytest", *arguments]


def follow(command: list[str]) -> tuple[str, int]:
    """Run a command and pass on what it prints; its last line and exit code."""
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line.strip() or last
    return last, process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
