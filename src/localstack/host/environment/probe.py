"""Imports extensions in a process of its own: ``python -m … SITE_PACKAGES PROGRESS TRACEBACK``.

Standard input has the references of the entry points as a JSON list. For each that can be imported, and is what the
entry point of an extension may lead to, one byte is appended to the file PROGRESS. The first that can't ends the
process with its traceback in the file TRACEBACK: the standard streams are what extensions have made of them.
"""

from __future__ import annotations

import json
import os
import site
import sys
import traceback
from importlib.metadata import EntryPoint
from pathlib import Path

from plux import PluginSpecResolver

from localstack.host.environment.installed import EXTENSIONS_GROUP
from localstack.host.missing_names import explain_missing_names


def main(site_packages: str, progress: str, trace: str) -> None:
    site.addsitedir(site_packages)
    explain_missing_names()
    references = json.load(sys.stdin)
    with Path(progress).open("ab", buffering=0) as done:
        for reference in references:
            try:
                PluginSpecResolver().resolve(_load(reference))
            except Exception as error:  # noqa: BLE001 - whatever an extension may raise
                with Path(trace).open("w", encoding="utf-8", errors="replace") as file:
                    traceback.print_exception(error, file=file)
                os._exit(1)
            done.write(b".")
    os._exit(0)  # a thread that an import started may never end


def _load(reference: str) -> object:
    if not EntryPoint.pattern.match(reference):
        raise ValueError(f"the entry point {reference!r} is not of the form module:class")
    return EntryPoint("extension", reference, EXTENSIONS_GROUP).load()


if __name__ == "__main__":
    main(*sys.argv[1:])
