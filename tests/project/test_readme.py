"""What the documents promise is there: make targets, commands, files behind links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from platforms import Home

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md")]


def test_every_make_command_of_the_readme_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    assert {"run", "test", "check", "bench"} <= named
    assert named <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_document_is_listed_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    assert [path.name for path in ROOT.glob("docs/*.md") if path.name != "index.md" and path.name not in index] == []


def commands(text: str) -> set[str]:
    """Names of commands in a document, e.g. ``"extensions dev new"``; arguments and options are left out."""
    found = re.findall(r"\blocalstack ((?:extensions dev|extensions|auth) [a-z-]+|[a-z]+)\b(?![-.:/])", text)
    return {command for command in found if command not in ("extensions dev", "extensions")}


@pytest.mark.parametrize("command", sorted(commands(README)))
def test_every_command_of_the_readme_exists(home: Home, command: str) -> None:
    result = home.run(*command.split(), "--help")
    assert result.returncode == 0, result.stderr
    assert f"Usage: localstack {command}" in result.stdout.replace("python -m localstack.host.cli.main", "localstack")
