"""``localstack stop`` waits for the state to be saved, as long as that goes on."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from localstack.host.cli.stop import wait_until_gone
from localstack.host.errors import PlatformError
from localstack.host.process import PlatformRecord, RecordFile
from localstack.host.settings import Settings
from platforms import Home, Platform

PATIENCE_SECONDS = 2.0
OBJECTS = 30
SLOW_DISK = """
import sys, threading
from localstack.extensions.api import Extension

opened = 0

def wait(event, arguments):
    global opened
    if event == "open" and "/state/emulation/" in str(arguments[0]) and "w" in str(arguments[1]):
        opened += 1
        threading.Event().wait(PAUSE_SECONDS if opened < OBJECTS_UNTIL_STALL else 3600)

class TheExtension(Extension):
    name = "slow"
    def on_platform_ready(self):
        sys.addaudithook(wait)
"""


@pytest.fixture
def stopping(start: Callable[..., Platform], home: Home) -> Callable[[int], tuple[PlatformRecord, Settings]]:
    """A platform that was asked to stop, on a disk that takes a tenth of a second for each file, and then stalls."""

    def stop(objects_until_stall: int) -> tuple[PlatformRecord, Settings]:
        source = SLOW_DISK.replace("PAUSE_SECONDS", "0.1").replace("OBJECTS_UNTIL_STALL", str(objects_until_stall))
        home.write_extension("slow", source)
        platform = start(PERSISTENCE="1", SNAPSHOT_SAVE_STRATEGY="ON_SHUTDOWN")
        s3 = platform.client("s3")
        s3.create_bucket(Bucket="bucket")
        for number in range(OBJECTS):
            s3.put_object(Bucket="bucket", Key=str(number), Body=os.urandom(1 << 17))
        settings = Settings.load(platform.environ)
        record = RecordFile(settings).read()
        assert record is not None
        platform.process.terminate()
        return record, settings

    return stop


def test_a_save_that_takes_longer_than_the_patience_is_waited_for(
    stopping: Callable[[int], tuple[PlatformRecord, Settings]], capsys: pytest.CaptureFixture[str]
) -> None:
    record, settings = stopping(1000)
    wait_until_gone(record, settings, PATIENCE_SECONDS)
    assert not record.is_alive()
    assert "the state is being saved: " in capsys.readouterr().err
    assert not (settings.state_dir / "saving.json").exists()


def test_a_save_that_does_not_go_on_is_given_up(
    stopping: Callable[[int], tuple[PlatformRecord, Settings]], capsys: pytest.CaptureFixture[str]
) -> None:
    record, settings = stopping(OBJECTS // 2)
    with pytest.raises(PlatformError, match=r"still runs .* MB of its state, and does not go on") as raised:
        wait_until_gone(record, settings, PATIENCE_SECONDS)
    os.kill(record.pid, 9)
    assert f"kill -9 {record.pid}" in str(raised.value.hint)
