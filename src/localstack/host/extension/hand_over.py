"""What the old version of an extension gives to the new one, as both want it."""

from __future__ import annotations

import gc
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType, ModuleType

from localstack.host.errors import ExtensionFault
from localstack.host.extension.activities import Activity
from localstack.host.extension.guard import Guard, report
from localstack.host.extension.registry import ExtensionRecord

LOG = logging.getLogger("localstack.extensions.platform")

_SHARED = (CodeType, FrameType, FunctionType, ModuleType, type)
"""What leads from anywhere to everywhere, so that nothing follows from who refers to it."""


@dataclass(frozen=True)
class HandOver:
    """How an extension's state went from one version to the next.

    :ivar state: what the old version gave; ``None`` when nothing
    :ivar is_taken: False when the new version failed to take it
    """

    state: object = None
    is_taken: bool = True

    @classmethod
    def between(cls, old: ExtensionRecord, new: ExtensionRecord, guard: Guard) -> HandOver:
        """Ask the old version, and tell the new one.

        An old version that fails to hand over is in nobody's way: else its mistake could never be mended live.
        """
        assert old.extension is not None
        try:
            state = guard.call(old, "hand_over", old.extension.hand_over)
        except ExtensionFault as fault:
            report(fault)
            LOG.warning("extension %s goes on without the state of the version before", new.name)
            return cls()
        return cls(state, state is None or guard.hook(new, "take_over", state))

    def among(self, activities: Collection[Activity]) -> list[Activity]:
        """Those threads and processes that are part of the state, at any depth."""
        if self.state is None or not activities:
            return []
        reached = set(map(id, _reachable(self.state)))
        return [one for one in activities if id(one) in reached or id(getattr(one, "process", self)) in reached]


def _reachable(root: object) -> Iterator[object]:
    seen = {id(root)}
    found = [root]
    while found:
        thing = found.pop()
        yield thing
        if type(thing).__module__.startswith("localstack.host."):  # leads to every extension
            continue
        for other in gc.get_referents(thing):
            if id(other) not in seen and not isinstance(other, _SHARED):
                seen.add(id(other))
                found.append(other)
