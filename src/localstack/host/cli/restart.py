"""``localstack restart``: let the running platform start anew, with changed extensions picked up."""

from __future__ import annotations

import click

from localstack.host.cli.endpoint import Endpoint
from localstack.host.errors import PlatformError
from localstack.host.process import PlatformRecord, PlatformState, RecordFile, attempts
from localstack.host.settings import Settings

_READY_SECONDS = 120.0


@click.command(short_help="Restart the running platform.")
def restart() -> None:
    """Restart the running platform and wait until it is ready again."""
    settings = Settings.load()
    records = RecordFile(settings)
    before = records.read()
    Endpoint.of(settings).request_restart()
    if before is not None:  # else it is on another volume, where nobody can see when it is ready
        _wait_until_ready_again(records, before)
    click.echo("LocalStack restarted within the container.")


def _wait_until_ready_again(records: RecordFile, before: PlatformRecord) -> None:
    for _ in attempts(_READY_SECONDS):
        now = records.last()
        if now is not None and now.started_at != before.started_at and now.state is PlatformState.READY:
            return
        if not before.is_alive() and records.read() is None:
            raise PlatformError("LocalStack ended instead of restarting", "see why with: localstack logs")
    raise PlatformError(f"LocalStack is not ready {_READY_SECONDS:g} seconds after the restart", "see: localstack logs")
