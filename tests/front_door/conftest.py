"""Front doors in the test's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doors import Door, gateway_threads, wait_until
from localstack.host.gateway.claims import Claims
from localstack.host.gateway.front_door.loop import Limits


@pytest.fixture
def open_door(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., Door]]:
    """Open front doors: ``open_door(workers=3, header_seconds=0.1)``; the other keywords are ``Limits``.

    With the test they are stopped, must leave no thread behind and must not have logged an error.
    """
    doors: list[Door] = []

    def _open(*, workers: int = 20, claims: Claims | None = None, **limits: float) -> Door:
        door = Door(tmp_path, Limits(**limits), workers, claims)  # type: ignore[arg-type]
        doors.append(door)
        return door

    yield _open
    for door in doors:
        door.stop()
    wait_until(lambda: not gateway_threads(), "threads of the front door are still there")
    errors = [record for record in caplog.get_records("call") if record.levelname == "ERROR"]
    if not any(door.logs_errors for door in doors):
        assert not errors, [record.getMessage() for record in errors]


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    return open_door()
