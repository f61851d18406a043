"""The benchmarks run and tell what they were asked for; how fast anything is, is nothing that a test asserts."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RELOADING = "From a save to the first answer of the new code, 20 modules; the goals are p50 100, p95 300"
OF_WRK = pytest.mark.skipif(shutil.which("wrk") is None, reason="NOT RUN: wrk is not on the path")


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def rows_below(title: str, report: str) -> list[list[str]]:
    """Cells of the table with that title, headings first."""
    _, _, rest = report.partition(f"{title}\n\n")
    lines = rest.partition("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [cells[0], *cells[2:]]


@pytest.mark.parametrize("client", ["python", pytest.param("wrk", marks=OF_WRK)])
def test_one_case_gives_a_row_for_each_server_and_a_picture(client: str, tmp_path: Path) -> None:
    picture = tmp_path / "picture.svg"
    result = benchmark(
        *("--cases", "route-1", "--servers", "rolo/Twisted", "constant"),
        *("--rounds", "1", "--client", client, "--picture", str(picture)),
    )
    assert result.returncode == 0, result.stderr
    headings, *rows = rows_below("Requests per second and what one costs", result.stdout)
    assert headings[:3] == ["case", "server", "requests/s"]
    assert {tuple(row[:2]) for row in rows} == {
        ("route, 1 connection", server) for server in ("leanto", "rolo/Twisted", "constant")
    }
    assert all(float(row[2]) > 0 for row in rows)
    assert {row[-1] for row in rows} == {"0"}
    assert "- not run: localstack-core: not asked for" in result.stdout
    bars = [text.text for text in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert {"leanto", "rolo/Twisted"} <= set(bars)


def test_what_was_measured_goes_into_the_document_and_the_rest_stays(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    places = {part: f"<!-- {part}: begin -->\n\nold {part}\n\n<!-- {part}: end -->" for part in ("gateway", "aws")}
    document.write_text("\n\n".join(["# Title", *places.values(), "last line\n"]))
    arguments = ["--rounds", "1", "--client", "python", "--write", "--document", str(document)]
    result = benchmark("--cases", "route-1", "--servers", "constant", *arguments)
    assert result.returncode == 0, result.stderr
    text = document.read_text()
    assert "old gateway" not in text
    assert rows_below("Requests per second and what one costs", text)[1:]
    assert text.endswith(f"<!-- gateway: end -->\n\n{places['aws']}\n\nlast line\n")
    assert (tmp_path / "gateway-benchmark.svg").exists()
    refused = benchmark("--cases", "start", "--servers", "leanto", *arguments)
    assert refused.returncode == 1
    assert "has no place for the part 'start': add <!-- start: begin --> and <!-- start: end -->" in refused.stderr
    assert document.read_text() == text


def test_a_save_is_measured_to_its_first_answer() -> None:
    result = benchmark("--cases", "reload", "--servers", "constant", "--rounds", "1")
    assert result.returncode == 0, result.stderr
    assert "- not run: mitmproxy: not asked for" in result.stdout
    headings, *rows = rows_below(RELOADING, result.stdout)
    assert headings[1:] == ["saves", "p50 ms", "p95 ms", "highest ms", "failed"]
    assert [(row[0], row[1], row[-1]) for row in rows] == [("leanto", "10", "0"), ("leanto, restarted", "1", "0")]
    assert all(float(row[2]) > 0 for row in rows)


def test_a_peer_whose_python_is_missing_is_told_as_not_run() -> None:
    result = benchmark(
        *("--cases", "route-1", "--servers", "localstack-core", "--rounds", "1"),
        *("--client", "python", "--localstack-python", "python3.13-that-is-not-there"),
    )
    assert result.returncode == 0, result.stderr
    assert "- not run: localstack-core: python3.13-that-is-not-there can't be run; name one with" in result.stdout


def test_a_case_that_does_not_exist_is_refused() -> None:
    result = benchmark("--cases", "route-7")
    assert result.returncode == 2
    assert "no case is called route-7; there are start, install, reload, route-32," in result.stderr
