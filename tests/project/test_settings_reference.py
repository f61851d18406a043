"""docs/settings.md names every variable that is read, and none that is not."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READ_ELSEWHERE = {"CONFIG_DIR", "CONFIG_PROFILE"}


def test_the_reference_and_the_code_name_the_same_variables() -> None:
    source = (ROOT / "src" / "localstack" / "host" / "settings.py").read_text()
    read = set(re.findall(r'self\.\w+\(\s*"([A-Z][A-Z_]+)"', source)) | READ_ELSEWHERE
    rows = [line for line in (ROOT / "docs" / "settings.md").read_text().splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([A-Z][A-Z_]+)`", row.split("|")[1])}
    assert documented == read
