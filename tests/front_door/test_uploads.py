"""Where the body of a request is while it comes in: in memory as long as there is room, then in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import BytesIO

import pytest
from rolo import Request

from doors import Door, chunked, request, wait_until

MEBIBYTE = 1024 * 1024


def place(incoming: Request) -> str:
    kind = "memory" if isinstance(incoming.environ["wsgi.input"], BytesIO) else "file"
    return f"{kind} {hashlib.sha256(incoming.get_data()).hexdigest()}"


@pytest.fixture
def small_door(open_door: Callable[..., Door]) -> Door:
    door = open_door(memory_body_bytes=1000, memory_together_bytes=3 * MEBIBYTE)
    door.routes["/place"] = place
    return door


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize(
    ("size", "where"),
    [
        (1000, "memory"),
        (1001, "memory"),
        (3 * MEBIBYTE, "memory"),
        (3 * MEBIBYTE + 1001, "file"),
        (17 * MEBIBYTE, "file"),
    ],
)
def test_a_body_is_in_memory_while_there_is_room(small_door: Door, size: int, where: str, is_chunked: bool) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    body = body[:size]
    with small_door.connect() as client:
        for _ in range(3):  # what is taken is given back
            if is_chunked:
                client.send(b"PUT /place HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                client.send(chunked(body[at : at + 70_000] for at in range(0, size, 70_000)))
            else:
                client.send(request("/place", "PUT", body))
            assert client.read().body.decode() == f"{where} {hashlib.sha256(body).hexdigest()}"


@pytest.mark.parametrize("piece", [100_003, 4 * MEBIBYTE], ids=["in pieces", "at once"])
def test_what_follows_a_large_body_is_the_next_request(small_door: Door, piece: int) -> None:
    bodies = [bytes([number]) * size for number, size in enumerate((2 * MEBIBYTE + 1, 0, 70_000, 65_536, 900_001))]
    sent = b"".join(request("/place", "PUT", body) for body in bodies)
    with small_door.connect() as client:
        for at in range(0, len(sent), piece):
            client.send(sent[at : at + piece])
        for body in bodies:
            assert client.read().body.decode() == f"memory {hashlib.sha256(body).hexdigest()}"


def test_uploads_share_the_room_and_give_it_back(small_door: Door) -> None:
    body = b"x" * (2 * MEBIBYTE)
    with small_door.connect() as first, small_door.connect() as second:
        first.send(request("/place", "PUT", body)[:-1])
        budget = small_door.server._service.memory
        wait_until(lambda: budget._free < 2 * MEBIBYTE, "the first one takes nothing")
        assert second.ask("/place", "PUT", body).body.startswith(b"file")
        first.send(b"x")
        assert first.read().body.startswith(b"memory")
        assert second.ask("/place", "PUT", body).body.startswith(b"memory")
        first.send(request("/place", "PUT", body)[:-1])
    wait_until(lambda: budget._free == 3 * MEBIBYTE, "a client that leaves keeps its room")
