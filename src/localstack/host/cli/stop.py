"""``localstack stop``: end the platform that runs on this volume."""

from __future__ import annotations

import os
import signal

import click

from localstack.host.errors import PlatformError
from localstack.host.process import PlatformRecord, RecordFile, attempts
from localstack.host.settings import Settings

_SLACK_SECONDS = 5.0
"""What a process may take to end beyond the time that its extensions get for their shutdown."""


@click.command(short_help="Stop the running platform.")
def stop() -> None:
    """Stop the running platform and wait until it is gone."""
    settings = Settings.load()
    record = RecordFile(settings).read()
    if record is None:
        message = f'Expected a running LocalStack container named "{settings.platform_name}", but found none'
        raise PlatformError(message, f"looked in {settings.run_dir}")
    _terminate(record)
    _wait_until_gone(record, settings.shutdown_timeout_seconds + _SLACK_SECONDS)
    click.echo(f"container stopped: {settings.platform_name}")


def _terminate(record: PlatformRecord) -> None:
    try:
        os.kill(record.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass  # it ended by itself in between: that is what was asked for
    except PermissionError as error:
        raise PlatformError(f"not allowed to stop process {record.pid}", "another user started it") from error


def _wait_until_gone(record: PlatformRecord, timeout_seconds: float) -> None:
    for _ in attempts(timeout_seconds):
        if not record.is_alive():
            return
    raise PlatformError(
        f"the platform, process {record.pid}, still runs {timeout_seconds:g} seconds after it was asked to stop",
        f"see localstack logs; SHUTDOWN_TIMEOUT gives it longer; end it the hard way with: kill -9 {record.pid}",
    )
