"""Published extensions, unmodified from the package index: the quick ones. `make corpus` takes all."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.catalogue import CORPUS
from corpus.extensions import httpbin, mailhog, openai
from corpus.interpreters import THIS, Interpreter, interpreter
from corpus.published import NotRun, Published, Tier
from corpus.report import PAGE
from corpus.together import run_together
from corpus.trial import Result, Trial

pytestmark = pytest.mark.index

TAKE_LONG = ("localstack-terraform-init", "miniflare", "resource-graph")
"""They install more from an index while the platform runs, or look into every service."""

QUICK = [one for one in CORPUS if one.tier in (Tier.API, Tier.TOOLS) and one.name not in TAKE_LONG]


@pytest.fixture(scope="module")
def this_python() -> Interpreter:
    found = interpreter(THIS)
    assert found is not None
    return found


@pytest.mark.parametrize("published", [openai.PUBLISHED, httpbin.PUBLISHED, mailhog.PUBLISHED], ids=str)
def test_an_extension_comes_by_name_answers_as_documented_and_leaves_nothing(
    published: Published, this_python: Interpreter, package_index: None, tmp_path: Path
) -> None:
    outcome = Trial(published, this_python, tmp_path / "trial").run()
    if outcome.result is Result.NOT_RUN:
        pytest.skip(f"NOT RUN: {outcome.detail}")
    assert outcome.result is Result.RUNS, outcome.detail
    assert outcome.called


@pytest.mark.parametrize("server", ["leanto", "twisted"])
def test_they_run_all_at_once(server: str, this_python: Interpreter, package_index: None, tmp_path: Path) -> None:
    try:
        together = run_together(QUICK, this_python, tmp_path / "together", GATEWAY_SERVER=server)
    except NotRun as reason:
        pytest.skip(f"NOT RUN: {reason}")
    failed = {one.published.name: one.detail for one in together.outcomes if one.result is Result.FAILED}
    assert not failed
    assert not together.problems
    reported = [one.published.name for one in together.outcomes if one.result is Result.REPORTED]
    assert reported == [one.name for one in QUICK if one.conflicts_with]


def test_the_page_of_the_last_run_has_every_extension() -> None:
    page = PAGE.read_text()
    assert [one.distribution for one in CORPUS if f"| `{one.distribution}` |" not in page] == []
