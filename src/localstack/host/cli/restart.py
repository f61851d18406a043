"""``localstack restart``: let the running platform start anew, with changed extensions picked up."""

from __future__ import annotations

import click

from localstack.host.cli.endpoint import Endpoint
from localstack.host.cli.stop import SavingWatch
from localstack.host.errors import PlatformError
from localstack.host.process import PlatformRecord, PlatformState, RecordFile, attempts
from localstack.host.settings import Settings


@click.command(short_help="Restart the running platform.")
def restart() -> None:
    """Restart the running platform and wait until it is ready again.

    That takes as long as the state is being saved, with PERSISTENCE=1, and as extensions need to stop and start.
    """
    settings = Settings.load()
    records = RecordFile(settings)
    before = records.read()
    Endpoint.of(settings).request_restart()
    if before is not None:  # else it is on another volume, where nobody can see when it is ready
        _wait_until_ready_again(records, before, settings)
    click.echo("LocalStack restarted within the container.")


def _wait_until_ready_again(records: RecordFile, before: PlatformRecord, settings: Settings) -> None:
    """:raises PlatformError: when the process ends"""
    watch = SavingWatch(before.pid, settings)
    for _ in attempts(None):
        now = records.last()
        if now is not None and now.started_at != before.started_at and now.state is PlatformState.READY:
            return
        if not before.is_alive() and records.read() is None:
            raise PlatformError("LocalStack ended instead of restarting", "see why with: localstack logs")
        watch.look()
