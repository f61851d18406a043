"""The handler lists of the chain that extensions add to, each call of a handler guarded.

When extensions are exchanged, a request under way goes on with the handlers that were there when it began.
"""

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
from localstack.host.extension.ownership import VERSION_KEY, ContributionKind, Ledger, OwnedList

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
        handlers = self.handlers.as_of(context.request)
        if handlers:
            ends = ON_STOP if self.return_on_stop else ON_TERMINATION
            self._guard.handlers(handlers, self._place, chain, ends, (chain, context, response))


class GuardedPreprocessors(GuardedRequestHandlers):
    """The first of an extension's handlers that a request meets: from here on it is one of this version."""

    def __init__(self, ledger: Ledger, guard: Guard) -> None:
        super().__init__(ledger, guard, ContributionKind.PREPROCESSOR)
        self._ledger = ledger

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        context.request.environ[VERSION_KEY] = self._ledger.version
        if self.handlers:
            super().__call__(chain, context, response)


class GuardedResponseHandlers(CompositeResponseHandler):  # type: ignore[misc]
    """Runs every handler, also after one has stopped the chain; only termination ends it."""

    def __init__(self, ledger: Ledger, guard: Guard) -> None:
        super().__init__()
        self.handlers: OwnedList[Any] = OwnedList(ledger, ContributionKind.RESPONSE_HANDLER)
        self._guard = guard

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        handlers = self.handlers.as_of(context.request)
        self._guard.handlers(handlers, _RESPONSE_HANDLER, chain, ON_TERMINATION, (chain, context, response))


class GuardedExceptionHandlers(CompositeExceptionHandler):  # type: ignore[misc]
    """Shows an exception of the request handlers to every handler."""

    def __init__(self, ledger: Ledger, guard: Guard) -> None:
        super().__init__()
        self.handlers: OwnedList[Any] = OwnedList(ledger, ContributionKind.EXCEPTION_HANDLER)
        self._guard = guard

    def __call__(self, chain: HandlerChain, exception: Exception, context: RequestContext, response: Response) -> None:
        handlers = self.handlers.as_of(context.request)
        self._guard.handlers(handlers, _EXCEPTION_HANDLER, chain, NEVER, (chain, exception, context, response))


class GuardedFinalizers(CompositeFinalizer):  # type: ignore[misc]
    """Runs every handler, whatever became of the chain."""

    def __init__(self, ledger: Ledger, guard: Guard) -> None:
        super().__init__()
        self.handlers: OwnedList[Any] = OwnedList(ledger, ContributionKind.FINALIZER)
        self._guard = guard

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        handlers = self.handlers.as_of(context.request)
        if handlers:
            self._guard.handlers(handlers, _FINALIZER, chain, NEVER, (chain, context, response))
