"""moto's public test-suite: fetched from PyPI into ``build/``, given an environment, run against a server."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.servers import HOST, Server, free_port, isolated

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "moto-suite"
BIN = Path(sys.executable).parent

DEFAULT_SERVICES = (
    "s3",
    "sqs",
    "sns",
    "dynamodb",
    "ssm",
    "secretsmanager",
    "iam",
    "sts",
    "kms",
    "lambda",
    "events",
    "logs",
)
"""The services that are compared when none is named."""

_OTHER_SERVICES = (
    "acm apigateway cloudformation cloudwatch cognitoidp dynamodbstreams ec2 ecr ecs elbv2 firehose glue kinesis "
    "opensearch rds resourcegroupstaggingapi route53 s3control scheduler ses sesv2 stepfunctions swf timestreamquery "
    "timestreamwrite"
)
FOLDERS: Mapping[str, tuple[str, ...]] = {
    **{service: (f"test_{service}",) for service in (*DEFAULT_SERVICES, *_OTHER_SERVICES.split())},
    "s3": ("test_s3", "test_s3bucket_path"),
    "lambda": ("test_awslambda", "test_awslambda_simple"),
}
"""The folders of the suite that test a service."""

_REQUIREMENTS = ("freezegun==1.5.5", "pycognito==2024.5.1", "pyotp==2.9.0", "pytest", "pytest-timeout")
_PYTEST_RAN = (0, 1)  # all passed, some failed
_TEST_TIMEOUT_SECONDS = 60
_SUITE_TIMEOUT_SECONDS = 3600


class SuiteError(Exception):
    """The suite can't be had or run here; the message says why."""


@dataclass(frozen=True)
class Target:
    """A server that the suite runs against, and the path that empties it."""

    server: Server
    reset_path: str


@dataclass(frozen=True)
class Suite:
    """The suite, ready to be run.

    :ivar folder: the unpacked source distribution
    :ivar environment: the virtual environment of the tests, which has ``moto_server`` too
    """

    folder: Path
    environment: Path

    @classmethod
    def fetch(cls) -> Suite:
        """The suite of the moto version that we run on; downloads only what is not there yet.

        :raises SuiteError: when it can't be downloaded or installed
        """
        moto = f"moto-{version('moto')}"
        suite = cls(CACHE / moto, CACHE / f"{moto}-environment")
        if not suite.folder.is_dir():
            _unpack_source(moto)
        _make_environment(suite.environment)
        return suite

    def moto_server(self, scratch: Path) -> Target:
        """moto's own server, as it is.

        :param scratch: folder for its files, its own
        """
        port = free_port()
        command = (str(self.environment / "bin" / "moto_server"), "--host", HOST, "--port", str(port))
        return Target(Server("moto_server", command, isolated(scratch), port, "/moto-api/config"), "/moto-api/reset")

    def run(self, service: str, target: Target, log: Path) -> dict[str, str]:
        """Run the tests of a service.

        :param log: gets what pytest prints, with the reason of each failure
        :returns: ``passed``, ``failed`` or ``skipped`` by test, e.g. ``tests/test_sts/test_sts.py::test_assume_role``
        :raises SuiteError: when pytest itself fails
        """
        results = log.with_suffix(".json")
        results.unlink(missing_ok=True)
        environ = isolated(log.parent) | {
            "AWS_DEFAULT_REGION": "us-east-1",
            "MOTO_SUITE_RESET_PATH": target.reset_path,
            "MOTO_SUITE_RESULTS": str(results),
            "PYTHONPATH": str(Path(__file__).parent),
            "TEST_SERVER_MODE": "true",
            "TEST_SERVER_MODE_ENDPOINT": f"http://localhost:{target.server.port}",
            "TESTS_SKIP_REQUIRES_DOCKER": "true",
        }
        folders = [f"tests/{folder}" for folder in FOLDERS[service]]
        options = ["-q", "-p", "plugin", "-p", "no:cacheprovider", "--tb=short", f"--timeout={_TEST_TIMEOUT_SECONDS}"]
        command = [str(self.environment / "bin" / "python"), "-m", "pytest", *options, *folders]
        with log.open("w") as printed:
            run = subprocess.run(
                command,
                cwd=self.folder,
                env=environ,
                stdout=printed,
                stderr=subprocess.STDOUT,
                timeout=_SUITE_TIMEOUT_SECONDS,
                check=False,
            )
        if run.returncode not in _PYTEST_RAN:
            raise SuiteError(f"pytest could not run the tests of {service} ({run.returncode}); see {log}")
        outcomes: dict[str, str] = json.loads(results.read_text())
        return outcomes


def platform(scratch: Path) -> Target:
    """The platform as it is, but with all regions.

    :param scratch: folder for its files, its own
    """
    port = free_port()
    environ = isolated(scratch) | {
        "GATEWAY_LISTEN": f"{HOST}:{port}",
        "LOCALSTACK_VOLUME_DIR": str(scratch / "volume"),
        "LS_LOG": "warn",
        "ALLOW_NONSTANDARD_REGIONS": "1",  # moto_server has the regions of China and of governments too
    }
    command = (str(BIN / "localstack"), "start", "--no-banner")
    return Target(Server("leanto", command, environ, port, "/_localstack/health"), "/_localstack/state/reset")


def _unpack_source(name: str) -> None:
    """Download the source distribution, checked against the hashes of ``requirements.lock``, and unpack it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    pinned = CACHE / "moto.lock"
    pinned.write_text(_locked_lines("moto"))
    flags = ["--quiet", "--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--require-hashes"]
    _run(sys.executable, "-m", "pip", "download", *flags, "--dest", str(CACHE), "-r", str(pinned))
    with tarfile.open(CACHE / f"{name}.tar.gz") as archive, TemporaryDirectory(dir=CACHE) as unpacked:
        archive.extractall(unpacked, filter="data")
        Path(unpacked, name).rename(CACHE / name)


def _locked_lines(distribution: str) -> str:
    lines: list[str] = []
    is_wanted = False
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if not line.startswith((" ", "#")):
            is_wanted = line.startswith(f"{distribution}==")
        if is_wanted:
            lines.append(line)
    return "\n".join(lines)


def _make_environment(folder: Path) -> None:
    """Nothing is done where it was made to its end before."""
    stamp = folder / "is-complete"
    if stamp.exists():
        return
    uv, python, lock = str(BIN / "uv"), str(folder / "bin" / "python"), str(ROOT / "requirements-dev.lock")
    moto = f"moto[all,server]=={version('moto')}"
    _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
    _run(uv, "pip", "install", "--quiet", "--python", python, "--constraints", lock, moto, *_REQUIREMENTS)
    stamp.touch()


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SUITE_TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SuiteError(str(error)) from None
    if done.returncode != 0:
        raise SuiteError(f"{' '.join(command[:4])} …: {(done.stderr or done.stdout).strip()[-500:]}")
