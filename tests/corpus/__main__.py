"""Every published extension, unmodified: installed from the package index, called, and uninstalled again.

make corpus                          all of them, with each Python on PATH, and all at once
make corpus ARGS='httpbin openai'    some of them
make corpus ARGS='--python 3.12'     with one Python
make corpus ARGS=--write             all of them, and write docs/compatibility.md
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from corpus.catalogue import CORPUS
from corpus.interpreters import SUPPORTED, Interpreter, interpreter
from corpus.published import NotRun, Published, Tier
from corpus.report import Run, table, write_page
from corpus.together import Together, run_together
from corpus.trial import Result, Trial, describe

BESIDE_EACH_OTHER = (Tier.API, Tier.TOOLS)
"""Tiers whose extensions are tried all at once, too."""


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    extensions = [one for one in CORPUS if not options.names or one.name in options.names]
    run = Run()
    with tempfile.TemporaryDirectory(prefix="leanto-corpus-") as folder:
        for version in options.python:
            found = interpreter(version)
            if found is None:
                run.not_run[version] = f"python{version} is not on PATH"
            else:
                try_all(run, extensions, found, Path(folder) / version, at_once=not options.names)
    show(table(run))
    if options.write:
        write_page(run, date.today())
    return 0 if run.is_good() else 1


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make corpus", description="Published extensions, unmodified.")
    names = ", ".join(one.name for one in CORPUS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {names}; by default all of them")
    parser.add_argument("--python", action="append", choices=SUPPORTED, help="by default each that is on PATH")
    parser.add_argument("--write", action="store_true", help="write docs/compatibility.md")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {one.name for one in CORPUS}:
        parser.error(f"no such extension: {', '.join(sorted(unknown))}; choose from {names}")
    if options.write and options.names:
        parser.error("--write is for a run of all extensions")
    options.python = options.python or SUPPORTED
    return options


def try_all(run: Run, extensions: Sequence[Published], with_python: Interpreter, folder: Path, at_once: bool) -> None:
    """Each by itself, then those of the first tiers all at once."""
    neighbours = []
    for published in extensions:
        outcome = Trial(published, with_python, folder / published.name).run()
        run.outcomes.append(outcome)
        show(f"Python {with_python.version}: {published.name} {outcome.version or ''} {outcome.result.value}")
        if published.tier in BESIDE_EACH_OTHER and outcome.result is not Result.NOT_RUN:
            neighbours.append(published)
    if at_once:
        try:
            run.together[with_python.version] = run_together(neighbours, with_python, folder / "together")
        except NotRun as reason:
            run.not_run[with_python.version] = f"all at once: {reason}"
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the outcome
            run.together[with_python.version] = Together(problems=[describe(error)])


def show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
