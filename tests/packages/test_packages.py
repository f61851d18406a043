"""Extensions install programs and libraries: once, whole or not at all, and a cut-off download goes on."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from file_server import FileServer, serving_files
from platforms import Home, Platform

TESTS = Path(__file__).parents[1]
PROGRAM = b"#!/bin/sh\necho it runs\n" + b"# padding\n" * 20_000

PROGRAM_DEFLATED = zlib.compress(PROGRAM, wbits=-15)

Run = subprocess.CompletedProcess[str]


@pytest.fixture
def files() -> Iterator[FileServer]:
    with serving_files() as server:
        server.files["/tool-linux"] = PROGRAM
        yield server


def popen(home: Home, name: str, files: FileServer | None = None, **environ: str) -> subprocess.Popen[str]:
    extra = {"PYTHONPATH": str(TESTS), "FILES": files.url if files else "http://127.0.0.1:9", **environ}
    return subprocess.Popen(
        [sys.executable, "-m", "installers", name],
        env=home.environ(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def install(home: Home, name: str, files: FileServer | None = None, **environ: str) -> Run:
    process = popen(home, name, files, **environ)
    stdout, stderr = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_a_program_is_downloaded_into_the_volume_and_runs(home: Home, files: FileServer) -> None:
    done = install(home, "Tool", files)
    folder = home.volume / "lib" / "tool" / "1.0"
    assert done.stdout.splitlines() == [str(folder), str(folder / "tool-linux")], done.stderr
    assert subprocess.run([folder / "tool-linux"], capture_output=True, text=True, check=True).stdout == "it runs\n"
    assert leftovers(folder.parent) == ["1.0"]


def test_what_is_installed_is_not_installed_again(home: Home, files: FileServer) -> None:
    install(home, "Tool", files)
    assert install(home, "Tool", files).returncode == 0
    assert len(files.requested) == 1


def test_a_file_that_was_put_there_by_hand_is_enough(home: Home) -> None:
    program = home.volume / "lib" / "tool" / "1.0" / "tool-linux"
    program.parent.mkdir(parents=True)
    program.write_text("mine")
    assert install(home, "Tool").stdout.splitlines()[1] == str(program)
    assert program.read_text() == "mine"
    assert os.access(program, os.X_OK)


def test_without_a_network_it_says_from_where_and_where_to_put_it(home: Home) -> None:
    done = install(home, "Tool")
    assert done.returncode == 1
    marker = home.volume / "lib" / "tool" / "1.0" / "tool-linux"
    assert done.stderr == (
        "DownloadException: tool 1.0 can't be installed: http://127.0.0.1:9/tool-linux can't be fetched: "
        "Failed to establish a new connection: [Errno 111] Connection refused; "
        f"without a network, put http://127.0.0.1:9/tool-linux there yourself: {marker}\n"
    )
    assert not marker.exists()


def test_a_file_that_is_not_there_is_said_with_its_status(home: Home, files: FileServer) -> None:
    assert "/document.txt can't be fetched: the server answered 404" in install(home, "Document", files).stderr


def test_many_at_once_install_it_one_time(home: Home, files: FileServer) -> None:
    files.hold = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(install, home, "Tool", files) for _ in range(4)]
        files.hold.set()
        assert {run.result().returncode for run in runs} == {0}
    assert len(files.requested) == 1


def test_threads_wait_for_each_other_too(home: Home, files: FileServer) -> None:
    code = (
        "import installers\nfrom localstack.utils.threads import parallelize\n"
        "parallelize(lambda _: installers.Tool().install(), range(8))\n"
    )
    environ = home.environ(PYTHONPATH=str(TESTS), FILES=files.url)
    subprocess.run([sys.executable, "-c", code], env=environ, check=True, timeout=60)
    assert len(files.requested) == 1


def test_a_connection_that_is_cut_goes_on_where_it_was(home: Home, files: FileServer) -> None:
    files.cuts["/tool-linux"] = [1000, 2000]
    assert install(home, "Tool", files).returncode == 0
    assert [wanted for _, wanted in files.requested] == [None, "bytes=1000-", "bytes=3000-"]
    assert (home.volume / "lib" / "tool" / "1.0" / "tool-linux").read_bytes() == PROGRAM


def test_a_file_that_a_server_packs_for_the_way_is_unpacked(home: Home, files: FileServer) -> None:
    """Buckets keep files like that, and send them so to everybody."""
    files.packed.add("/tool-linux")
    files.cuts["/tool-linux"] = [20]
    assert "tool-linux can't be fetched" in install(home, "Tool", files).stderr
    assert install(home, "Tool", files).returncode == 0
    assert [wanted for _, wanted in files.requested] == [None, None]
    assert (home.volume / "lib" / "tool" / "1.0" / "tool-linux").read_bytes() == PROGRAM


def test_the_next_attempt_goes_on_where_one_that_failed_ended(home: Home, files: FileServer) -> None:
    files.cuts["/tool-linux"] = [1000, 0]
    failed = install(home, "Tool", files)
    assert "tool-linux can't be fetched" in failed.stderr
    assert install(home, "Tool", files).returncode == 0
    assert files.requested[-1] == ("/tool-linux", "bytes=1000-")
    assert (home.volume / "lib" / "tool" / "1.0" / "tool-linux").read_bytes() == PROGRAM


def test_a_file_that_has_changed_meanwhile_is_fetched_anew(home: Home, files: FileServer) -> None:
    files.cuts["/tool-linux"] = [1000, 0]
    install(home, "Tool", files)
    files.files["/tool-linux"] = b"newer" * 1000
    assert install(home, "Tool", files).returncode == 0
    assert (home.volume / "lib" / "tool" / "1.0" / "tool-linux").read_bytes() == b"newer" * 1000


def test_a_download_that_had_just_ended_when_it_was_killed_is_taken(home: Home, files: FileServer) -> None:
    files.cuts["/tool-linux"] = [1000, 0]
    install(home, "Tool", files)
    part = next((home.volume / "lib" / "tool").glob(".*.part"))
    part.write_bytes(PROGRAM)
    assert install(home, "Tool", files).returncode == 0
    assert (home.volume / "lib" / "tool" / "1.0" / "tool-linux").read_bytes() == PROGRAM


def test_a_server_that_sends_another_range_is_asked_for_the_whole_file_at_once(home: Home, files: FileServer) -> None:
    files.cuts["/tool-linux"] = [1000]
    files.shift = 1
    assert install(home, "Tool", files).returncode == 0
    assert [wanted for _, wanted in files.requested] == [None, "bytes=1000-", None]
    assert (home.volume / "lib" / "tool" / "1.0" / "tool-linux").read_bytes() == PROGRAM


def test_a_failure_does_not_tell_the_password_in_the_url(home: Home) -> None:
    done = install(home, "Tool", FILES="http://me:secret@127.0.0.1:9")
    assert "http://***@127.0.0.1:9/tool-linux can't be fetched" in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    "line", ["{sum}  tool-linux", "{sum} *./tool-linux", "SHA256 (tool-linux) = {sum}", "{sum}", "{SUM}  tool-linux"]
)
def test_what_has_the_published_checksum_is_taken(line: str, home: Home, files: FileServer) -> None:
    digits = files.sha256("/tool-linux")
    sums = f"{'0' * 64}  other\n" * ("tool" in line) + line.format(sum=digits, SUM=digits.upper())
    files.files["/SHA256SUMS"] = f"{sums}\n".encode()
    assert install(home, "Tool", files, CHECKED="1").returncode == 0


def test_what_has_another_checksum_is_not_taken(home: Home, files: FileServer) -> None:
    files.files["/SHA256SUMS"] = f"{'0' * 64}  tool-linux\n".encode()
    done = install(home, "Tool", files, CHECKED="1")
    assert done.returncode == 1
    assert f"sha256 is {files.sha256('/tool-linux')} and should be {'0' * 64}" in done.stderr
    assert leftovers(home.volume / "lib" / "tool") == []


def test_a_list_of_checksums_without_the_file_is_an_error(home: Home, files: FileServer) -> None:
    files.files["/SHA256SUMS"] = f"{'0' * 64}  other\n".encode()
    assert "/SHA256SUMS has no checksum of tool-linux" in install(home, "Tool", files, CHECKED="1").stderr


def zipped(compression: int = zipfile.ZIP_STORED, /, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name.replace("__", "/"))
            info.external_attr, info.compress_type = 0o755 << 16, compression
            archive.writestr(info, content)
    return buffer.getvalue()


def tarred(mode: str = "w:gz", /, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size, info.mode = len(content), 0o755
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("archive.zip", zipped(bin__program=PROGRAM)),
        ("archive.tgz", tarred(bin__program=PROGRAM)),
        ("archive.tar.xz", tarred("w:xz", bin__program=PROGRAM)),
        ("download", tarred("w", bin__program=PROGRAM)),
        ("archive.tar", tarred("w", bin__program=PROGRAM, **{"library.jar": zipped(inner=b"x")})),
    ],
    ids=["zip", "tar.gz", "tar.xz", "tar without a suffix", "tar that ends with a zip"],
)
def test_an_archive_is_unpacked_and_its_programs_run(name: str, content: bytes, home: Home, files: FileServer) -> None:
    files.files[f"/{name}"] = content
    done = install(home, "Archive", files, ARCHIVE=name)
    folder, program = done.stdout.splitlines()
    assert program == f"{folder}/bin/program"
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "it runs\n"
    assert leftovers(Path(folder).parent) == ["1.5.7"]


def test_the_one_folder_of_an_archive_can_be_left_out(home: Home, files: FileServer) -> None:
    files.files["/archive.zip"] = zipped(**{"program-1.5.7__bin__program": PROGRAM})
    assert install(home, "Archive", files, SINGLE="1").returncode == 0


def test_an_installer_may_lead_to_a_folder_of_its_archive(home: Home, files: FileServer) -> None:
    files.files["/archive.zip"] = zipped(bin__program=PROGRAM)
    folder, program = install(home, "Archive", files, SUBDIR="bin").stdout.splitlines()
    assert folder == str(home.volume / "lib" / "archive" / "1.5.7" / "bin")
    assert program == f"{folder}/program"


@pytest.mark.parametrize(
    "content",
    [
        zipped(**{"../../../../escaped": b"x"}),
        zipped(**{"/tmp/leanto-escaped": b"x"}),
        tarred(**{"../../../../escaped": b"x"}),
        zipped(bin__program=PROGRAM)[:-30],
        zipped(zipfile.ZIP_DEFLATED, bin__program=PROGRAM).replace(PROGRAM_DEFLATED, b"\xff" * len(PROGRAM_DEFLATED)),
        tarred(bin__program=PROGRAM)[:-30],
        b"<html>not found</html>",
    ],
    ids=["zip with ..", "zip with /", "tar with ..", "cut zip", "damaged zip", "cut tar", "no archive"],
)
def test_an_archive_that_is_damaged_or_writes_elsewhere_is_refused(
    content: bytes, home: Home, files: FileServer
) -> None:
    files.files["/archive.zip"] = content
    done = install(home, "Archive", files)
    assert done.returncode == 1
    assert "can't be unpacked" in done.stderr
    assert "Traceback" not in done.stderr
    assert leftovers(home.volume / "lib" / "archive") == []
    assert not list(home.path.rglob("escaped"))


def publish_release(files: FileServer, digest: str | None) -> None:
    asset = {"name": "Program_linux_amd64", "browser_download_url": f"{files.url}/tool-linux", "digest": digest}
    document = {"assets": [{"name": "README", "browser_download_url": "?"}, asset]}
    files.files["/repos/somebody/something/releases/tags/v1.0.1"] = json.dumps(document).encode()


def test_a_release_of_github_is_found_by_its_tag_and_file(home: Home, files: FileServer) -> None:
    publish_release(files, f"sha256:{files.sha256('/tool-linux')}")
    done = install(home, "Release", files, GITHUB_API_URL=files.url)
    program = home.volume / "lib" / "release" / "v1.0.1" / "Program_linux_amd64"
    assert done.stdout.splitlines()[1] == str(program), done.stderr
    assert os.access(program, os.X_OK)


def test_a_release_whose_file_github_knows_otherwise_is_not_taken(home: Home, files: FileServer) -> None:
    publish_release(files, f"sha256:{'0' * 64}")
    assert "is not what its author published" in install(home, "Release", files, GITHUB_API_URL=files.url).stderr


def test_a_release_that_has_nothing_for_this_machine_says_what_it_has(home: Home, files: FileServer) -> None:
    path = "/repos/somebody/something/releases/tags/v1.0.1"
    files.files[path] = json.dumps({"assets": [{"name": "Program.exe"}]}).encode()
    done = install(home, "Release", files, GITHUB_API_URL=files.url)
    assert done.stderr == (
        "SystemNotSupportedException: the release v1.0.1 of somebody/something has no file Program_linux_amd64, "
        "it has Program.exe\n"
    )


def test_an_installation_that_fails_half_way_does_not_count(home: Home, tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text("fail")
    failed = install(home, "Stubborn", GO=str(go))
    assert failed.stderr == "PackageException: stubborn 1 can't be installed: RuntimeError('no luck')\n"
    assert leftovers(home.volume / "lib" / "stubborn") == ["1"]
    go.write_text("")
    program = install(home, "Stubborn", GO=str(go)).stdout.splitlines()[-1]
    assert Path(program).read_text() == "whole"


def test_an_installation_that_is_killed_half_way_does_not_count(home: Home, tmp_path: Path) -> None:
    go = tmp_path / "go"
    with popen(home, "Stubborn", GO=str(go)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half-way\n"
        process.send_signal(signal.SIGKILL)
    program = home.volume / "lib" / "stubborn" / "1" / "program"
    assert program.read_text() == "half"
    go.touch()
    again = install(home, "Stubborn", GO=str(go))
    assert again.stdout.splitlines()[-1] == str(program)
    assert program.read_text() == "whole"
    assert leftovers(program.parents[1]) == ["1"]


def test_a_package_has_installers_by_version(home: Home, files: FileServer) -> None:
    code = """\
import installers
from localstack.packages import NoSuchVersionException
package = installers.ToolPackage()
print(package, package.get_installed_dir())
package.install()
print(package.get_installed_dir("1.0") == package.get_installer().get_installed_dir())
try:
    package.install("9")
except NoSuchVersionException as error:
    print(error)
"""
    environ = home.environ(PYTHONPATH=str(TESTS), FILES=files.url)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "The tool None",
        "True",
        "there is no installer for The tool 9: ask for one of the versions that get_versions() names",
    ]


def test_a_package_of_npm_is_installed(npm: None, home: Home) -> None:
    done = install(home, "Scaffold")
    folder, main_module = done.stdout.splitlines()
    assert folder == str(home.volume / "lib" / "is-number" / "7.0.0"), done.stderr
    called = ["node", "-e", f"console.log(require({json.dumps(main_module)})('5'))"]
    assert subprocess.run(called, capture_output=True, text=True, check=True).stdout == "true\n"
    assert install(home, "Scaffold", npm_config_registry="http://127.0.0.1:9").returncode == 0


def test_what_npm_can_not_install_is_said_with_its_reason_and_the_command(npm: None, home: Home) -> None:
    failed = install(home, "Scaffold", NODE_VERSION="999.0.0")
    assert failed.returncode == 1
    assert "npm can't install is-number@999.0.0: " in failed.stderr
    assert "No matching version found" in failed.stderr
    assert f"npm install --prefix {home.volume}/lib/is-number/999.0.0 " in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_without_npm_it_says_what_is_needed(home: Home) -> None:
    done = install(home, "Scaffold", PATH="/nowhere")
    assert "is-number@7.0.0 needs npm, which is not on PATH: install Node.js" in done.stderr


def test_a_package_of_the_python_index_can_be_imported_at_once(package_index: None, home: Home) -> None:
    code = """\
import sys, installers
installer = installers.Cowsay()
assert not installer.is_installed()
installer.install()
import cowsay
print(cowsay.__file__)
assert sys.path[-1] == cowsay.__file__.rpartition("/cowsay/")[0]
assert not installers.Cowsay("6.0").is_installed()
print(installer._get_install_dir(installers.InstallTarget.VAR_LIBS))
"""
    command, environ = [sys.executable, "-c", code], home.environ(PYTHONPATH=str(TESTS))
    first = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120)
    assert first.returncode == 0, first.stderr
    folder = home.volume / "lib" / "python-packages"
    module, environment = first.stdout.splitlines()
    assert module.startswith(f"{folder}/lib/python3")
    assert environment == str(folder)
    assert subprocess.run([folder / "bin" / "cowsay", "-t", "moo"], capture_output=True, check=False).returncode == 0
    again = install(home, "Cowsay", UV_DEFAULT_INDEX="http://127.0.0.1:9", UV_OFFLINE="1")
    assert again.stdout.splitlines() == [str(folder)], again.stderr


def test_without_an_index_it_says_which_command_would_do_it(home: Home) -> None:
    done = install(home, "Cowsay", UV_OFFLINE="1", UV_CACHE_DIR=str(home.path / "empty"), UV_FIND_LINKS="")
    assert done.returncode == 1
    assert "CowSay 6.1 can't be installed: " in done.stderr
    assert f"uv pip install --python {home.volume}/lib/python-packages/bin/python" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture(scope="session")
def npm() -> None:
    """Skips, loudly, what needs the npm registry when it is not reachable."""
    ping: Callable[[], Run] = lambda: subprocess.run(  # noqa: E731
        ["npm", "view", "is-number@7.0.0", "version"], capture_output=True, text=True, timeout=60, check=False
    )
    try:
        is_there = ping().returncode == 0
    except OSError:
        is_there = False
    if not is_there:
        pytest.skip("NOT RUN: npm or its registry is not reachable")


EXTENSION = """\
from localstack.extensions.api import Extension
from localstack.packages import GitHubReleaseInstaller, InstallTarget, Package


class Program(GitHubReleaseInstaller):
    def _get_github_asset_name(self):
        return "program"


class ProgramPackage(Package[Program]):
    def get_versions(self):
        return ["v1"]

    def _get_installer(self, version):
        return Program("program", version, "somebody/something")


class TheExtension(Extension):
    name = "needy"

    def on_extension_load(self):
        ProgramPackage("Program", "v1").install()
"""


def test_an_extension_that_can_not_install_its_program_says_where_to_put_it(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("needy", EXTENSION)
    platform = start(GITHUB_API_URL="http://127.0.0.1:9")
    program = home.volume / "lib" / "program" / "v1" / "program"
    line = platform.wait_for("exception while loading plugin localstack.extensions:needy")
    assert "program v1 can't be installed: http://127.0.0.1:9/repos/somebody/something/releases/tags/v1 " in line
    source = "https://github.com/somebody/something/releases/download/v1/program"
    assert f"without a network, put {source} there yourself: {program}" in line
    assert platform.signal() == 0
    program.parent.mkdir(parents=True)
    program.touch()
    assert "loaded 1 extensions" in start(GITHUB_API_URL="http://127.0.0.1:9").log
