"""Which containers an extension has, and their end, with an engine that does as it is told or does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from localstack.host.extension.containers import OwnedContainers
from localstack.host.extension.ownership import Ledger, acting
from localstack.utils.container_utils.container_configuration import ContainerConfiguration
from localstack.utils.container_utils.container_errors import ContainerException


@dataclass
class StubEngine:
    """Notes what it has stopped, each after ``waits`` has returned for it."""

    waits: Callable[[str], object] = field(default=lambda container_id: None)
    stopped: set[str] = field(default_factory=set)

    def is_container_running(self, container_name: str) -> bool:
        return True

    def remove_container(self, container_name: str) -> None:
        raise AssertionError("none of these is to be removed")

    def stop_container(self, container_name: str, timeout: int) -> None:
        self.waits(container_name)
        self.stopped.add(container_name)


@pytest.fixture
def engine() -> StubEngine:
    return StubEngine()


def owned(engine: StubEngine, **ids_by_name: str) -> OwnedContainers:
    containers = OwnedContainers(Ledger(), "platform", "run")
    for name, container_id in ids_by_name.items():
        containers.add(engine, container_id, ContainerConfiguration("image", name))
    return containers


def test_a_name_that_another_ones_id_begins_with_means_the_one_of_that_name(engine: StubEngine) -> None:
    containers = owned(engine, db="0123", web="db45")
    containers.forget("db")
    containers.end()
    assert engine.stopped == {"db45"}


def test_the_beginning_of_an_id_will_do(engine: StubEngine) -> None:
    containers = owned(engine, db="0123", web="db45")
    containers.forget("01")
    containers.end()
    assert engine.stopped == {"db45"}


def test_one_that_takes_long_holds_up_no_other(engine: StubEngine) -> None:
    both = threading.Barrier(2)
    engine.waits = lambda container_id: both.wait(30)
    owned(engine, one="1", two="2").end()
    assert engine.stopped == {"1", "2"}


def test_an_engine_that_does_not_answer_is_waited_for_no_longer_than_told(
    engine: StubEngine, caplog: pytest.LogCaptureFixture
) -> None:
    over = threading.Event()
    engine.waits = lambda container_id: over.wait(30)
    owned(engine, one="1").end(timeout_seconds=0.1)
    over.set()
    assert "the container engine has not ended container one in time" in caplog.text


def test_a_new_version_gets_the_container_that_runs_and_nobody_removes_it_meanwhile(engine: StubEngine) -> None:
    containers = OwnedContainers(Ledger(), "platform", "run")
    with acting("one"):
        containers.add(engine, "0123", ContainerConfiguration("image", "db"))
        containers.add(engine, "4567", ContainerConfiguration("image", "web"))
        assert containers.taken_from_version_before(ContainerConfiguration("image", "db")) is None
        containers.keep("one")
        assert containers.taken_from_version_before(ContainerConfiguration("image", "db")) == "0123"
        with pytest.raises(ContainerException, match="container web runs as the version before has made it"):
            containers.taken_from_version_before(ContainerConfiguration("image", "web", env_vars={"A": "1"}))
    with acting("two"):
        assert containers.taken_from_version_before(ContainerConfiguration("image", "db")) is None
    assert containers.stays("web")
    containers.hand_on("one")
    assert [name for name in ("db", "web", "01", "other", "") if containers.stays(name)] == ["db", "01"]
    containers.release("one")
    assert not containers.stays("db")
