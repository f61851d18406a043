"""``localstack stop``: end the platform that runs on this volume."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

import click

from localstack.host.emulation.state.progress import Saving, saving_of
from localstack.host.errors import PlatformError
from localstack.host.process import PlatformRecord, RecordFile, attempts
from localstack.host.settings import Settings

_SLACK_SECONDS = 5.0
"""What a process may take to end beyond the time that its extensions get for their shutdown."""
_MEGABYTE = 1_000_000


@dataclass
class SavingWatch:
    """Says on stderr how far a platform is with saving its state.

    :ivar saving: what was seen last, ``None`` when it is not at it
    """

    pid: int
    settings: Settings
    saving: Saving | None = None
    _last: Saving | None = None
    _shown_size: int = -1

    def look(self) -> bool:
        """Whether it has gone on since it was looked at last."""
        self.saving = saving_of(self.pid, self.settings)
        if self.saving is None or self.saving == self._last:
            return False
        self._last = self.saving
        if self.saving.size >= 2 * self._shown_size:  # soon the first time, then ever more rarely
            click.echo(f"the state is being saved: {self.saving.size // _MEGABYTE} MB until now", err=True)
            self._shown_size = self.saving.size
        return True


@click.command(short_help="Stop the running platform.")
def stop() -> None:
    """Stop the running platform and wait until it is gone.

    With PERSISTENCE=1 that takes as long as the state is being saved.
    """
    settings = Settings.load()
    record = RecordFile(settings).read()
    if record is None:
        message = f'Expected a running LocalStack container named "{settings.platform_name}", but found none'
        raise PlatformError(message, f"looked in {settings.run_dir}")
    _terminate(record)
    wait_until_gone(record, settings, settings.shutdown_timeout_seconds + _SLACK_SECONDS)
    click.echo(f"container stopped: {settings.platform_name}")


def _terminate(record: PlatformRecord) -> None:
    try:
        os.kill(record.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass  # it ended by itself in between: that is what was asked for
    except PermissionError as error:
        raise PlatformError(f"not allowed to stop process {record.pid}", "another user started it") from error


def wait_until_gone(record: PlatformRecord, settings: Settings, timeout_seconds: float) -> None:
    """Wait, and say so, as long as the platform goes on with saving its state.

    :param timeout_seconds: how long it may show no progress
    :raises PlatformError: when it still runs then
    """
    watch = SavingWatch(record.pid, settings)
    is_going_on = True
    while is_going_on:
        is_going_on = False
        for _ in attempts(timeout_seconds):
            if not record.is_alive():
                return
            is_going_on |= watch.look()
    saving = watch.saving
    what = "" if saving is None else f"; it is at {saving.size // _MEGABYTE} MB of its state, and does not go on"
    raise PlatformError(
        f"the platform, process {record.pid}, still runs {timeout_seconds:g} seconds after it was asked to stop{what}",
        f"see localstack logs; SHUTDOWN_TIMEOUT gives it longer; end it the hard way with: kill -9 {record.pid}",
    )
