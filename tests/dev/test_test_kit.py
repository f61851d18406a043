"""The fixtures for authors of extensions: test runs in processes of their own, with files as authors write them."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from platforms import Home

EXTENSION = """
import subprocess
import socket
import threading
import time

from localstack import config
from localstack.extensions.api import Extension
from localstack.http import Response
from localstack.packages import InstallTarget


class Greeter(Extension):
    name = "greeter"
    port = None

    def __init__(self):
        self.calls, self.hooks = [], []

    def on_extension_load(self):
        self.hooks.append("on_extension_load")

    def update_gateway_routes(self, router):
        router.add("/greet", lambda request: Response("hello"))
        host = "greeter.localhost.localstack.cloud:<port>"
        router.add("/greet", lambda request, port: Response("at home"), host=host)

    def update_request_handlers(self, handlers):
        handlers.append(lambda chain, context, response: self.calls.append(context.service_operation))

    def on_platform_ready(self):
        self.hooks.append("on_platform_ready")

    def on_platform_shutdown(self):
        self.hooks.append("on_platform_shutdown")
"""


class Run:
    """What came of a test run: the outcome of each test by its name, and all that was printed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.outcomes = {name: outcome for outcome, name in re.findall(r"^([A-Z]+) \S+::(\w+)", text, re.MULTILINE)}


RunTests = Callable[..., Run]


@pytest.fixture
def run_tests(tmp_path: Path, home: Home) -> RunTests:
    """Writes ``greeter.py`` and the given tests, and runs them."""
    (tmp_path / "greeter.py").write_text(EXTENSION)

    def run(tests: str, *, heading: str = "import pytest\nfrom greeter import *\n", **files: str) -> Run:
        (tmp_path / "test_it.py").write_text(heading + textwrap.dedent(tests))
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider"]
        done = subprocess.run(
            command, cwd=tmp_path, env=home.environ(), capture_output=True, text=True, timeout=120, check=False
        )
        return Run(done.stdout + done.stderr)

    return run


def test_an_extension_is_there_for_one_test_with_its_routes_handlers_and_hooks(run_tests: RunTests) -> None:
    run = run_tests(
        """
        first = []

        def test_it_is_there(load_extension, extension_client, aws_client):
            greeter = load_extension(Greeter)
            first.append(greeter)
            assert greeter.hooks == ["on_extension_load", "on_platform_ready"]
            assert extension_client.get("/greet").text == "hello"
            assert extension_client.get("/greet", host="greeter.localhost.localstack.cloud").text == "at home"
            assert extension_client.get("//greet").url == f"{extension_client.url}//greet"
            aws_client.sqs.create_queue(QueueName="queue")
            assert greeter.calls == [("sqs", "CreateQueue")]

        def test_nothing_of_it_is_there(extension_client, aws_client):
            assert first[0].hooks[-1] == "on_platform_shutdown"
            assert extension_client.get("/greet").status_code == 404
            assert "QueueUrls" not in aws_client.sqs.list_queues()
            assert len(first[0].calls) == 1

        def test_it_installs_programs_into_the_volume_of_the_test_run(localstack):
            assert InstallTarget.VAR_LIBS.value == config.dirs.var_libs
            assert "localstack0/volume/lib" in InstallTarget.VAR_LIBS.value

        def test_it_can_be_loaded_again_and_taken_out(load_extension, extension_client, localstack):
            greeter = load_extension(Greeter)
            assert extension_client.get("/greet").text == "hello"
            localstack.unload(greeter)
            assert extension_client.get("/greet").status_code == 404
            with pytest.raises(ValueError, match="is not loaded"):
                localstack.unload(greeter)
        """
    )
    assert set(run.outcomes.values()) == {"PASSED"}, run.text
    assert len(run.outcomes) == 4


@pytest.mark.parametrize(
    ("left", "told"),
    [
        ("threading.Thread(target=time.sleep, args=(60,), name='poller', daemon=True).start()", "the thread 'poller'"),
        ("subprocess.Popen(['sleep', '60'])", r"the child process \d+ is still running: sleep 60"),
        ("Greeter.socket = socket.create_server(('127.0.0.1', 0))", r"the port \d+ of 127.0.0.1 is still open"),
    ],
    ids=["thread", "process", "port"],
)
def test_what_an_extension_leaves_behind_fails_its_test_and_no_other(run_tests: RunTests, left: str, told: str) -> None:
    run = run_tests(
        f"""
        class Leaky(Greeter):
            def on_platform_start(self):
                {left}

        def test_leaky(load_extension):
            load_extension(Leaky)

        def test_tidy(load_extension):
            load_extension(Greeter)
        """
    )
    assert run.outcomes["test_tidy"] == "PASSED", run.text
    assert re.search(rf"after on_platform_shutdown of extension greeter: {told}", run.text), run.text
    assert "ERROR test_it.py::test_leaky" in run.text


def test_an_extension_that_fails_is_an_error_with_the_authors_own_line(run_tests: RunTests) -> None:
    run = run_tests(
        r"""
        class Broken(Greeter):
            def on_platform_start(self):
                raise KeyError("no such thing")

        class Refused(Greeter):
            def should_load(self):
                return False

        def test_broken(load_extension, extension_client):
            with pytest.raises(Exception, match=r"failed in on_platform_start: KeyError.*test_it.py:6 in") as raised:
                load_extension(Broken)
            assert type(raised.value).__name__ == "ExtensionLoadError"

        def test_refused(load_extension):
            with pytest.raises(Exception, match="extension greeter is disabled"):
                load_extension(Refused)
        """
    )
    assert run.outcomes == {"test_broken": "PASSED", "test_refused": "PASSED"}, run.text


def test_hooks_can_be_made_to_fail(run_tests: RunTests) -> None:
    run = run_tests(
        """
        def test_one(load_extension, fail_at, localstack, extension_client):
            fail_at("on_platform_ready")
            greeter = load_extension(Greeter)
            assert greeter.hooks == ["on_extension_load"]
            assert [fault.place for fault in localstack.faults(greeter)] == ["on_platform_ready"]
            assert extension_client.get("/greet").text == "hello"

        def test_loading(load_extension, fail_at):
            fail_at("on_extension_load")
            with pytest.raises(Exception, match="fail_at"):
                load_extension(Greeter)

        def test_it_is_over_with_the_test(load_extension):
            assert load_extension(Greeter).hooks == ["on_extension_load", "on_platform_ready"]

        def test_names(fail_at):
            with pytest.raises(ValueError, match="there is no hook 'on_start'; there are: on_extension_load, "):
                fail_at("on_start")
        """
    )
    assert set(run.outcomes.values()) == {"PASSED"}, run.text


def test_settings_are_the_tests_own_and_the_process_gets_its_environment_back(run_tests: RunTests) -> None:
    run = run_tests(
        """
        import os
        from localstack import config

        def test_settings(localstack):
            assert config.DEBUG is True
            assert localstack.url == f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}"
            assert localstack.url.endswith(f":{config.LOCALSTACK_HOST.port}")
        """,
        conftest="""
        import atexit, os, subprocess
        from multiprocessing.process import BaseProcess
        import pytest

        def functions():
            return atexit.register, atexit.unregister, subprocess.Popen.__init__, BaseProcess.start

        before, functions_before = dict(os.environ), functions()

        @pytest.fixture(scope="session")
        def localstack_settings():
            return {"DEBUG": "1"}

        def pytest_unconfigure():
            assert functions() == functions_before
            after = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
            print("same" if after == {n: v for n, v in before.items() if not n.startswith("PYTEST_")} else "different")
        """,
    )
    assert run.outcomes == {"test_settings": "PASSED"}, run.text
    assert run.text.rstrip().endswith("same")


def test_the_fixtures_are_typed(tmp_path: Path) -> None:
    (tmp_path / "test_typed.py").write_text(
        textwrap.dedent(
            """
            from localstack.extensions.api import Extension
            from localstack.testing.pytest import ExtensionClient, LoadExtension

            class Greeter(Extension):
                name = "greeter"
                greeting = "hello"

            def test_it(load_extension: LoadExtension, extension_client: ExtensionClient) -> None:
                greeting: str = load_extension(Greeter).greeting
                number: int = extension_client.get("/greet").status_code
                wrong: int = load_extension(Greeter).greeting
            """
        )
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--follow-imports=silent", "test_typed.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)
    assert re.findall(r"test_typed.py:(\d+): error", done.stdout) == ["12"], done.stdout


def test_a_run_without_the_fixtures_imports_nothing_of_the_platform(run_tests: RunTests) -> None:
    run = run_tests(
        """
        def test_modules():
            import sys
            assert not [name for name in sys.modules if name.startswith(("localstack.host", "rolo", "requests"))]
        """,
        heading="",
    )
    assert run.outcomes == {"test_modules": "PASSED"}, run.text
