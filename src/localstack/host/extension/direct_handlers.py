"""The gateway's own handler lists, for extensions that change them directly.

Every request goes through the host's handlers in these lists. They stay plain lists, which are faster to go through,
until the first extension asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from rolo.gateway import Gateway, HandlerChain

from localstack.host.extension.guard import Guard
from localstack.host.extension.ownership import ContributionKind, Ledger, OwnedList

_LISTS = {
    "request_handlers": ContributionKind.REQUEST_HANDLER,
    "response_handlers": ContributionKind.RESPONSE_HANDLER,
    "finalizers": ContributionKind.FINALIZER,
    "exception_handlers": ContributionKind.EXCEPTION_HANDLER,
}
"""The gateway's lists, in the order in which a chain takes them."""

_lock = Lock()


class DirectHandlers(OwnedList[Any]):
    """A list of the gateway that knows who added what."""

    def __init__(self, ledger: Ledger, guard: Guard, kind: ContributionKind, handlers: Iterable[Any]) -> None:
        super().__init__(ledger, kind, handlers)
        self._guard = guard

    def calls(self) -> list[Callable[..., None]]:
        """What a request goes through: the handlers as they are now, those of extensions guarded."""
        now = tuple(self)  # in one step: somebody may insert meanwhile
        return [handler if self.owner(handler) is None else self._guarded(handler) for handler in now]

    def _guarded(self, handler: Callable[..., Any]) -> Callable[..., None]:
        def call(*args: Any) -> None:
            self._guard.handler(self, handler, self._kind.value, args)

        return call


def own_handlers(gateway: Gateway, ledger: Ledger, guard: Guard) -> None:
    """From now on note who adds what to the gateway's lists, and guard what extensions add."""
    with _lock:
        if isinstance(gateway.request_handlers, DirectHandlers):
            return
        lists = [DirectHandlers(ledger, guard, kind, getattr(gateway, name)) for name, kind in _LISTS.items()]
        for name, handlers in zip(_LISTS, lists, strict=True):
            setattr(gateway, name, handlers)
        gateway.new_chain = lambda: HandlerChain(*(handlers.calls() for handlers in lists))
