"""While the last save of an enabled extension is broken: what the browser shows, and what the command line says."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from browser import chromium, open_browser
from developed_project import Project
from doors import wait_until
from platforms import Home, Platform, platforms_of

PAGES = """
import gzip
from localstack.extensions.patterns.webapp import WebAppExtension
from localstack.http import Response, route
from .version import VERSION

class TheExtension(WebAppExtension):
    name = "developed"

    @route("/")
    def index(self, request, **kwargs):
        return self.render_template_response("index.html", version=VERSION)

    @route("/latin")
    def latin(self, request, **kwargs):
        page = "gr\\u00fcn".encode("latin-1")
        return Response(page, headers={"ETag": "1"}, content_type="text/html; charset=latin-1")

    @route("/utf-16")
    def utf_16(self, request, **kwargs):
        return Response("page".encode("utf-16"), content_type="text/html; charset=utf-16")

    @route("/streamed")
    def streamed(self, request, **kwargs):
        return Response((text for text in ("<p>", "one", "</p>")), mimetype="text/html")

    @route("/gzip")
    def gzipped(self, request, **kwargs):
        return Response(gzip.compress(b"<p>"), mimetype="text/html", headers={"Content-Encoding": "gzip"})

    @route("/empty")
    def empty(self, request, **kwargs):
        return Response(status=204, mimetype="text/html")

    @route("/json")
    def json(self, request, **kwargs):
        return {"version": VERSION}
"""
BROKEN = "\nVERSION = '</pre><script>document.title = 1</script>' + unknown\n"
SAYS = "extension developed failed in import: NameError: name 'unknown' is not defined (developed/version.py:2"
PAGE = "/_extension/developed"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def project(home: Home) -> Project:
    project = Project(home, PAGES)
    (project.package / "templates").mkdir()
    (project.package / "templates" / "index.html").write_text(
        "<link rel=icon href=data:,><body>version {{ version }}<hr></body>"
    )
    (project.package / "static").mkdir()
    (project.package / "static" / "__init__.py").touch()
    (project.package / "static" / "page.html").write_text("a file")
    return project


@pytest.fixture(scope="module")
def platform(home: Home, project: Project) -> Iterator[Platform]:
    with platforms_of(home) as start:
        home.write_extension(
            "neighbour",
            "from localstack.extensions.api import Extension\nfrom localstack.http import Response\n"
            "class TheExtension(Extension):\n    name = 'neighbour'\n    def update_gateway_routes(self, router):\n"
            "        router.add('/neighbour', lambda request: Response('<p>', mimetype='text/html'))\n",
        )
        yield start()


@pytest.fixture
def broken(platform: Platform, project: Project) -> Iterator[Project]:
    """The project, its last save broken until the test is over."""
    project.save("version.py", BROKEN)
    wait_until(lambda: "unknown" in platform.get(PAGE + "/").text, "no overlay comes")
    yield project
    project.save("version.py", "VERSION = 1\n")
    wait_until(lambda: "unknown" not in platform.get(PAGE + "/").text, "the overlay stays")


def test_a_page_says_what_is_wrong_with_the_last_save(platform: Platform, broken: Project) -> None:
    answer = platform.get(PAGE + "/")
    assert answer.text.startswith("<link rel=icon href=data:,><body>version 1<hr>")
    assert answer.text.endswith("</script></body>")
    assert SAYS.replace("'", "&#39;") in answer.text
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    static = platform.get(PAGE + "/static/page.html")
    assert static.text.startswith("a file\n<div")
    assert int(static.headers["Content-Length"]) == len(static.content)
    latin = platform.get(PAGE + "/latin")
    assert latin.text.startswith("grün")
    assert SAYS.replace("'", "&#39;") in latin.text
    assert "ETag" not in latin.headers


def test_what_is_no_page_of_its_own_stays_as_it_is(platform: Platform, broken: Project) -> None:
    assert platform.get(PAGE + "/streamed").text == "<p>one</p>"
    assert platform.get(PAGE + "/gzip").text == "<p>"
    assert platform.get(PAGE + "/utf-16").content == "page".encode("utf-16")
    assert platform.get(PAGE + "/empty").status_code == 204
    assert platform.get(PAGE + "/json").json() == {"version": 1}
    assert (
        platform.get(PAGE + "/", headers={"Sec-Fetch-Dest": "empty"}).text
        == "<link rel=icon href=data:,><body>version 1<hr></body>"
    )
    assert platform.get("/neighbour").text == "<p>"


def test_the_overlay_goes_by_itself_after_a_good_save(platform: Platform, project: Project, tmp_path: Path) -> None:
    if chromium() is None:
        pytest.skip("NOT RUN: there is no Chromium")
    project.save("version.py", BROKEN)
    wait_until(lambda: "unknown" in platform.get(PAGE + "/").text, "no overlay comes")
    with open_browser(tmp_path) as page:
        page.open(platform.url + PAGE + "/")
        shown = page.evaluate("document.querySelector('[role=alert] pre').innerText")
        assert shown.startswith(SAYS)
        assert page.evaluate("document.title") == ""
        assert page.evaluate("getComputedStyle(document.querySelector('[role=alert]')).position") == "fixed"
        project.save("version.py", BROKEN.replace("unknown", "other"))
        assert page.wait_for("document.querySelector('[role=alert] pre')?.innerText.includes(\"'other'\")")
        project.save("version.py", "VERSION = 1\n")
        assert page.wait_for("document.querySelector('[role=alert]') === null")
        assert page.evaluate("document.body.innerText").strip() == "version 1"
        assert not page.complaints


def test_the_list_of_enabled_folders_names_the_line(home: Home, platform: Platform, broken: Project) -> None:
    listed = home.run("extensions", "dev", "list")
    assert listed.returncode == 0
    assert str(broken.folder) in listed.stdout.splitlines()
    assert listed.stderr.startswith(f"{broken.folder}: the version before the last save is served: {SAYS}")
    assert listed.stderr.count("\n") == 1
    assert SAYS in in_terminal(home, "extensions", "dev", "list")


def test_a_description_that_can_not_be_read_is_a_broken_save(home: Home, platform: Platform, project: Project) -> None:
    toml = project.folder / "pyproject.toml"
    before = toml.read_text()
    toml.write_text("[project\n")
    wait_until(lambda: "pyproject.toml" in platform.get(PAGE + "/").text, "no overlay comes")
    assert f"{toml}: Expected ']'" in home.run("extensions", "dev", "list").stderr
    toml.write_text(before)
    wait_until(lambda: "pyproject.toml" not in platform.get(PAGE + "/").text, "the overlay stays")
    assert home.run("extensions", "dev", "list").stderr == ""


def test_what_has_never_loaded_is_listed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    project = Project(home)
    project.save("version.py", "VERSION = (\n")
    with platforms_of(home) as start:
        started = start()
        says = f"{project.folder}: it is not loaded: extension entry failed in import: SyntaxError"
        assert home.run("extensions", "dev", "list").stderr.startswith(says)
        shown = requests.get(f"{started.url}/_localstack/extensions/developed", timeout=30).json()
        assert shown[0]["extensions"] == []
        assert shown[0]["broken_save"]["location"] == "version.py:1"


def in_terminal(home: Home, *arguments: str) -> str:
    """What a command shows in a terminal, its lines joined."""
    reading, writing = pty.openpty()
    command = [sys.executable, "-m", "localstack.host.cli.main", *arguments]
    with subprocess.Popen(command, env=home.environ(), stdin=writing, stdout=writing, stderr=writing) as process:
        os.close(writing)
        shown = b""
        try:
            while part := os.read(reading, 65536):
                shown += part
        except OSError:  # how Linux says that nobody writes any more
            pass
        assert process.wait() == 0
    os.close(reading)
    return shown.decode()
