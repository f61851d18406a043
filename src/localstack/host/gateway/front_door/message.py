"""A request of HTTP/1 as it was read, and the one that follows it with the same header fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO

from localstack.host.gateway.front_door.request import HeaderList

_SETS_APART = frozenset({"expect", "upgrade"})
"""Headers that have the connection do something else than to answer."""
_FIRST_LINE = re.compile(rb"(DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) (/[!-~]*) HTTP/1\.1")
_LONGEST_REPEATED = 4096


@dataclass(slots=True)
class Message:
    """A complete request; ``index`` has the headers by their names in lower case, ``environ`` by WSGI's names."""

    method: str
    target: str
    version: str
    headers: HeaderList
    index: dict[str, str]
    environ: dict[str, str]
    body: IO[bytes] | None
    length: int
    keeps_alive: bool


class RepeatedHead:
    """Header fields that a client has sent before on the same connection, and what they were understood as.

    From request to request most clients change nothing but the first line, and what the parser has let in once it need
    not parse again. Only for requests without a body, after which the connection stays open.
    """

    __slots__ = ("_environ", "_fields", "_headers", "_index")

    def __init__(self, fields: bytes, message: Message) -> None:
        self._fields = fields
        self._headers = message.headers.copy()  # handlers may change those of a request
        self._index = message.index
        self._environ = message.environ

    @classmethod
    def of(cls, data: bytes, message: Message) -> RepeatedHead | None:
        """The fields of ``message``, which is all that was in ``data``; ``None`` when there is more to it."""
        if message.body is not None or not message.keeps_alive or len(data) > _LONGEST_REPEATED:
            return None
        end = data.find(b"\r\n")
        if _FIRST_LINE.fullmatch(data, 0, end) is None or not _SETS_APART.isdisjoint(message.index):
            return None
        return cls(data[end:], message)

    def read(self, data: bytes) -> Message | None:
        """The request in ``data``, if it is one with the same fields and nothing else; ``None`` for all others."""
        if not data.endswith(self._fields) or len(data) > _LONGEST_REPEATED:
            return None
        line = _FIRST_LINE.fullmatch(data, 0, len(data) - len(self._fields))
        if line is None:
            return None
        method, target = line[1].decode(), line[2].decode()
        return Message(method, target, "1.1", self._headers.copy(), self._index, self._environ, None, 0, True)
