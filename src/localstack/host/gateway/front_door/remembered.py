"""What a function has made of texts that come again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_LONGEST = 1024


class Remembered(dict[_Key, _Value]):
    """The results of ``compute`` by its argument; one that is known costs no more than a look into a dict.

    Clients choose the texts, so their number and their lengths are limited.

    :param size: how many are kept; when there are more, all are forgotten
    :param length_of: the length of an argument; long ones are computed each time
    """

    def __init__(self, compute: Callable[[_Key], _Value], size: int, length_of: Callable[[Any], int] = len) -> None:
        super().__init__()
        self._compute = compute
        self._size = size
        self._length_of = length_of

    def __missing__(self, key: _Key) -> _Value:
        value = self._compute(key)
        if self._length_of(key) <= _LONGEST:
            if len(self) >= self._size:
                self.clear()
            self[key] = value
        return value


def length_of_pair(pair: tuple[str, str]) -> int:
    """The length of a header's name and value together."""
    return len(pair[0]) + len(pair[1])
