"""``localstack extensions dev badge``: a picture and a link that installs the extension it was made for."""

from __future__ import annotations

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from localstack.host.environment.source import GitSource, parse_source
from platforms import Home

MARKDOWN = re.compile(r"\[!\[Install LocalStack Extension\]\((?P<picture>[^()\s]+)\)\]\((?P<link>[^()\s]+)\)\n")


def badge(home: Home, project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return home.run("extensions", "dev", "badge", *options, cwd=project)


def source_in(done: subprocess.CompletedProcess[str]) -> str:
    """What the installer page is handed by the link of a badge in markdown."""
    assert done.returncode == 0, done.stderr
    match = MARKDOWN.fullmatch(done.stdout)
    assert match is not None, done.stdout
    link = urlsplit(match["link"])
    assert link.fragment == ""
    return parse_qs(link.query)["url"][0]


def write_project(folder: Path, urls: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "greeter"\nversion = "0.1.0"\n{urls}')
    return folder


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def test_the_link_is_what_the_installer_reads(home: Home) -> None:
    project = write_project(home.path / "greeter", '[project.urls]\nSource = "https://github.com/jane/greeter.git"\n')
    done = badge(home, project)
    source = source_in(done)
    assert source == "git+https://github.com/jane/greeter/#egg=greeter"
    assert parse_source(source, project) == GitSource("git+https://github.com/jane/greeter/", (), None)
    assert done.stdout.count("(https://app.localstack.cloud/extensions/remote?url=git%2Bhttps%3A%2F%2Fgithub.com") == 1
    assert "](https://raw.githubusercontent.com/jane/greeter/HEAD/install-badge.svg)" in done.stdout
    assert done.stderr == (
        "Note: the picture belongs beside the README: "
        "localstack extensions dev badge --format svg > install-badge.svg\n"
    )


@pytest.mark.parametrize(
    ("urls", "source"),
    [
        (
            'Homepage = "https://github.com/jane/all/tree/main/extensions/one"',
            "jane/all/#egg=greeter&subdirectory=extensions/one",
        ),
        (
            'Homepage = "https://greeter.example.com"\nIssues = "https://github.com/jane/greeter/issues"',
            "jane/greeter/#egg=greeter",
        ),
        (
            'Homepage = "https://github.com/jane/website"\nRepository = "https://github.com/jane/code"',
            "jane/code/#egg=greeter",
        ),
    ],
)
def test_the_metadata_names_the_repository(home: Home, urls: str, source: str) -> None:
    project = write_project(home.path / "greeter", f"[project.urls]\n{urls}\n")
    assert source_in(badge(home, project)) == f"git+https://github.com/{source}"


@pytest.mark.parametrize(
    "origin",
    [
        "git@github.com:jane/all.git",
        "ssh://git@github.com:22/jane/all.git",
        "https://jane:secret-token@github.com/jane/all",
    ],
)
def test_else_git_does_with_the_folder_and_without_credentials(home: Home, origin: str) -> None:
    project = write_project(home.path / "all" / "extensions" / "greeter")
    git(home.path / "all", "init", "-q")
    git(home.path / "all", "remote", "add", "origin", origin)
    done = badge(home, project)
    assert source_in(done) == "git+https://github.com/jane/all/#egg=greeter&subdirectory=extensions/greeter"
    assert "](https://raw.githubusercontent.com/jane/all/HEAD/extensions/greeter/install-badge.svg)" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_options_come_first(home: Home) -> None:
    project = write_project(home.path / "greeter", '[project.urls]\nSource = "https://github.com/jane/greeter"\n')
    options = ("--repository", "https://gitlab.com/group/sub/code", "--subdirectory", "extensions/greeter")
    done = badge(home, project, *options, "--page", "http://localhost:4566/extensions/remote")
    assert source_in(done) == "git+https://gitlab.com/group/sub/code/#egg=greeter&subdirectory=extensions/greeter"
    assert "](http://localhost:4566/extensions/remote?url=" in done.stdout
    assert "](https://gitlab.com/group/sub/code/-/raw/HEAD/extensions/greeter/install-badge.svg)" in done.stdout


def test_html_is_a_link_around_the_picture(home: Home) -> None:
    project = write_project(home.path / "greeter", '[project.urls]\nSource = "https://github.com/jane/greeter"\n')
    seen: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append((tag, dict(attrs)))

    Reader().feed(badge(home, project, "--format", "html").stdout)
    (link, link_has), (picture, picture_has) = seen
    assert (link, picture) == ("a", "img")
    assert parse_qs(urlsplit(str(link_has["href"])).query)["url"] == [
        "git+https://github.com/jane/greeter/#egg=greeter"
    ]
    assert str(picture_has["src"]).endswith("/install-badge.svg")
    assert picture_has["alt"] == "Install LocalStack Extension"


def test_the_picture_is_small_and_needs_nothing_from_elsewhere(home: Home) -> None:
    svg = badge(home, home.path, "--format", "svg").stdout
    root = ElementTree.fromstring(svg)
    namespace = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{namespace}svg"
    assert root.findtext(f"{namespace}text") == root.findtext(f"{namespace}title") == "Install LocalStack Extension"
    assert len(svg) < 2000
    assert set(re.findall(r"https?://[^\"]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert not {element.tag for element in root.iter()} & {f"{namespace}script", f"{namespace}image"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "neither the metadata of greeter nor git's origin names a repository"),
        (("--repository", "greeter"), "'greeter' is no address of a repository"),
        (("--repository", "/srv/git/greeter.git"), "'/srv/git/greeter.git' is no address of a repository"),
        (("--repository", "https://github.com/a/b", "--subdirectory", "../x"), "--subdirectory '../x' is no folder of"),
        (("--repository", "https://github.com/a/b", "--subdirectory", "a#b"), "--subdirectory 'a#b' is no folder of"),
        (("--repository", "https://github.com/a/b", "--page", "javascript:alert(1)"), "is no installer page"),
    ],
)
def test_what_can_not_be_published_is_one_sentence_and_a_hint(home: Home, options: tuple[str, ...], told: str) -> None:
    done = badge(home, write_project(home.path / "greeter"), *options)
    assert (done.returncode, done.stdout) == (1, "")
    error, hint = done.stderr.splitlines()
    assert told in error
    assert hint.startswith("   Hint: ")


def test_a_damaged_file_is_named(home: Home) -> None:
    project = write_project(home.path / "greeter", "[project.urls\n")
    done = badge(home, project)
    assert done.returncode == 1
    assert done.stderr.startswith(f"❌ Error: {project}/pyproject.toml can't be read: ")
    assert "Traceback" not in done.stderr
