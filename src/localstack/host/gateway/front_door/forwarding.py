"""What becomes of the streams of a client's HTTP/2 connection that extensions claim."""

from __future__ import annotations

from collections.abc import Callable

from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived
from werkzeug.datastructures import Headers

from localstack.extensions.api.connections import Claim, Http2Request
from localstack.host.gateway.claims import Claims
from localstack.host.gateway.front_door.connection import Connection
from localstack.host.gateway.front_door.crew import Turn
from localstack.host.gateway.front_door.forwarded import ForwardedStream, open_window, send_next
from localstack.host.gateway.front_door.stream import Stream
from localstack.host.gateway.front_door.upstream import Upstream


class Forwarding:
    """Belongs to the client's connection, and to the thread that has it.

    :param announce: tells that connection, in any thread, that something has come for a stream
    """

    def __init__(
        self, connection: Connection, h2: H2Connection, claims: Claims | None, announce: Callable[[Stream], None]
    ) -> None:
        self._connection = connection
        self._h2 = h2
        self._claims = claims
        self._announce = announce
        self._upstreams: dict[tuple[str | None, str, int], Upstream] = {}

    def claim(self, stream: Stream, turn: Turn) -> Claim | None:
        """Whose a stream is, if anybody's."""
        claims = self._claims
        if claims is None or not claims.has_http2:
            return None
        headers = Headers(stream.headers)
        request = Http2Request(stream.method, headers.get("host", ""), stream.target, headers)
        return self._connection.without_hurry(lambda: claims.of_stream(request), turn)

    def begin(self, stream: Stream, claim: Claim, event: RequestReceived) -> ForwardedStream | None:
        """Forward a stream; ``None`` when too many requests are waiting."""
        where = (claim.extension, claim.host, claim.port)
        upstream = self._upstreams.get(where)
        if upstream is None or upstream.is_leaving:
            upstream = Upstream(claim, self._connection.loop, self._announce)
            if not upstream.connect():
                return None
            self._upstreams[where] = upstream
        forwarded = ForwardedStream(stream, upstream.ask)
        forwarded.pass_on(list(event.headers), ends=event.stream_ended is not None)
        return forwarded

    def pass_on(self, stream: ForwardedStream, event: DataReceived) -> None:
        """The client has sent data. How fast its server reads decides when more of the stream may come."""
        assert event.flow_controlled_length is not None
        open_window(self._h2, event.flow_controlled_length)  # of the connection: the other streams go on
        ends = event.stream_ended is not None
        if not ends:
            open_window(self._h2, event.flow_controlled_length - len(event.data), event.stream_id)
        stream.pass_on(event.data, ends=ends)

    def make_room(self, stream: ForwardedStream) -> None:
        """Let the client send as much as its server has been sent."""
        freed = stream.request.freed()
        if not stream.is_complete:
            open_window(self._h2, freed, stream.number)

    def frame(self, stream: ForwardedStream) -> tuple[int, bool]:
        """Frame the next part of the answer; how much that was, and whether it was the last one.

        :raises h2.exceptions.ProtocolError: when the stream does not allow it
        """
        sent, is_last = send_next(stream.response, self._h2, stream.number)
        if sent:
            stream.ask_upstream()
        return sent, is_last

    def end(self) -> None:
        """The client is gone, and its streams are lost already."""
        for upstream in self._upstreams.values():
            upstream.close()
