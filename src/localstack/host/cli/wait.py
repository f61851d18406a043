"""``localstack wait``: block until the platform is ready."""

from __future__ import annotations

import click

from localstack.host.cli.endpoint import Endpoint
from localstack.host.errors import PlatformError
from localstack.host.process import PlatformRecord, PlatformState, RecordFile, attempts
from localstack.host.settings import Settings


@click.command(short_help="Wait until the platform is ready.")
@click.option("-t", "--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Give up after this time.")
def wait(timeout: float | None) -> None:
    """Wait until the platform of this volume has printed `Ready.`; without a timeout for as long as it takes.

    A platform that is not started yet is waited for too; one that ends before it is ready is an error.
    """
    settings = Settings.load()
    records = RecordFile(settings)
    seen: PlatformRecord | None = None
    for _ in attempts(timeout):
        record = records.read()
        if record is not None and _is_ready(record):
            return
        if record is None and seen is not None:
            raise PlatformError("LocalStack ended before it was ready", "see why with: localstack logs")
        seen = record
    raise PlatformError("timeout", f"{_state_text(seen)} after {timeout:g} seconds; see: localstack logs")


def _is_ready(record: PlatformRecord) -> bool:
    return record.state is PlatformState.READY and Endpoint(record.url).is_healthy()


def _state_text(record: PlatformRecord | None) -> str:
    return f"the platform is {record.state}" if record else "no platform runs on this volume"
