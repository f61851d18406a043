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
    was_seen = False
    for _ in attempts(timeout):
        record = records.read()
        if record is None and was_seen:
            raise PlatformError("LocalStack ended before it was ready", "see why with: localstack logs")
        missing = _missing_for(record)
        if not missing:
            return
        was_seen = record is not None
    raise PlatformError("timeout", f"{missing} after {timeout:g} seconds; see: localstack logs")


def _missing_for(record: PlatformRecord | None) -> str:
    """What is in the way of being ready, empty when nothing is."""
    if record is None:
        return "no platform runs on this volume"
    if record.state is not PlatformState.READY:
        return f"the platform is {record.state}"
    problem = Endpoint(record.url).health_problem()
    return problem and f"the platform is ready, but {problem}"
