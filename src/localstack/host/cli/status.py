"""``localstack status``: whether the platform runs, and how its services are."""

from __future__ import annotations

import click

from localstack.host.cli.endpoint import Endpoint
from localstack.host.cli.output import Entries, OutputFormat, format_option, plain, print_entries, print_table
from localstack.host.process import RecordFile
from localstack.host.settings import Settings
from localstack.host.version import LOCALSTACK_VERSION

_SERVICE_MARKS = {
    "running": ("✔", "green"),
    "available": ("✔", "green"),
    "starting": ("⏳", "yellow"),
    "stopping": ("⏳", "yellow"),
    "unknown": ("⏳", "yellow"),
}
_OTHER_MARK = ("✖", "red")


@click.group(invoke_without_command=True, short_help="Show the state of the platform and its services.")
@format_option
@click.pass_context
def status(ctx: click.Context, output_format: OutputFormat) -> None:
    """Show whether the platform of this volume runs; `status services` shows its AWS services."""
    if ctx.invoked_subcommand is None:
        _print_platform(output_format)


@status.command("docker", hidden=True)
@format_option
def docker(output_format: OutputFormat) -> None:
    """The same as `status`, under the name that scripts use."""
    _print_platform(output_format)


@status.command("services")
@format_option
def services(output_format: OutputFormat) -> None:
    """Show the state of each AWS service, as the running platform reports it."""
    states = Endpoint.of(Settings.load()).services()
    print_entries(states, output_format, _print_service_table)


def _print_platform(output_format: OutputFormat) -> None:
    print_entries(_platform_entries(Settings.load()), output_format, _print_platform_table)


def _platform_entries(settings: Settings) -> Entries:
    record = RecordFile(settings).read()
    entries: dict[str, object] = {"running": record is not None, "container_name": settings.platform_name}
    if record is None:
        return entries | {"runtime_version": LOCALSTACK_VERSION, "volume": str(settings.volume_dir)}
    return entries | {
        "runtime_version": record.version,
        "volume": str(settings.volume_dir),
        "state": str(record.state),
        "url": record.url,
        "addresses": list(record.addresses),
        "pid": record.pid,
        "started_at": record.started_at.isoformat(timespec="seconds"),
        "log_file": str(record.log_file) if record.log_file else None,
    }


def _print_platform_table(entries: Entries) -> None:
    mark, colour = ("✔ running", "green") if entries["running"] else ("✖ stopped", "red")
    rows: list[tuple[str, str, str | None]] = [("Runtime status", mark, colour)]
    rows += [(_label(name), plain(value), None) for name, value in entries.items() if name != "running"]
    print_table(("Platform", ""), rows)


def _label(name: str) -> str:
    """
    >>> _label("runtime_version")
    'Runtime version'
    """
    return name.replace("_", " ").capitalize()


def _print_service_table(states: Entries) -> None:
    rows: list[tuple[str, str, str | None]] = []
    for name, state in states.items():
        mark, colour = _SERVICE_MARKS.get(str(state), _OTHER_MARK)
        rows.append((name, f"{mark} {state}", colour))
    print_table(("Service", "Status"), rows)
