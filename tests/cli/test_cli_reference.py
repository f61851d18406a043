"""docs/cli.md is a reference only as long as it has every command and every option."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from localstack.host.cli.main import cli

REFERENCE = Path(__file__).parents[2] / "docs" / "cli.md"


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, e.g. ``"extensions dev new"``; hidden ones are left out."""
    if path:
        yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            if not found.hidden:
                yield from commands(found, (*path, name))


def sections() -> dict[str, str]:
    """The text under each heading of a command, e.g. ``{"start": "…", "extensions dev new": "…"}``."""
    parts = re.split(r"^#+ `localstack ?(.*?)`$", REFERENCE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


ALL = dict(commands(cli))


@pytest.mark.parametrize("name", ALL)
def test_the_reference_has_the_command_with_all_its_options_and_arguments(name: str) -> None:
    text = sections().get(name)
    assert text is not None, f"docs/cli.md has no heading `localstack {name}`"
    for parameter in ALL[name].params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            for spelling in (*parameter.opts, *parameter.secondary_opts):
                assert f"`{spelling}" in text, f"docs/cli.md: {name} lacks {spelling}"
        if isinstance(parameter, click.Argument):
            assert parameter.make_metavar(click.Context(ALL[name])).strip("[]{}.").split("|")[0] in text


def test_the_reference_has_no_command_that_does_not_exist() -> None:
    assert set(sections()) - {""} == set(ALL)


def test_the_reference_has_the_options_of_the_command_itself() -> None:
    text = sections()[""]
    for parameter in cli.params:
        assert all(f"`{spelling}" in text for spelling in parameter.opts)


def test_the_reference_has_no_option_that_does_not_exist() -> None:
    for name, text in sections().items():
        command = ALL.get(name, cli)
        known = {spelling for p in command.params for spelling in (*p.opts, *p.secondary_opts)} | {"-h", "--help"}
        rows = re.findall(r"^\| (`-[^|]*) \|", text, flags=re.MULTILINE)
        shown = {word for row in rows for word in re.findall(r"`(-[\w-]+)", row)}
        assert shown <= known, f"docs/cli.md: {name} has {shown - known}"
