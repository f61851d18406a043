"""Contents of objects: large ones share a budget of memory, and go to files where it ends."""

from __future__ import annotations

import pytest

from aws_server import AwsServer
from localstack.host.emulation.object_content import MIB, ObjectContent
from localstack.host.memory_budget import MemoryBudget

SMALL = 10


@pytest.fixture
def budget() -> MemoryBudget:
    return MemoryBudget(100)


def content(budget: MemoryBudget, data: bytes) -> ObjectContent:
    made = ObjectContent(SMALL, budget)
    made.write(data)
    return made


def is_in_memory(data: bytes, made: ObjectContent) -> bool:
    """What is in memory is given out as it is."""
    made.seek(0)
    return made.read() is data


def test_all_of_it_is_read_without_a_copy(budget: MemoryBudget) -> None:
    assert is_in_memory(b"123", content(budget, b"123"))


@pytest.mark.parametrize("size", [0, 3, SMALL, 60, 200])
def test_it_is_read_in_pieces_and_again(budget: MemoryBudget, size: int) -> None:
    data = bytes(range(size))
    made = content(budget, data)
    for _ in range(2):
        made.seek(0)
        pieces = []
        while piece := made.read(7):
            pieces.append(piece)
        assert b"".join(pieces) == data


def test_large_ones_are_in_memory_as_long_as_the_budget_lasts(budget: MemoryBudget) -> None:
    data = b"x" * 60
    first, second = content(budget, data), content(budget, data)
    assert (is_in_memory(data, first), is_in_memory(data, second)) == (True, False)
    second.seek(0)
    assert second.read() == data
    small = b"x" * SMALL
    assert is_in_memory(small, content(budget, small))


@pytest.mark.parametrize("ending", ["close", "truncate", "__del__"])
def test_who_goes_gives_its_memory_back(budget: MemoryBudget, ending: str) -> None:
    data = b"x" * 60
    first = content(budget, data)
    if ending == "__del__":
        del first
    else:
        getattr(first, ending)()
    assert is_in_memory(data, content(budget, data))


def test_what_is_closed_twice_gives_its_memory_back_once(budget: MemoryBudget) -> None:
    first = content(budget, b"x" * 60)
    first.close()
    first.close()
    del first
    assert not budget.take(101)
    assert budget.take(100)


def test_a_large_object_comes_back_whole_and_in_parts(aws: AwsServer) -> None:
    data = b"0123456789" * MIB
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="large", Body=data)
    assert s3.get_object(Bucket="bucket", Key="large")["Body"].read() == data
    assert s3.get_object(Bucket="bucket", Key="large", Range="bytes=9-20")["Body"].read() == data[9:21]
