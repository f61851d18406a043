"""How long something has taken lately, so that a call that will take long can be prepared for."""

from __future__ import annotations

SLOW_SECONDS = 0.004
"""From here on a call is slow: the server's watch would certainly have noticed it by then."""
_WEIGHT = 0.25

LEAVE_KEY = "leanto.leave"
"""Where a request's environ has a function to call before something slow: it lets others answer meanwhile."""


class Pace:
    """A moving average of durations. Threads may note at the same time; a lost note does not matter."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = 0.0

    def note(self, seconds: float) -> None:
        self.seconds += (seconds - self.seconds) * _WEIGHT

    @property
    def is_slow(self) -> bool:
        return self.seconds > SLOW_SECONDS
