"""Connections and streams that extensions have forwarded to their own servers: who claims what."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

from werkzeug.exceptions import HTTPException

from localstack.aws.api import ServiceException
from localstack.extensions.api.connections import Claim, Http2Matcher, Http2Request, TcpMatcher
from localstack.host.extension.guard import ON_TERMINATION, Guard
from localstack.host.extension.ownership import Contribution, ContributionKind, Ledger, OwnedList, describe

LOG = logging.getLogger("localstack.extensions.platform")


@dataclass
class _Question:
    """What matchers are asked one after the other; to the guard it is the chain that they can end.

    :ivar is_open: a matcher could not tell yet
    """

    subject: bytes | Http2Request
    claim: Claim | None = None
    is_open: bool = False
    stopped: bool = False

    @property
    def terminated(self) -> bool:
        return self.claim is not None


@dataclass(eq=False)
class _Matcher:
    """A matcher in the form that the guard calls; reports name the function inside."""

    matches: Callable[[Any], bool | None]
    claim: Claim

    def __post_init__(self) -> None:
        update_wrapper(self, self.matches, updated=())

    def __call__(self, question: _Question) -> None:
        try:
            answer = self.matches(question.subject)
        except (HTTPException, ServiceException, SystemExit) as error:
            # in a handler these would be answers to a request, or end a thread
            raise RuntimeError(f"a matcher returns True, False or None, this one raised {error!r}") from error
        if answer:
            question.claim = self.claim
        elif answer is None:
            question.is_open = True


class _Matchers(OwnedList[_Matcher]):
    """The matchers of one kind, in the order in which they are asked."""

    def contributions(self) -> Iterator[Contribution]:
        for matcher in tuple(self):
            owner = self.owner(matcher)
            if owner is not None:
                where = f"{matcher.claim.host}:{matcher.claim.port}"
                yield Contribution(owner, self._kind, f"{describe(matcher)} to {where}")

    def ask(self, guard: Guard, subject: bytes | Http2Request) -> _Question:
        """Ask all of them, until one claims ``subject``."""
        question = _Question(subject)
        guard.handlers(self, self._kind.value, question, ON_TERMINATION, (question,))
        return question


class OwnedConnections:
    """The ``Connections`` of the extension API, and what the gateway asks of it.

    :param unserved_reason: why the server that runs can't forward anything; ``None`` when it can
    """

    def __init__(self, ledger: Ledger, guard: Guard, unserved_reason: str | None = None) -> None:
        self._ledger = ledger
        self._guard = guard
        self._unserved_reason = unserved_reason
        self._tcp = _Matchers(ledger, ContributionKind.TCP_CLAIM)
        self._http2 = _Matchers(ledger, ContributionKind.HTTP2_CLAIM)

    def forward_tcp(self, matches: TcpMatcher, host: str, port: int) -> Claim:
        return self._add(self._tcp, matches, host, port)

    def forward_http2(self, matches: Http2Matcher, host: str, port: int) -> Claim:
        return self._add(self._http2, matches, host, port)

    def remove(self, claim: Claim) -> None:
        for matchers in (self._tcp, self._http2):
            for matcher in tuple(matchers):
                if matcher.claim is claim:
                    matchers.remove(matcher)
                    return
        raise KeyError("no such claim")

    @property
    def has_tcp(self) -> bool:
        """True when there is a matcher for the first bytes of a connection."""
        return bool(self._tcp)

    @property
    def has_http2(self) -> bool:
        """True when there is a matcher for streams."""
        return bool(self._http2)

    def of_connection(self, first: bytes) -> tuple[Claim | None, bool]:
        """Who claims a connection that begins with ``first``, and whether more bytes may tell when nobody does yet."""
        question = self._tcp.ask(self._guard, first)
        return question.claim, question.is_open

    def of_stream(self, request: Http2Request) -> Claim | None:
        """Who claims an HTTP/2 stream."""
        return self._http2.ask(self._guard, request).claim

    def _add(self, matchers: _Matchers, matches: Callable[[Any], bool | None], host: str, port: int) -> Claim:
        if not callable(matches):
            raise ValueError(f"a matcher is a function, not {matches!r}")
        if not isinstance(host, str) or not host:
            raise ValueError(f"{host!r} is no host to forward to: give a name or an address")
        if not isinstance(port, int) or not 0 < port < 65536:
            raise ValueError(f"{port!r} is no port to forward to: give a number from 1 to 65535")
        claim = Claim(self._ledger.owner_of(matches), host, port)
        matchers.append(_Matcher(matches, claim))
        if self._unserved_reason is not None:
            LOG.warning("extension %s claims connections, but %s", claim.extension, self._unserved_reason)
        return claim
