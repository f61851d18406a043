"""One typed ``Settings``, read once from the environment and the profile files.

Names and defaults of the variables are those that LocalStack documents, so that existing set-ups go on. A variable may
also carry the prefix ``LOCALSTACK_`` (``LOCALSTACK_DEBUG=1``); the plain name wins when both are set.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from localstack.host.errors import SettingError

DEFAULT_PORT = 4566
LOCALHOST_HOSTNAME = "localhost.localstack.cloud"

_LOG_LEVELS = {"trace-internal", "trace", "debug", "info", "warn", "warning", "error"}
_GATEWAY_SERVERS = {"leanto", "twisted"}
_TRUE = {"1", "true"}
_FALSE = {"0", "false"}


class SaveStrategy(StrEnum):
    """When the state of the emulation is saved with ``PERSISTENCE=1``."""

    SCHEDULED = "scheduled"
    ON_REQUEST = "on_request"
    ON_SHUTDOWN = "on_shutdown"
    MANUAL = "manual"


class LoadStrategy(StrEnum):
    """When the saved state comes back with ``PERSISTENCE=1``."""

    ON_REQUEST = "on_request"
    ON_STARTUP = "on_startup"
    MANUAL = "manual"


@dataclass(frozen=True)
class HostAndPort:
    """A host and a port, written ``host:port``; an IPv6 host is written ``[::1]:4566``."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, default_host: str, default_port: int) -> HostAndPort:
        """Read ``host:port``, ``host``, ``:port``, ``[v6]:port`` or ``port``-less ``[v6]``.

        :raises SettingError: when the port is no number between 0 and 65535 or the host is malformed
        """
        match = re.fullmatch(r"\s*(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[^:\[\]/\s]*))(?::(?P<port>[^:]*))?\s*", text)
        if match is None:
            raise SettingError(f"{text!r} is no address", "write host:port, for example 127.0.0.1:4566 or [::1]:4566")
        port_text = match["port"]
        if port_text is None:
            port = default_port
        elif port_text.isascii() and port_text.isdigit() and int(port_text) <= 65535:
            port = int(port_text)
        else:
            raise SettingError(
                f"the port {port_text!r} in {text.strip()!r} is no number from 0 to 65535",
                "write host:port, for example 127.0.0.1:4566",
            )
        return cls(match["v6"] or match["host"] or default_host, port)

    def host_and_port(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def is_unprivileged(self) -> bool:
        return self.port >= 1024

    def __str__(self) -> str:
        return self.host_and_port()


@dataclass(frozen=True)
class Settings:
    """Everything that the platform can be told from outside. Immutable; ``environ`` is what it was read from."""

    environ: Mapping[str, str]
    profiles: tuple[str, ...]
    config_dir: Path
    volume_dir: Path
    etc_dir: Path
    gateway_listen: tuple[HostAndPort, ...]
    localstack_host: HostAndPort
    is_localstack_host_given: bool
    """Whether somebody set ``LOCALSTACK_HOST``; else clients are told the host under which they came."""
    use_ssl: bool
    custom_ssl_cert_path: Path | None
    """PEM file with the certificate for TLS and its key; without it, one is made."""
    debug: bool
    log_level: str | None
    log_level_overrides: Mapping[str, str]
    gateway_server: str
    """``"leanto"``, our own server, or ``"twisted"`` for extensions that patch Twisted's classes."""
    gateway_worker_count: int
    shutdown_timeout_seconds: float
    persistence: bool
    save_strategy: SaveStrategy
    load_strategy: LoadStrategy
    flush_interval_seconds: float
    """How long changes of the emulation's state may wait to be saved."""
    clear_tmp: bool
    platform_name: str
    extension_dev_mode: bool
    extension_dev_paths: tuple[Path, ...]
    extension_auto_install: tuple[str, ...]
    services: tuple[str, ...] | None
    strict_service_loading: bool
    eager_service_loading: bool
    service_warm_up: bool
    enable_config_updates: bool
    smtp_host: str
    """``host:port`` or ``host`` of the server that gets the mails of SES; empty for none."""
    smtp_user: str
    smtp_password: str = field(repr=False)
    extra_cors_allowed_origins: tuple[str, ...]
    extra_cors_allowed_headers: tuple[str, ...]
    extra_cors_expose_headers: tuple[str, ...]
    disable_cors_checks: bool
    disable_cors_headers: bool
    disable_preflight_processing: bool
    disable_custom_cors_s3: bool
    disable_custom_cors_apigateway: bool
    response_header_enabled: bool
    allow_nonstandard_regions: bool
    parity_aws_access_key_id: bool
    external_service_ports: tuple[int, int]
    """First port and the one after the last that extensions may reserve for servers of their own."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the environment and the profile files that ``CONFIG_PROFILE`` names (``default`` without it).

        A variable of the environment wins over one of a profile, a later profile over an earlier one.

        :raises SettingError: naming the variable and the value that can't be used
        """
        real = dict(os.environ if environ is None else environ)
        config_dir = config_dir_of(real)
        profiles = tuple(_split(real.get("CONFIG_PROFILE") or _DEFAULT_PROFILE))
        merged = _read_profiles(config_dir, profiles) | real
        return _Reader(merged).settings(config_dir, profiles)

    @property
    def gateway_port(self) -> int:
        return self.gateway_listen[0].port

    @property
    def missing_profiles(self) -> tuple[Path, ...]:
        """Files of profiles that were asked for and are not there; ``default`` need not be."""
        files = (_profile_file(self.config_dir, name) for name in self.profiles if name != _DEFAULT_PROFILE)
        return tuple(file for file in files if not file.is_file())

    @cached_property
    def run_dir(self) -> Path:
        """Where a running platform leaves its record: pid, addresses, log file."""
        return self.volume_dir / "run"

    @cached_property
    def log_dir(self) -> Path:
        return self.volume_dir / "logs"

    @cached_property
    def init_dir(self) -> Path:
        """Folders of the init scripts: ``boot.d``, ``start.d``, ``ready.d``, ``shutdown.d``."""
        return self.etc_dir / "init"

    @cached_property
    def state_dir(self) -> Path:
        return self.volume_dir / "state"

    @cached_property
    def tmp_dir(self) -> Path:
        return self.volume_dir / "tmp"

    @cached_property
    def extensions_dir(self) -> Path:
        """Everything that installing leaves behind: ``python_venv``, ``generations/``, ``extensions.toml``."""
        return self.volume_dir / "lib" / "extensions"

    def external_url(self, subdomain: str = "") -> str:
        """URL under which clients reach the gateway, e.g. ``http://localhost.localstack.cloud:4566``."""
        scheme = "https" if self.use_ssl else "http"
        host = f"{subdomain}.{self.localstack_host}" if subdomain else str(self.localstack_host)
        return f"{scheme}://{host}"

    def local_url(self) -> str:
        """URL under which a process on this machine reaches the gateway without DNS, e.g. ``http://127.0.0.1:4566``."""
        first = self.gateway_listen[0]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(first.host, first.host)
        return f"http://{HostAndPort(host, first.port)}"


_DEFAULT_PROFILE = "default"
_PREFIX = "LOCALSTACK_"
_OWN_NAMES_WITH_PREFIX = re.compile(
    r"LOCALSTACK_(HOST|HOSTNAME|VOLUME_DIR|AUTH_TOKEN|API_KEY|RESPONSE_HEADER_ENABLED|\d.*)"
)


@dataclass
class _Reader:
    """Typed look-ups in one environment; each error names the variable."""

    environ: Mapping[str, str]
    names: dict[str, str] = field(default_factory=dict)

    def settings(self, config_dir: Path, profiles: tuple[str, ...]) -> Settings:
        listen = self.addresses("GATEWAY_LISTEN")
        first, last = self.number("EXTERNAL_SERVICE_PORTS_START", 4510), self.number("EXTERNAL_SERVICE_PORTS_END", 4560)
        return Settings(
            environ=self.environ,
            profiles=profiles,
            config_dir=config_dir,
            volume_dir=self.path("LOCALSTACK_VOLUME_DIR", _default_volume_dir()),
            etc_dir=self.path("FILESYSTEM_ROOT", Path()) / "etc" / "localstack"
            if self.get("FILESYSTEM_ROOT")
            else config_dir,
            gateway_listen=listen,
            localstack_host=self.localstack_host(listen[0].port),
            is_localstack_host_given=bool(self.get("LOCALSTACK_HOST")),
            use_ssl=self.flag("USE_SSL"),
            custom_ssl_cert_path=self.optional_path("CUSTOM_SSL_CERT_PATH"),
            debug=self.flag("DEBUG") or self.get("LS_LOG") in ("trace", "trace-internal"),
            log_level=self.one_of("LS_LOG", _LOG_LEVELS),
            log_level_overrides=self.pairs("LOG_LEVEL_OVERRIDES"),
            gateway_server=self.one_of("GATEWAY_SERVER", _GATEWAY_SERVERS) or "leanto",
            gateway_worker_count=int(self.number("GATEWAY_WORKER_COUNT", 1000)),
            shutdown_timeout_seconds=self.number("SHUTDOWN_TIMEOUT", 5),
            persistence=self.flag("PERSISTENCE"),
            save_strategy=SaveStrategy(self.one_of("SNAPSHOT_SAVE_STRATEGY", set(SaveStrategy)) or "scheduled"),
            load_strategy=LoadStrategy(self.one_of("SNAPSHOT_LOAD_STRATEGY", set(LoadStrategy)) or "on_request"),
            flush_interval_seconds=self.number("SNAPSHOT_FLUSH_INTERVAL", 15),
            clear_tmp=self.flag("CLEAR_TMP_FOLDER", default=True),
            platform_name=self.file_name("MAIN_CONTAINER_NAME", "localstack-main"),
            extension_dev_mode=self.flag("EXTENSION_DEV_MODE"),
            extension_dev_paths=tuple(
                map(Path, filter(None, (self.get("EXTENSION_DEV_PATHS") or "").split(os.pathsep)))
            ),
            extension_auto_install=tuple(split_directives(self.get("EXTENSION_AUTO_INSTALL") or "")),
            services=tuple(part.split(":")[0] for part in _split(self.get("SERVICES") or "")) or None,
            strict_service_loading=self.flag("STRICT_SERVICE_LOADING", default=True),
            eager_service_loading=self.flag("EAGER_SERVICE_LOADING"),
            service_warm_up=self.flag("SERVICE_WARM_UP", default=True),
            enable_config_updates=self.flag("ENABLE_CONFIG_UPDATES"),
            smtp_host=self.get("SMTP_HOST") or "",
            smtp_user=self.get("SMTP_USER") or "",
            smtp_password=self.get("SMTP_PASS") or "",
            extra_cors_allowed_origins=tuple(_split(self.get("EXTRA_CORS_ALLOWED_ORIGINS") or "")),
            extra_cors_allowed_headers=tuple(_split(self.get("EXTRA_CORS_ALLOWED_HEADERS") or "")),
            extra_cors_expose_headers=tuple(_split(self.get("EXTRA_CORS_EXPOSE_HEADERS") or "")),
            disable_cors_checks=self.flag("DISABLE_CORS_CHECKS"),
            disable_cors_headers=self.flag("DISABLE_CORS_HEADERS"),
            disable_preflight_processing=self.flag("DISABLE_PREFLIGHT_PROCESSING"),
            disable_custom_cors_s3=self.flag("DISABLE_CUSTOM_CORS_S3"),
            disable_custom_cors_apigateway=self.flag("DISABLE_CUSTOM_CORS_APIGATEWAY"),
            response_header_enabled=self.flag("LOCALSTACK_RESPONSE_HEADER_ENABLED", default=True),
            allow_nonstandard_regions=self.flag("ALLOW_NONSTANDARD_REGIONS"),
            parity_aws_access_key_id=self.flag("PARITY_AWS_ACCESS_KEY_ID"),
            external_service_ports=(int(first), int(last)),
        )

    def get(self, name: str) -> str | None:
        """The variable's text, ``None`` when it is unset or empty."""
        value = self.environ.get(name)
        if value is None and not _OWN_NAMES_WITH_PREFIX.fullmatch(_PREFIX + name):
            value = self.environ.get(_PREFIX + name)
        return value.strip() or None if value is not None else None

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = (self.get(name) or "").lower()
        return value not in _FALSE if default else value in _TRUE

    def number(self, name: str, default: float) -> float:
        value = self.get(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = -1
        if not 0 <= number < 1e9:
            raise SettingError(f"{name}={value!r} is no number that can be used", f"leave it out for {default:g}")
        return number

    def path(self, name: str, default: Path) -> Path:
        value = self.get(name)
        return Path(os.path.abspath(Path(value).expanduser())) if value else default  # noqa: PTH100 - keep symbolic links

    def optional_path(self, name: str) -> Path | None:
        return self.path(name, Path()) if self.get(name) else None

    def one_of(self, name: str, allowed: set[str]) -> str | None:
        value = self.get(name)
        if value is not None and value.lower() not in allowed:
            raise SettingError(f"{name}={value!r} is not known", f"use one of {', '.join(sorted(allowed))}")
        return value.lower() if value else None

    def file_name(self, name: str, default: str) -> str:
        """A text that files are named after, so it must not lead out of their folder."""
        value = self.get(name) or default
        if not re.fullmatch(r"\w[\w.-]*", value):
            raise SettingError(f"{name}={value!r} can't name a platform", "use letters, digits, '.', '_' and '-'")
        return value

    def pairs(self, name: str) -> dict[str, str]:
        entries = dict(part.partition("=")[::2] for part in _split(self.get(name) or ""))
        for logger, level in entries.items():
            if level.upper() not in ("TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL"):
                raise SettingError(
                    f"{name}: {logger}={level!r} names no log level", "write for example my.logger=DEBUG"
                )
        return entries

    def addresses(self, name: str) -> tuple[HostAndPort, ...]:
        """The addresses to listen on; a wildcard host swallows others on its port."""
        text = self.get(name) or f"127.0.0.1:{DEFAULT_PORT}"
        try:
            parsed = [HostAndPort.parse(part, "127.0.0.1", DEFAULT_PORT) for part in _split(text)]
        except SettingError as error:
            raise SettingError(f"{name}={text!r}: {error.message}", error.hint) from None
        if not parsed:
            raise SettingError(f"{name}={text!r} names no address", "write host:port, for example 127.0.0.1:4566")
        wildcard_ports = {address.port for address in parsed if address.host in ("0.0.0.0", "::")}
        kept = (a for a in parsed if a.host in ("0.0.0.0", "::") or a.port not in wildcard_ports)
        return tuple(dict.fromkeys(kept))

    def localstack_host(self, port: int) -> HostAndPort:
        text = self.get("LOCALSTACK_HOST") or LOCALHOST_HOSTNAME
        try:
            return HostAndPort.parse(text, LOCALHOST_HOSTNAME, port)
        except SettingError as error:
            raise SettingError(f"LOCALSTACK_HOST={text!r}: {error.message}", error.hint) from None


def config_dir_of(environ: Mapping[str, str]) -> Path:
    """The folder with profiles, the auth token and credentials for package indexes."""
    return Path(environ.get("CONFIG_DIR") or Path.home() / ".localstack").expanduser()


def split_directives(text: str) -> list[str]:
    """Split ``EXTENSION_AUTO_INSTALL`` at the commas that do not stand inside brackets.

    >>> split_directives("a[x,y]==1, ,b")
    ['a[x,y]==1', 'b']
    """
    return [part.strip() for part in re.split(r",(?![^\[\]]*\])", text) if part.strip()]


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _default_volume_dir() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "localstack" / "volume"
    cache = os.environ.get("XDG_CACHE_HOME")
    base = Path(cache) if cache and Path(cache).is_absolute() else Path.home() / ".cache"
    return base / "localstack" / "volume"


def _profile_file(config_dir: Path, profile: str) -> Path:
    return config_dir / f"{profile}.env"


def _read_profiles(config_dir: Path, profiles: tuple[str, ...]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for profile in profiles:
        if not re.fullmatch(r"[\w.-]+", profile):
            raise SettingError(f"{profile!r} is no profile name", "use letters, digits, '.', '_' and '-'")
        path = _profile_file(config_dir, profile)
        if path.is_file():
            from dotenv import dotenv_values  # only when there is a profile: keeps the start lean

            try:
                merged |= {key: value for key, value in dotenv_values(path).items() if value is not None}
            except (OSError, UnicodeDecodeError) as error:
                raise SettingError(f"{path} can't be read: {error}", "make it a readable text file in UTF-8") from None
    return merged
