"""``localstack.utils.analytics``: counters that report to nobody."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from localstack.extensions.api import runtime
from localstack.utils import analytics
from localstack.utils.analytics.metrics import Counter, LabeledCounter


def test_a_counter_counts_and_only_grows() -> None:
    counter = Counter("tests", "calls")
    counter.increment()
    counter.increment(4)
    assert counter.count == 5
    for value in (0, -1):
        with pytest.raises(ValueError, match="only grows"):
            counter.increment(value)
    counter.reset()
    assert counter.count == 0


def test_each_combination_of_label_values_has_a_number_of_its_own() -> None:
    counter = LabeledCounter(namespace="tests", name="calls", labels=["service", "status"])
    counter.labels(service="sqs", status=200).increment()
    counter.labels(status=200, service="sqs").increment()
    counter.labels(service="sqs", status=400).increment(3)
    assert counter.labels(service="sqs", status=200).count == 2
    assert counter.labels(service="s3", status=200).count == 0
    assert counter.count == 5
    counter.reset()
    assert counter.labels(service="sqs", status=400).count == 0


def test_labels_are_required_where_they_are_declared_and_refused_elsewhere() -> None:
    counter = Counter("tests", "calls", labels=["service"])
    with pytest.raises(ValueError, match="labels"):
        counter.increment()
    with pytest.raises(ValueError, match="service"):
        counter.labels(operation="x")
    with pytest.raises(ValueError, match="has the labels"):
        Counter("tests", "plain").labels(service="sqs")
    with pytest.raises(ValueError, match="at least one label"):
        LabeledCounter("tests", "calls", labels=[])


def test_increments_of_many_threads_are_all_counted() -> None:
    counter = LabeledCounter("tests", "calls", labels=["part"])

    def count(number: int) -> None:
        for _ in range(500):
            counter.labels(part=number % 2).increment()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert counter.count == 4000


def test_the_session_id_is_that_of_the_extension_api_and_lasts_for_the_process() -> None:
    assert analytics.get_session_id() == analytics.get_session_id() == runtime.get_session_id()
    code = "from localstack.utils.analytics import get_session_id; print(get_session_id())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert other.stdout.strip() != analytics.get_session_id()
