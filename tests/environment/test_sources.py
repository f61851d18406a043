"""What a person writes becomes a typed value."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extension_packages import Project
from localstack.host.environment.source import (
    ArchiveSource,
    FolderSource,
    GitSource,
    IndexSource,
    RemoteSource,
    Source,
    parse_source,
)
from localstack.host.environment.uv import uv_environ
from localstack.host.errors import SourceError

REPOSITORY = "git+https://github.com/localstack/localstack-extensions/"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (
            f"{REPOSITORY}#egg=localstack-extensions-stripe&subdirectory=stripe",
            GitSource(REPOSITORY, (), "stripe"),
        ),
        (f"'{REPOSITORY}#egg=localstack_extension_x[all]'", GitSource(REPOSITORY, ("all",), None)),
        (
            "localstack-extension-x[a, b] @ git+ssh://git@github.com/o/r.git@v1.0#subdirectory=x/y",
            GitSource("git+ssh://git@github.com/o/r.git@v1.0", ("a", "b"), "x/y"),
        ),
        ("git+file:///srv/repository", GitSource("git+file:///srv/repository", (), None)),
        (
            "https://example.com/x-1.0-py3-none-any.whl#sha256=abc",
            RemoteSource("https://example.com/x-1.0-py3-none-any.whl#sha256=abc", ()),
        ),
        ("x[a] @ https://example.com/x-1.0.tar.gz", RemoteSource("https://example.com/x-1.0.tar.gz", ("a",))),
    ],
)
def test_a_url(tmp_path: Path, text: str, source: Source) -> None:
    assert parse_source(text, tmp_path) == source


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("localstack-extension-httpbin", "localstack-extension-httpbin"),
        ("localstack-extension-x[a,b]==1.0", "localstack-extension-x[a,b]==1.0"),
        ('"localstack-extension-x >= 1, < 2"', "localstack-extension-x<2,>=1"),
        ("localstack-extensions-stripe", "localstack-extension-stripe"),
        ("localstack_extensions_stripe>=0.1", "localstack-extension-stripe>=0.1"),
    ],
)
def test_a_name(tmp_path: Path, text: str, requirement: str) -> None:
    source = parse_source(text, tmp_path)
    assert isinstance(source, IndexSource)
    assert str(source.requirement) == requirement


def test_a_line_for_the_installer_has_the_folder_but_not_the_claimed_name(tmp_path: Path) -> None:
    source = parse_source(f"{REPOSITORY}#egg=wrong&subdirectory=stripe", tmp_path)
    assert isinstance(source, GitSource)
    assert source.line() == f"{REPOSITORY}#subdirectory=stripe"


def test_paths_start_at_the_given_folder(tmp_path: Path) -> None:
    project = Project("leanto-test-folder").write(tmp_path / "a b")
    archive = tmp_path / "x-1.0.tar.gz"
    archive.touch()
    for text in (
        "./a b",
        "file://./a%20b",
        "file:a%20b",
        f"file://{tmp_path}/a%20b",
        f"file://localhost{tmp_path}/a b",
    ):
        assert parse_source(text, tmp_path) == FolderSource(project, ())
    for text in ("x-1.0.tar.gz", "file://./x-1.0.tar.gz", "file://x-1.0.tar.gz", f"x @ {archive.as_uri()}"):
        assert parse_source(text, tmp_path) == ArchiveSource(archive, ())
    assert parse_source("x[a] @ file://./x-1.0.tar.gz", tmp_path) == ArchiveSource(archive, ("a",))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("one two", 5),
        ("  'one >>1'", 8),
        ("one\ntwo", 4),
        ("-r x", 1),
        ("x; python_version > '3 --index-url=http://x'", 24),
        ("git+https://example.com/x y", 26),
        ("x @ ftp://example.com/x.whl", 5),
        ("git+https://example.com/x#egg=a&branch=b", 27),
        ("git+https://example.com/x#egg=a&subdirectory=../y", 33),
        ("git+https://[example.com/x", 10),
        ("git+https://example.com/x@--upload-pack=y", 27),
        ("git+ssh://-oProxyCommand=x@example.com/y", 11),
        ("git+ssh://%2doProxyCommand=x/y", 11),
        ("git+ssh://example.com:-x/y", 11),
        ("git+https://example.com/x#subdirectory=a%0a--index-url=y", 27),
        ("git+https://example.com/x#subdirectory=%252e%252e/y", 27),
        ("https://example.com/x.tar.gz#subdirectory=../../y", 30),
        ("x @ ./y", 5),
    ],
)
def test_an_error_says_where_the_text_is_wrong(text: str, position: int) -> None:
    with pytest.raises(SourceError, match=rf"\(at character {position}\)$"):
        parse_source(text, Path("/nowhere"))


ENDS = ["", "; python_version > ' --x'", "#egg=-x", "#subdirectory=../..", "#subdirectory=/etc", ".whl", ".tar.gz#x=y"]
SCHEMES = [
    "git+https://",
    "git+ssh://",
    "git+file://",
    "git+ext::",
    "https://",
    "http://",
    "file://",
    "FILE:",
    "ssh:",
    "",
]
STARTS = ["", " ", "'", "x @ ", "x[a] @ ", "-", "--index-url="]
PIECES = [
    "a",
    "/",
    "..",
    "@",
    "-",
    ":",
    "[",
    "]",
    ",",
    "%0a",
    "%20",
    "%00",
    "%2e%2e",
    "%252e%252e",
    "--index-url=x",
    "+",
]

ANYTHING = st.one_of(
    st.text(),
    st.text(alphabet="-=@#:;&./\\ ab[]%\n\t\0'\"~$`|"),
    st.from_regex(r"(git\+https|https|file|x @ git\+ssh)://?[\[\]@#:./a-z=&-]*", fullmatch=True),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(STARTS),
        st.sampled_from(SCHEMES),
        st.text(alphabet="a-@/.%:;&=#~ \\\n"),
        st.sampled_from(ENDS),
    ),
    st.builds(
        "{}{}{}/a{}{}{}{}".format,
        st.sampled_from(["", "x @ "]),
        st.sampled_from(SCHEMES),
        *(st.lists(st.sampled_from(PIECES), max_size=4).map("".join) for _ in range(2)),
        st.sampled_from(["", ".tar.gz", ".git"]),
        st.sampled_from(["", "#egg=a", "#egg=a[b", "#egg=a&subdirectory=a", "#subdirectory=", "#sha256="]),
        st.lists(st.sampled_from(PIECES), max_size=4).map("".join),
    ),
)


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANYTHING)
def test_no_text_becomes_an_option_another_scheme_or_a_folder_outside(text: str) -> None:
    """Any text is refused by a ``SourceError`` or becomes a value whose line for uv names one thing to install."""
    source = None
    with contextlib.suppress(SourceError):
        source = parse_source(text, Path("/nowhere"))
    match source:
        case None:
            return
        case IndexSource(requirement):
            line = str(requirement)
            assert requirement.url is None
        case GitSource():
            line = source.line()
            assert urlsplit(line).scheme in ("git+https", "git+ssh", "git+file")
            assert not source.revision.startswith("-")
        case RemoteSource():
            line = source.line()
            assert urlsplit(line).scheme == "https"
        case ArchiveSource() | FolderSource():
            line = source.path.as_uri()
            assert source.path.is_absolute()
    if isinstance(source, GitSource | RemoteSource):
        user, _, host = unquote(urlsplit(line).netloc).rpartition("@")
        assert not user.startswith("-")
        assert not host.startswith("-")
        folder = line.partition("#")[2].partition("subdirectory=")[2].partition("&")[0]
        while folder != unquote(folder):
            folder = unquote(folder)
        assert ".." not in Path(folder).parts
        assert not folder.startswith("/") or isinstance(source, RemoteSource)
        assert all(extra.isalnum() for extra in source.extras)
    assert not line.startswith("-")
    assert len(line.splitlines()) == 1
    assert not re.search(r"\s-", line)


def test_a_folder_has_another_fingerprint_only_when_its_files_change(tmp_path: Path) -> None:
    project = Project("leanto-test-folder").write(tmp_path / "project")
    source = FolderSource(project, ())
    first = source.fingerprint()
    for leftover in ("build", "dist", ".git", "x.egg-info", "leanto_test_folder/__pycache__"):
        (project / leftover).mkdir()
        (project / leftover / "file").touch()
    assert source.fingerprint() == first
    (project / "leanto_test_folder" / "more.py").touch()
    assert source.fingerprint() != first


def test_settings_for_pip_become_settings_for_uv(tmp_path: Path) -> None:
    environ = uv_environ(
        {
            "PIP_INDEX_URL": "https://index.example.com/simple",
            "PIP_EXTRA_INDEX_URL": "https://one.example.com https://two.example.com",
            "PIP_FIND_LINKS": f"{tmp_path} /nowhere/at/all https://links.example.com",
            "UV_PYTHON": "3.8",
            "PYTHONPATH": "/somewhere",
        }
    )
    assert environ["UV_DEFAULT_INDEX"] == "https://index.example.com/simple"
    assert environ["UV_INDEX"] == "https://one.example.com https://two.example.com"
    assert environ["UV_FIND_LINKS"] == f"{tmp_path},https://links.example.com"
    assert not {"UV_PYTHON", "PYTHONPATH"} & set(environ)


def test_settings_for_uv_win_over_those_for_pip() -> None:
    environ = uv_environ({"PIP_INDEX_URL": "https://pip.example.com", "UV_INDEX_URL": "https://uv.example.com"})
    assert "UV_DEFAULT_INDEX" not in environ
    assert environ["UV_INDEX_URL"] == "https://uv.example.com"
