"""The servers that are compared: how each is installed, into an environment of its own, and started.

leanto            the platform as it is, with its request log
leanto, log off   the same, with LS_LOG=warn
leanto/Twisted    the platform with GATEWAY_SERVER=twisted
rolo/Twisted      rolo's own Twisted server with the same routes and handlers: the baseline
localstack-core   2026.3.0 in host mode; needs a python3.13
moto_server       with the versions of requirements.lock
ministack         from PyPI
mitmproxy         from PyPI, with a script that answers; only for reloading
constant          answers without reading: the limit of the machine and of the client
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from benchmarks.servers import HOST, BenchmarkError, Server, free_port, isolated

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
ENVIRONMENTS = ROOT / "build" / "benchmark"
EXTENSION = Path(__file__).resolve().parent / "extension"

MINISTACK = ("ministack==1.5.33",)
MITMPROXY = ("mitmproxy==11.0.2",)
MITMPROXY_SCRIPT = "script.py"
LOCALSTACK_CORE = (
    "localstack-core[runtime]==2026.3.0",
    # Its own requirements are open, and newer versions of these break it.
    "cbor2==5.8.0",
    "localstack-twisted==25.5.0",
    "moto-ext==5.1.25",
    "pyopenssl==25.3.0",
    "rolo==0.8.1",
)
INSTALL_SECONDS = 600
HEALTH = "/_localstack/health"


class Kind(Enum):
    """A server that is compared; the value is its name in tables."""

    LEANTO = "leanto"
    LEANTO_QUIET = "leanto, log off"
    LEANTO_TWISTED = "leanto/Twisted"
    ROLO = "rolo/Twisted"
    LOCALSTACK = "localstack-core"
    MOTO = "moto_server"
    MINISTACK = "ministack"
    MITMPROXY = "mitmproxy"
    CONSTANT = "constant"


@dataclass(frozen=True)
class Setup:
    """What is in the way of a request: routes besides those that are called, and no-op handlers."""

    other_routes: int
    handlers: int


class NotInstalledError(Exception):
    """A peer can't be run here; the message is the reason."""


def start_of(kind: Kind, scratch: Path, setup: Setup | None = None) -> Server:
    """How a server is started.

    :param scratch: folder for its files, its own
    :param setup: the routes and handlers that it gets; ``None`` for the server as its users start it
    """
    scratch.mkdir(parents=True, exist_ok=True)
    return _STARTS[kind](kind, scratch, setup)


def _leanto(kind: Kind, scratch: Path, setup: Setup | None) -> Server:
    port = free_port()
    environ = isolated(scratch) | {
        "GATEWAY_LISTEN": f"{HOST}:{port}",
        "LOCALSTACK_VOLUME_DIR": str(scratch / "volume"),
        "GATEWAY_SERVER": "twisted" if kind is Kind.LEANTO_TWISTED else "leanto",
    }
    if kind is Kind.LEANTO_QUIET:
        environ["LS_LOG"] = "warn"
    if setup is not None:
        environ |= _bench_environ(setup) | {"EXTENSION_DEV_MODE": "1"}
        _run([str(BIN / "localstack"), "extensions", "dev", "enable", str(EXTENSION)], environ)
    return Server(kind.value, (str(BIN / "localstack"), "start", "--no-banner"), environ, port, HEALTH, "Ready.")


def _rolo(kind: Kind, scratch: Path, setup: Setup | None) -> Server:
    port = free_port()
    command = (sys.executable, "-m", "leanto_bench.rolo_on_twisted", str(port))
    return Server(kind.value, command, isolated(scratch) | _bench_environ(setup), port, HEALTH)


def _localstack(kind: Kind, scratch: Path, setup: Setup | None) -> Server:
    port = free_port()
    environ = {
        "DISABLE_EVENTS": "1",
        "DNS_ADDRESS": "0",
        "FILESYSTEM_ROOT": str(scratch / "filesystem"),
        "GATEWAY_LISTEN": f"{HOST}:{port}",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
    }
    module = "localstack.runtime.main" if setup is None else "leanto_bench.localstack_core"
    command = (_python_of("localstack-core"), "-m", module)
    return Server(kind.value, command, isolated(scratch) | _bench_environ(setup) | environ, port, HEALTH)


def _moto(kind: Kind, scratch: Path, setup: Setup | None) -> Server:
    port = free_port()
    command = (str(ENVIRONMENTS / "moto_server" / "bin" / "moto_server"), "--host", HOST, "--port", str(port))
    environ = isolated(scratch) | {"MOTO_ACCOUNT_ID": "000000000000"}  # as the others have it
    return Server(kind.value, command, environ, port, "/moto-api/config")


def _ministack(kind: Kind, scratch: Path, setup: Setup | None) -> Server:
    port = free_port()
    environ = isolated(scratch) | {"GATEWAY_PORT": str(port)}
    return Server(kind.value, (str(ENVIRONMENTS / "ministack" / "bin" / "ministack"),), environ, port, HEALTH)


def _mitmproxy(kind: Kind, scratch: Path, setup: Setup | None) -> Server:
    port = free_port()
    options = ("--quiet", "--listen-host", HOST, "--listen-port", str(port), "--set", f"confdir={scratch / 'config'}")
    reverse = ("--mode", f"reverse:http://{HOST}:1", "--set", "connection_strategy=lazy")  # the script answers all
    command: tuple[str, ...] = (str(ENVIRONMENTS / "mitmproxy" / "bin" / "mitmdump"), *options, *reverse)
    command += ("--scripts", str(scratch / MITMPROXY_SCRIPT))
    # two saves of equal size within a second have the same .pyc, and it would go on with the first
    environ = isolated(scratch) | {"PYTHONDONTWRITEBYTECODE": "1"}
    return Server(kind.value, command, environ, port, "/")


def _constant(kind: Kind, scratch: Path, setup: Setup | None) -> Server:
    port = free_port()
    command = (sys.executable, str(Path(__file__).resolve().parent / "constant_answer.py"), str(port))
    return Server(kind.value, command, isolated(scratch), port, "/")


_STARTS: Mapping[Kind, Callable[[Kind, Path, Setup | None], Server]] = {
    Kind.LEANTO: _leanto,
    Kind.LEANTO_QUIET: _leanto,
    Kind.LEANTO_TWISTED: _leanto,
    Kind.ROLO: _rolo,
    Kind.LOCALSTACK: _localstack,
    Kind.MOTO: _moto,
    Kind.MINISTACK: _ministack,
    Kind.MITMPROXY: _mitmproxy,
    Kind.CONSTANT: _constant,
}


def _bench_environ(setup: Setup | None) -> dict[str, str]:
    if setup is None:
        return {}
    return {
        "BENCH_ROUTES": str(setup.other_routes),
        "BENCH_HANDLERS": str(setup.handlers),
        "PYTHONPATH": str(EXTENSION),
    }


def install(kind: Kind, localstack_python: str | None = None) -> None:
    """Make the environment of a peer with uv, unless it is there for the same versions.

    :param localstack_python: the Python 3.13 for localstack-core; without it the first on the path
    :raises NotInstalledError: when it can't be had here
    """
    if kind is Kind.MOTO:
        lock = str(ROOT / "requirements.lock")
        _make_environment("moto_server", sys.executable, ["--constraints", lock, f"moto[server]=={_version('moto')}"])
    elif kind is Kind.MINISTACK:
        _make_environment("ministack", sys.executable, MINISTACK)
    elif kind is Kind.MITMPROXY:
        _make_environment("mitmproxy", sys.executable, MITMPROXY)
    elif kind is Kind.LOCALSTACK:
        _make_environment("localstack-core", _find_python_3_13(localstack_python), LOCALSTACK_CORE)


def _make_environment(name: str, python: str, requirements: list[str] | tuple[str, ...]) -> None:
    folder = ENVIRONMENTS / name
    stamp, made_for = folder / "made-for.txt", "\n".join([python, *requirements])
    if stamp.is_file() and stamp.read_text() == made_for:
        return
    uv = str(BIN / "uv")
    try:
        _run([uv, "venv", "--quiet", "--clear", "--python", python, str(folder)])
        command = [uv, "pip", "install", "--quiet", "--python", _python_of(name), "--compile-bytecode", *requirements]
        _run(command)
    except BenchmarkError as error:
        raise NotInstalledError(f"it can't be installed: {error}") from None
    stamp.write_text(made_for)


def _find_python_3_13(named: str | None) -> str:
    """The first ``python3.13`` that runs; a version manager's stand-in may be there and refuse.

    :raises NotInstalledError: when there is none
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    candidates = [named] if named else [shutil.which("python3.13", path=folder) for folder in folders]
    for candidate in filter(None, candidates):
        try:
            _run([candidate, "-c", "import sys; sys.exit(sys.version_info[:2] != (3, 13))"])
        except BenchmarkError:
            continue
        return candidate
    raise NotInstalledError(f"{named or 'python3.13'} can't be run; name one with --localstack-python PATH")


def _python_of(environment: str) -> str:
    return str(ENVIRONMENTS / environment / "bin" / "python")


def _version(distribution: str) -> str:
    from importlib.metadata import version

    return version(distribution)


def _run(command: list[str], environ: Mapping[str, str] | None = None) -> None:
    """:raises BenchmarkError: when the command fails, with its last words"""
    try:
        result = subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchmarkError(str(error)) from None
    if result.returncode != 0:
        raise BenchmarkError(f"{' '.join(command[:3])} …: {(result.stderr or result.stdout).strip()[-300:]}")
