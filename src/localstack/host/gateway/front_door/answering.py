"""What a worker does about a request of HTTP/2: ask the gateway, and leave the answer in the stream."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import IO, Any

from werkzeug.wrappers import Response

from localstack.host.gateway.front_door.fields import answer_fields, simple_answer
from localstack.host.gateway.front_door.request import ServedHeaders, ServedRequest, environ_of, make_environ
from localstack.host.gateway.front_door.response import body_of, has_no_body
from localstack.host.gateway.front_door.service import Service
from localstack.host.gateway.front_door.stream import Stream, StreamLost

LOG = logging.getLogger(__name__)


class Answering:
    """Answers the requests of one connection, several workers at a time.

    :param shared: what all its requests have in common in their WSGI environ
    :param announce: called when a part of an answer can be sent
    """

    def __init__(self, service: Service, shared: dict[str, Any], announce: Callable[[Stream], None]) -> None:
        self._service = service
        self._shared = shared
        self._announce = announce

    def answer(self, stream: Stream) -> None:
        """Leave the answer, or that there is none, in the stream. Never raises; the last part is not announced."""
        body = stream.upload.whole() if stream.upload is not None else None
        try:
            if not stream.is_lost:
                self._serve(stream, body)
        except StreamLost:
            LOG.debug("the client no longer waits for %s %s", stream.method, stream.target)
        except BaseException:  # a body that is iterated runs the code of an extension
            LOG.exception("the answer to %s %s failed", stream.method, stream.target)
            _break_off(stream)
        finally:
            if body is not None:
                body.close()

    def _serve(self, stream: Stream, body: IO[bytes] | None) -> None:
        length = stream.upload.length if stream.upload is not None else 0
        headers = environ_of(stream.headers)
        environ, path = make_environ(stream.method, stream.target, "HTTP/2", headers, body, length, self._shared)
        response = self._service.answer(ServedRequest(environ, ServedHeaders.around(stream.headers), path))
        try:
            self._respond(stream, environ, response)
        finally:
            self._service.finish(response)

    def _respond(self, stream: Stream, environ: dict[str, Any], response: Response) -> None:
        body = body_of(response)
        head = answer_fields(response, environ, None if body is None else sum(map(len, body)))
        if stream.method == "HEAD" or has_no_body(response.status_code):
            stream.respond(head)
        elif body is not None:
            stream.respond(head, body)
        else:
            stream.respond(head, is_whole=False)
            self._announce(stream)
            self._stream(stream, response, response.content_length)

    def _stream(self, stream: Stream, response: Response, missing: int | None) -> None:
        """Hand on a body as it is produced, and no more of it than its head has promised."""
        for part in response.iter_encoded():
            stream.put(part[:missing])
            self._announce(stream)
            missing = None if missing is None else max(0, missing - len(part))
        if missing:
            stream.fail()
        else:
            stream.finish()


def _break_off(stream: Stream) -> None:
    """Say that the answer failed; once it has begun, only a reset can say so."""
    if stream.has_begun:
        stream.fail()
    else:
        stream.respond(*simple_answer(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error"))
