"""HTTP/1.0 and 1.1 on one connection: requests are answered one after the other, as long as the client takes it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from threading import get_ident
from typing import Any

from werkzeug.wrappers import Response

from localstack.host.gateway.front_door.connection import Connection
from localstack.host.gateway.front_door.crew import Turn
from localstack.host.gateway.front_door.message import Message
from localstack.host.gateway.front_door.message_reader import MessageReader
from localstack.host.gateway.front_door.request import ServedHeaders, ServedRequest, make_environ
from localstack.host.gateway.front_door.response import Head, body_of, chunks_of, make_head, simple
from localstack.host.gateway.front_door.service import Service
from localstack.host.gateway.front_door.session import ConnectionLost
from localstack.host.pace import LEAVE_KEY

LOG = logging.getLogger(__name__)

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_COPY_UP_TO = 16 * 1024
"""A head and a body together no larger than this are sent as one buffer; joining them costs less than a longer call."""


class Http1:
    """The HTTP/1 session of a connection."""

    def __init__(self, connection: Connection, service: Service) -> None:
        self._connection = connection
        self._service = service
        self._reader = MessageReader(connection.loop.limits, service.spool_dir, service.memory)
        self._is_answering = False
        self._has_begun = False
        self._turn: Turn | None = None
        self._thread = 0
        self._shared = service.connection_environ(connection) | {LEAVE_KEY: self._leave}

    # what the connection calls

    def receive(self, data: bytes, turn: Turn) -> None:
        connection, reader = self._connection, self._reader
        if reader.is_in_message and reader.waits_for_disk:
            connection.without_hurry(lambda: reader.feed(data), turn)  # nobody else does
        else:
            reader.feed(data)
        connection.inlet = reader.inlet
        connection.is_idle = not (reader.is_in_message or reader.ready)
        if not reader.ready and reader.refusal is None:
            connection.deadline = reader.deadline()
        if not self._is_answering:
            self.proceed(turn)

    def proceed(self, turn: Turn) -> None:
        """Answer the requests that are complete, one after the other, as long as the client takes the answers."""
        connection, reader = self._connection, self._reader
        crew = connection.loop.crew
        while reader.ready and not connection.unsent and not connection.is_closed:
            message = reader.ready.popleft()
            if crew.is_saturated and not turn.lost:
                self._let_a_worker_answer(message)
                return
            self._answer(message, turn)
        if reader.upgrade is None and reader.refusal is None and not (reader.is_in_message and reader.expects_continue):
            return
        connection.release()
        if connection.unsent or connection.is_closed:
            return
        if reader.upgrade is not None:
            self._become_websocket(turn)
        elif reader.refusal is not None:
            connection.send([reader.refusal], then_close=True, lingers=True)
        else:
            reader.note_continue()
            connection.send([_CONTINUE])

    def expire(self) -> None:
        if self._is_answering:
            return
        if self._reader.is_in_message:
            late = simple(HTTPStatus.REQUEST_TIMEOUT, "the request did not come in time\n")
            self._connection.send([late], then_close=True, lingers=True)
        else:
            self._connection.close()

    def end(self) -> None:
        self._reader.drop()

    def _answer(self, message: Message, turn: Turn) -> None:
        connection = self._connection
        crew = connection.loop.crew
        crew.begin(turn, connection)
        self._turn, self._thread = turn, get_ident()
        self._is_answering = True
        connection.deadline = None
        environ, path = make_environ(
            message.method,
            message.target,
            "HTTP/1.1" if message.version == "1.1" else "HTTP/1.0",
            message.environ,
            message.body,
            message.length,
            self._shared,
        )
        response = self._service.answer(
            ServedRequest(environ, ServedHeaders.around(message.headers, message.index), path)
        )
        self._has_begun = False
        held = b""
        try:
            held = self._write(message, environ, response, turn)
        except ConnectionLost:
            connection.close()
        except BaseException:  # a body that is iterated runs the code of an extension
            LOG.exception("the answer to %s %s failed", message.method, path)
            self._break_off()
        finally:
            self._service.finish(response)
            if message.body is not None:
                message.body.close()
            self._is_answering = False
            self._turn = None
        still_leads = crew.end(turn)
        if held:
            if still_leads and not self._reader.ready:
                connection.hold(held)
            else:
                connection.send([held])
        if not connection.unsent and not self._reader.ready:
            connection.is_idle = not self._reader.is_in_message
            connection.deadline = self._reader.deadline()

    def _leave(self) -> None:
        """Called in a handler before something slow; without effect in another thread, or when the answer is there."""
        if self._turn is not None and self._thread == get_ident():
            self._connection.loop.crew.leave(self._turn, self._connection)

    def _break_off(self) -> None:
        """Say that the answer failed; once it has begun, only its missing end can say so."""
        if self._has_begun:
            self._connection.close()
        else:
            error = simple(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error\n")
            self._connection.send([error], then_close=True, lingers=True)

    def _write(self, message: Message, environ: dict[str, Any], response: Response, turn: Turn) -> bytes:
        """Send the answer; a small one after which the connection stays open is returned instead."""
        connection = self._connection
        body = body_of(response)
        length = None if body is None else sum(map(len, body))
        head = make_head(response, environ, length, message.keeps_alive, message.version == "1.0")
        self._has_begun = True
        if head.closes:
            self._reader.drop_ready()
        if head.is_all or message.method == "HEAD":
            body, length = [], 0
        if body is None or length is None:
            connection.loop.crew.leave(turn, connection)
            self._stream(head, response)
            return b""
        if length > _COPY_UP_TO:
            connection.send([head.data, *body], then_close=head.closes)
            return b""
        whole = b"".join((head.data, *body))
        if head.closes:
            connection.send([whole], then_close=True)
            return b""
        return whole

    def _stream(self, head: Head, response: Response) -> None:
        """Send a body piece by piece as it is produced, and no more of it than its head has promised."""
        connection = self._connection
        connection.send_all(head.data)
        missing = head.length
        for chunk in chunks_of(response, head.is_chunked):
            if missing is None:
                connection.send_all(chunk)
            else:
                connection.send_all(chunk[:missing])
                missing = max(0, missing - len(chunk))
        if head.closes or missing:
            connection.close()

    def _let_a_worker_answer(self, message: Message) -> None:
        """All threads are busy: queue the request, or refuse it when too many wait already."""
        connection = self._connection
        connection.detach()
        connection.deadline = None
        self._reader.ready.appendleft(message)
        if not connection.loop.crew.enqueue(self._answer_as_worker):
            self._reader.drop_ready()
            connection.watch()
            busy = simple(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests are waiting\n", ("Retry-After", "1"))
            connection.send([busy], then_close=True, lingers=True)

    def _answer_as_worker(self) -> None:
        turn = Turn()
        turn.lost = True
        try:
            self.proceed(turn)
        except Exception:  # a mistake of ours costs one connection, not a thread
            LOG.exception("a connection failed")
            self._connection.close()
        self._connection.watch()

    def _become_websocket(self, turn: Turn) -> None:
        assert self._reader.upgrade is not None
        message, rest = self._reader.upgrade
        self._reader.upgrade = None
        connection = self._connection
        connection.deadline = None
        crew = connection.loop.crew
        crew.leave(turn, connection)
        connection.detach()
        environ, _ = make_environ("WEBSOCKET", message.target, "HTTP/1.1", message.environ, None, 0, self._shared)
        with crew.apart():
            self._service.serve_websocket(connection, environ, message.headers, rest)
        connection.close()
