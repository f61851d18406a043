"""``localstack.utils.xray.trace_header``."""

from __future__ import annotations

import re

import pytest

from localstack.utils.xray.trace_header import TraceHeader

ROOT = "1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        (f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1", TraceHeader(ROOT, "53995c3f42cd8ad8", 1)),
        (f"Root={ROOT};Sampled=?", TraceHeader(ROOT, None, "?")),
        (f"Root={ROOT};Sampled=0;Lineage=a:b=c", TraceHeader(ROOT, None, 0, {"Lineage": "a:b=c"})),
        ("", TraceHeader()),
    ],
)
def test_a_header_is_read_and_written_again(text: str, header: TraceHeader) -> None:
    assert TraceHeader.from_header_str(text) == header
    assert header.to_header_str() == text


def test_blanks_and_nonsense_are_passed_over() -> None:
    assert TraceHeader.from_header_str(f"  Root={ROOT} ; nonsense;").to_header_str() == f"Root={ROOT}"
    assert TraceHeader.from_header_str(None) == TraceHeader()


def test_what_is_missing_is_made_up_and_what_is_there_stays() -> None:
    made = TraceHeader().ensure_root_exists().ensure_parent_exists().ensure_sampled_exists()
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", made.to_header_str())
    given = TraceHeader(ROOT, "53995c3f42cd8ad8", 1)
    same = given.to_header_str()
    assert given.ensure_root_exists().ensure_parent_exists().ensure_sampled_exists().to_header_str() == same
