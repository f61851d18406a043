"""Locks and records in which somebody has changed a value: an error that names the file, and never a traceback."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from extension_installer import Installer
from extension_packages import Project
from localstack.host.environment.inventory import Inventory
from localstack.host.environment.request import read_requests
from localstack.host.environment.sync import has_lock
from localstack.host.errors import InstallError, SourceError

WRONG: tuple[Any, ...] = (7, True, 1.5, "", "x\ny", "../../x", "file:///etc", [], ["a"], {}, {"a": 1})


def changed(document: Any, wrong: object) -> Iterator[Any]:
    """Copies of ``document`` with ``wrong`` in the place of one value of it, at any depth."""
    yield wrong
    if isinstance(document, dict):
        for key in document:
            yield from ({**document, key: value} for value in changed(document[key], wrong))
    elif isinstance(document, list):
        for index in range(len(document)):
            yield from ([*document[:index], one, *document[index + 1 :]] for one in changed(document[index], wrong))


def toml(value: Any) -> str:
    match value:
        case dict():
            return f"{{{', '.join(f'{json.dumps(key)} = {toml(one)}' for key, one in value.items())}}}"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case datetime():
            return value.isoformat()
        case _:
            return json.dumps(value)


def changed_files(text: str) -> Iterator[str]:
    for wrong in WRONG:
        for document in changed(tomllib.loads(text), wrong):
            if isinstance(document, dict):
                yield "\n".join(f"{key} = {toml(value)}" for key, value in document.items())


@pytest.fixture
def lock(installer: Installer, tmp_path: Path) -> str:
    """Of a wheel that an index has, and of a local folder."""
    installer.install("leanto-test-waver")
    installer.install(Project("leanto-test-folder", plugin="folder").write(tmp_path / "folder"))
    return installer.environment.exported_lock()


def test_a_lock_with_a_wrong_value(installer: Installer, lock: str) -> None:
    inventory = Inventory.of(installer.environment.generations.current())
    assert has_lock(inventory, lock, Path("pylock.toml"))
    for text in changed_files(lock):
        with suppress(InstallError, SourceError):
            has_lock(inventory, text, Path("pylock.toml"))


def test_a_record_with_a_wrong_value(installer: Installer, lock: str, tmp_path: Path) -> None:
    record = tmp_path / "extensions.toml"
    for text in changed_files((installer.directory / "extensions.toml").read_text()):
        record.write_text(text)
        with suppress(InstallError):
            for request in read_requests(record):
                assert request.line(tmp_path)
                assert request.exported()
