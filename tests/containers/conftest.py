"""The container engine of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from container_engine import Engine, EngineClient, client_of, running_engine

IMAGE = "leanto/busybox"


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A container engine with an image ``leanto/busybox``, which prints ``up`` and sleeps."""
    with running_engine(tmp_path_factory.mktemp("engine")) as engine:
        engine.make_image(IMAGE, ["sh", "-c", "echo up; exec sleep 3600"], {"etc/motd": "welcome\n"})
        yield engine


@pytest.fixture
def client(engine: Engine) -> Iterator[EngineClient]:
    """A client of the engine; containers that a test leaves are removed."""
    with client_of(engine) as client:
        yield client
