"""Counters. Their values can be read in this process, and go nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterable

__all__ = ["Counter", "LabeledCounter"]


class Counter:
    """A number that only grows; with labels a number for each combination of their values. Safe for threads.

    >>> calls = Counter("my-extension", "calls", labels=["service"])
    >>> calls.labels(service="sqs").increment()
    >>> calls.labels(service="sqs").count
    1
    """

    def __init__(self, namespace: str, name: str, labels: Iterable[str] | None = None, schema_version: int = 1) -> None:
        """
        :param namespace: whose counter it is, e.g. the extension's name
        :param labels: names of the labels
        :param schema_version: which meaning of the name is meant, where it has changed
        """
        self.namespace = namespace
        self.name = name
        self.schema_version = schema_version
        self._labels = tuple(labels or ())
        self._count = 0
        self._below: dict[tuple[object, ...], Counter] = {}
        self._lock = threading.RLock()

    @property
    def count(self) -> int:
        """The number; with labels that of all combinations together."""
        with self._lock:
            return self._count + sum(counter.count for counter in self._below.values())

    def labels(self, **values: object) -> Counter:
        """The counter of one combination of values, the same for the same values.

        :raises ValueError: when other labels are named than the counter has
        """
        if not self._labels or values.keys() != set(self._labels):
            raise ValueError(f"counter {self.name} has the labels {self._labels}, not {tuple(values)}")
        with self._lock:
            key = tuple(values[label] for label in self._labels)
            return self._below.setdefault(key, Counter(self.namespace, self.name, None, self.schema_version))

    def increment(self, value: int = 1) -> None:
        """
        :raises ValueError: when ``value`` is not above zero, or the counter has labels
        """
        if value <= 0:
            raise ValueError(f"a counter only grows: {value} is not above zero")
        if self._labels:
            raise ValueError(f"counter {self.name} has the labels {self._labels}: say which is meant with labels()")
        with self._lock:
            self._count += value

    def reset(self) -> None:
        """Begin with zero again, for all combinations."""
        with self._lock:
            self._count = 0
            for counter in self._below.values():
                counter.reset()


class LabeledCounter(Counter):
    """A counter that has labels."""

    def __init__(self, namespace: str, name: str, labels: Iterable[str], schema_version: int = 1) -> None:
        """
        :raises ValueError: without labels
        """
        super().__init__(namespace, name, labels, schema_version)
        if not self._labels:
            raise ValueError(f"counter {name} needs at least one label")
