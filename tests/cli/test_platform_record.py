"""The file by which other processes find the running platform."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from localstack.host.errors import PlatformError, VolumeError
from localstack.host.process import PlatformRecord, PlatformState, RecordFile, attempts, log_file
from localstack.host.settings import HostAndPort, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load({"LOCALSTACK_VOLUME_DIR": str(tmp_path / "volume"), "CONFIG_DIR": str(tmp_path)})


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs until its stdin is closed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def record_of(process: subprocess.Popen[bytes], settings: Settings) -> PlatformRecord:
    import psutil

    own = PlatformRecord.of_this_process(settings)
    return replace(own, pid=process.pid, process_started_at=psutil.Process(process.pid).create_time())


def test_what_is_written_is_read_back(settings: Settings) -> None:
    record = PlatformRecord.of_this_process(settings)
    records = RecordFile(settings)
    records.write(record)
    assert records.read() == record
    assert records.path == settings.volume_dir / "run" / "localstack-main.json"
    assert record.state is PlatformState.STARTING
    assert record.pid == os.getpid()


def test_nothing_is_read_and_nothing_created_where_no_platform_ever_ran(settings: Settings) -> None:
    assert RecordFile(settings).read() is None
    assert not settings.volume_dir.exists()


def test_the_addresses_are_the_bound_ones_and_the_url_is_reachable_from_here(settings: Settings) -> None:
    record = PlatformRecord.of_this_process(settings, [HostAndPort("0.0.0.0", 4600), HostAndPort("::1", 4601)])
    assert record.addresses == ("0.0.0.0:4600", "[::1]:4601")
    assert record.url == "http://127.0.0.1:4600"


def test_the_log_file_is_the_one_that_stdout_goes_to(settings: Settings) -> None:
    path = log_file(settings)
    path.parent.mkdir(parents=True)
    program = (
        "from localstack.host.process import PlatformRecord\n"
        "from localstack.host.settings import Settings\n"
        "import sys; print(PlatformRecord.of_this_process(Settings.load()).log_file, file=sys.stderr)\n"
    )
    with path.open("wb") as log:
        for stdout, expected in ((log, str(path)), (subprocess.DEVNULL, "None")):
            result = subprocess.run(
                [sys.executable, "-c", program],
                env=os.environ | settings.environ,
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
                check=True,
            )
            assert result.stderr.strip() == expected


def test_the_state_changes_in_place(settings: Settings) -> None:
    records = RecordFile(settings)
    record = PlatformRecord.of_this_process(settings)
    records.write(record)
    records.update(state=PlatformState.READY)
    assert records.read() == replace(record, state=PlatformState.READY)


def test_the_state_of_another_process_or_of_nothing_is_not_changed(
    settings: Settings, other: subprocess.Popen[bytes]
) -> None:
    records = RecordFile(settings)
    records.update(state=PlatformState.READY)
    assert records.read() is None
    record = record_of(other, settings)
    records.write(record)
    records.update(state=PlatformState.READY)
    assert records.read() == record


def test_a_second_platform_on_the_same_volume_is_refused(settings: Settings, other: subprocess.Popen[bytes]) -> None:
    records = RecordFile(settings)
    first = record_of(other, settings)
    records.write(first)
    with pytest.raises(PlatformError, match=f"runs already on this volume: process {other.pid} at {first.url}"):
        records.write(PlatformRecord.of_this_process(settings))
    assert records.read() == first


def test_one_process_can_write_its_record_again(settings: Settings) -> None:
    records = RecordFile(settings)
    records.write(PlatformRecord.of_this_process(settings))
    second = PlatformRecord.of_this_process(settings)
    records.write(second)
    assert records.read() == second


def test_the_record_of_a_dead_process_is_removed(settings: Settings, other: subprocess.Popen[bytes]) -> None:
    records = RecordFile(settings)
    records.write(record_of(other, settings))
    other.kill()
    other.wait()
    assert records.read() is None
    assert not records.path.exists()


def test_a_zombie_is_no_running_platform(settings: Settings, other: subprocess.Popen[bytes]) -> None:
    records = RecordFile(settings)
    records.write(record_of(other, settings))
    other.kill()  # not waited for: it stays in the process table
    assert any(records.read() is None for _ in attempts(10))


def test_another_process_under_the_same_pid_is_not_taken_for_the_platform(settings: Settings) -> None:
    records = RecordFile(settings)
    own = PlatformRecord.of_this_process(settings)
    records.write(replace(own, process_started_at=own.process_started_at - 3600))
    assert records.read() is None
    assert not records.path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"pid": "x"}', "\x00"])
def test_a_file_that_is_no_record_is_removed(settings: Settings, text: str) -> None:
    records = RecordFile(settings)
    records.path.parent.mkdir(parents=True)
    records.path.write_text(text)
    assert records.read() is None
    assert not records.path.exists()


def test_only_the_own_record_is_taken_away(settings: Settings) -> None:
    records = RecordFile(settings)
    records.write(PlatformRecord.of_this_process(settings))
    records.remove(os.getpid() + 1)
    assert records.read() is not None
    records.remove(os.getpid())
    assert records.read() is None
    records.remove(os.getpid())


def test_names_keep_platforms_of_one_volume_apart(settings: Settings) -> None:
    second = replace(settings, platform_name="second")
    RecordFile(settings).write(PlatformRecord.of_this_process(settings))
    assert RecordFile(second).read() is None


def test_a_volume_that_is_a_file_is_one_clear_error(settings: Settings) -> None:
    settings.volume_dir.write_text("")
    assert RecordFile(settings).read() is None
    with pytest.raises(VolumeError, match="can't be written"):
        RecordFile(settings).write(PlatformRecord.of_this_process(settings))


def test_readers_see_whole_records_while_one_is_changed(settings: Settings) -> None:
    records = RecordFile(settings)
    record = PlatformRecord.of_this_process(settings)
    records.write(record)
    is_done = threading.Event()
    seen: list[PlatformRecord | None] = []

    def read() -> None:
        while not is_done.is_set():
            seen.append(records.last())

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(200):
        records.update(state=PlatformState.READY if turn % 2 else PlatformState.STOPPING)
    is_done.set()
    reader.join()
    assert seen
    assert all(found is not None and found.started_at == record.started_at for found in seen)


def test_the_record_says_when_it_began_in_utc(settings: Settings) -> None:
    record = PlatformRecord.of_this_process(settings)
    assert record.started_at.tzinfo is UTC
    assert record.started_at <= datetime.now(UTC)
    assert PlatformRecord.from_json(record.to_json()) == record


def test_waiting_tries_at_least_once_and_once_more_at_the_end() -> None:
    assert len(list(attempts(0))) == 1
    assert len(list(attempts(0.01))) == 2
