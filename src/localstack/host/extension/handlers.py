"""The handler lists of the chain that extensions add to, each call of a handler guarded."""

from __future__ import annotations

from typing import Any

from rolo import Response
from rolo.gateway import (
    CompositeExceptionHandler,
    CompositeFinalizer,
    CompositeHandler,
    CompositeResponseHandler,
    HandlerChain,
    RequestContext,
)

from localstack.host.extension.guard import NEVER, ON_STOP, ON_TERMINATION, Guard
from localstack.host.extension.ownership import ContributionKind, Ledger, OwnedList

_RESPONSE_HANDLER = ContributionKind.RESPONSE_HANDLER.value
_EXCEPTION_HANDLER = ContributionKind.EXCEPTION_HANDLER.value
_FINALIZER = ContributionKind.FINALIZER.value


class GuardedRequestHandlers(CompositeHandler):  # type: ignore[misc]  # rolo is not typed
    """Runs until a handler stops or terminates the chain."""

    def __init__(self, ledger: Ledger, guard: Guard, kind: ContributionKind) -> None:
        super().__init__()
        self.handlers: OwnedList[Any] = OwnedList(ledger, kind)
        self._guard = guard
        self._place = kind.value

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if not self.handlers:
            return
        ends = ON_STOP if self.return_on_stop else ON_TERMINATION
        self._guard.handlers(self.handlers, self._place, chain, ends, (chain, context, response))


class GuardedResponseHandlers(CompositeResponseHandler):  # type: ignore[misc]
    """Runs every handler, also after one has stopped the chain; only termination ends it."""

    def __init__(self, ledger: Ledger, guard: Guard) -> None:
        super().__init__()
        self.handlers: OwnedList[Any] = OwnedList(ledger, ContributionKind.RESPONSE_HANDLER)
        self._guard = guard

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        self._guard.handlers(self.handlers, _RESPONSE_HANDLER, chain, ON_TERMINATION, (chain, context, response))


class GuardedExceptionHandlers(CompositeExceptionHandler):  # type: ignore[misc]
    """Shows an exception of the request handlers to every handler."""

    def __init__(self, ledger: Ledger, guard: Guard) -> None:
        super().__init__()
        self.handlers: OwnedList[Any] = OwnedList(ledger, ContributionKind.EXCEPTION_HANDLER)
        self._guard = guard

    def __call__(self, chain: HandlerChain, exception: Exception, context: RequestContext, response: Response) -> None:
        args = (chain, exception, context, response)
        self._guard.handlers(self.handlers, _EXCEPTION_HANDLER, chain, NEVER, args)


class GuardedFinalizers(CompositeFinalizer):  # type: ignore[misc]
    """Runs every handler, whatever became of the chain."""

    def __init__(self, ledger: Ledger, guard: Guard) -> None:
        super().__init__()
        self.handlers: OwnedList[Any] = OwnedList(ledger, ContributionKind.FINALIZER)
        self._guard = guard

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if self.handlers:
            self._guard.handlers(self.handlers, _FINALIZER, chain, NEVER, (chain, context, response))
