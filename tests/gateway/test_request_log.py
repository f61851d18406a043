"""The request log when its lines can't be written; what it writes is seen in the tests of the gateway."""

from __future__ import annotations

import errno
import io
import sys

import pytest

from localstack.host.gateway.request_log import RequestLog


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_lines_that_cannot_be_written_are_counted_and_the_log_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", FullDisk())
    log, disk = RequestLog(), io.StringIO()
    log._lines.extend(["one", "two"])
    log._write_batch()
    log._stream = disk
    log._lines.append("three")
    log._write_batch()
    assert disk.getvalue().startswith("three\n")
    assert "2 lines of requests were dropped" in disk.getvalue()
