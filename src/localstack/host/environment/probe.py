"""Imports extensions in a process of its own: ``python -m localstack.host.environment.probe SITE_PACKAGES PROGRESS``.

Standard input has the references of the entry points as a JSON list. For each that could be imported one byte is
appended to the file PROGRESS; the first that can't ends the process with its traceback on stderr.
"""

from __future__ import annotations

import json
import os
import site
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

from localstack.host.environment.installed import EXTENSIONS_GROUP
from localstack.host.missing_names import explain_missing_names


def main(site_packages: str, progress: str) -> None:
    site.addsitedir(site_packages)
    explain_missing_names()
    references = json.load(sys.stdin)
    with Path(progress).open("ab", buffering=0) as done:
        for reference in references:
            EntryPoint("extension", reference, EXTENSIONS_GROUP).load()
            done.write(b".")
    os._exit(0)  # a thread that an import started may never end


if __name__ == "__main__":
    main(*sys.argv[1:])
