"""Configuration of the platform under the names that extensions read, and set.

The values come from the platform's settings when the module is first imported. They are plain module attributes: what
an extension assigns (``config.DEBUG = True``) is what later readers of this
module see, its functions included.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from localstack.constants import LOCALHOST
from localstack.host import shared
from localstack.host.settings import HostAndPort

__all__ = [
    "ALLOW_NONSTANDARD_REGIONS",
    "CLEAR_TMP_FOLDER",
    "CONFIG_DIR",
    "CUSTOM_SSL_CERT_PATH",
    "DEBUG",
    "DISABLE_CORS_CHECKS",
    "DISABLE_CORS_HEADERS",
    "DISABLE_CUSTOM_CORS_APIGATEWAY",
    "DISABLE_CUSTOM_CORS_S3",
    "DISABLE_EVENTS",
    "DISABLE_PREFLIGHT_PROCESSING",
    "DOCKER_BRIDGE_IP",
    "DOCKER_HOST_FROM_CONTAINER",
    "EAGER_SERVICE_LOADING",
    "ENABLE_CONFIG_UPDATES",
    "EXTERNAL_SERVICE_PORTS_END",
    "EXTERNAL_SERVICE_PORTS_START",
    "EXTRA_CORS_ALLOWED_HEADERS",
    "EXTRA_CORS_ALLOWED_ORIGINS",
    "EXTRA_CORS_EXPOSE_HEADERS",
    "GATEWAY_LISTEN",
    "GATEWAY_SERVER",
    "GATEWAY_WORKER_COUNT",
    "LOCALSTACK_HOST",
    "LOCALSTACK_RESPONSE_HEADER_ENABLED",
    "LS_LOG",
    "MAIN_CONTAINER_NAME",
    "PARITY_AWS_ACCESS_KEY_ID",
    "PERSISTENCE",
    "PORTS_CHECK_DOCKER_IMAGE",
    "SNAPSHOT_FLUSH_INTERVAL",
    "SNAPSHOT_LOAD_STRATEGY",
    "SNAPSHOT_SAVE_STRATEGY",
    "STRICT_SERVICE_LOADING",
    "USE_SSL",
    "VOLUME_DIR",
    "Directories",
    "HostAndPort",
    "dirs",
    "external_service_url",
    "get_edge_port_http",
    "get_edge_url",
    "get_protocol",
    "internal_service_url",
    "is_collect_metrics_mode",
    "is_env_not_false",
    "is_env_true",
    "is_in_docker",
    "load_start_time",
    "service_port",
    "service_url",
]

load_start_time = time.time()
"""When this module was loaded, in seconds since the epoch."""


@dataclass
class Directories:
    """Folders of the platform, as text. Nothing says that they exist: who writes into one makes it.

    :ivar static_libs: packages that come with the platform
    :ivar var_libs: packages that were installed later; outlives the run
    :ivar cache: what can be made again; outlives the run
    :ivar tmp: emptied when the platform starts
    :ivar mounted_tmp: a folder for temporary files that other programs can see
    :ivar functions: unpacked function code
    :ivar data: state; outlives the run only with ``PERSISTENCE=1``
    :ivar config: configuration files of services
    :ivar init: folders of init scripts: ``boot.d``, ``start.d``, ``ready.d``, ``shutdown.d``
    :ivar logs: log files
    """

    static_libs: str
    var_libs: str
    cache: str
    tmp: str
    mounted_tmp: str
    functions: str
    data: str
    config: str
    init: str
    logs: str

    @staticmethod
    def for_host() -> Directories:
        """Those of this platform, whatever ``dirs`` was set to."""
        return _directories()

    @classmethod
    def for_container(cls) -> Directories:
        """Those of LocalStack's own image, for what is mounted into a container of it."""
        volume = "/var/lib/localstack"
        return cls(
            static_libs="/usr/lib/localstack",
            var_libs=f"{volume}/lib",
            cache=f"{volume}/cache",
            tmp="/tmp/localstack",
            mounted_tmp=f"{volume}/tmp",
            functions=f"{volume}/tmp/functions",
            data=f"{volume}/state",
            config="/etc/localstack/conf.d",
            init="/etc/localstack/init",
            logs=f"{volume}/logs",
        )

    def mkdir(self) -> None:
        """Make those that are not there.

        :raises OSError: when one can't be made
        """
        for folder in vars(self).values():
            Path(folder).mkdir(parents=True, exist_ok=True)


def is_env_true(env_var_name: str) -> bool:
    """Whether the environment variable is ``1`` or ``true``, in any case; unset is False."""
    return os.environ.get(env_var_name, "").lower().strip() in ("1", "true")


def is_env_not_false(env_var_name: str) -> bool:
    """Whether the environment variable is anything but ``0`` or ``false``; unset is True."""
    return os.environ.get(env_var_name, "").lower().strip() not in ("0", "false")


def get_protocol() -> str:
    """``"https"`` with ``USE_SSL``, else ``"http"``."""
    return "https" if USE_SSL else "http"


def get_edge_port_http() -> int:
    """First port that the gateway listens on."""
    return GATEWAY_LISTEN[0].port


def external_service_url(
    host: str | None = None,
    port: int | None = None,
    protocol: str | None = None,
    subdomains: str | None = None,
) -> str:
    """URL of the gateway for clients, e.g. ``http://localhost.localstack.cloud:4566``.

    :param subdomains: dotted labels in front of the host, e.g. ``"queue.sqs"``
    """
    return _service_url(host or LOCALSTACK_HOST.host, port or LOCALSTACK_HOST.port, protocol, subdomains)


def internal_service_url(
    host: str | None = None,
    port: int | None = None,
    protocol: str | None = None,
    subdomains: str | None = None,
) -> str:
    """URL of the gateway for processes on this machine, e.g. ``http://localhost:4566``."""
    return _service_url(host or LOCALHOST, port or get_edge_port_http(), protocol, subdomains)


def get_edge_url(localstack_hostname: str | None = None, protocol: str | None = None) -> str:
    """Former name of ``internal_service_url``."""
    return internal_service_url(host=localstack_hostname, protocol=protocol)


def service_url(
    service_key: str,
    host: str | None = None,
    port: int | None = None,
    protocol: str | None = None,
    subdomains: str | None = None,
) -> str:
    """Former name of ``internal_service_url``, from when each service had a port.

    :param service_key: has no effect
    """
    return internal_service_url(host, port, protocol, subdomains)


def service_port(service_key: str, external: bool = False) -> int:
    """The gateway's port, from when each service had one.

    :param service_key: has no effect
    :param external: the port for clients instead of that for processes of this machine
    """
    return LOCALSTACK_HOST.port if external else get_edge_port_http()


def is_collect_metrics_mode() -> bool:
    """Whether ``localstack.aws.handlers.metric_handler`` notes AWS calls: asked for each, so it can change any time."""
    return is_env_true("LOCALSTACK_INTERNAL_TEST_COLLECT_METRIC")


def _service_url(host: str, port: int, protocol: str | None, subdomains: str | None) -> str:
    prefix = f"{subdomains}." if subdomains else ""
    return f"{protocol or get_protocol()}://{prefix}{HostAndPort(host, port)}"


def _directories() -> Directories:
    volume, etc, tmp = _settings.volume_dir, _settings.etc_dir, _settings.tmp_dir
    return Directories(
        static_libs=str(volume / "lib"),  # the platform comes with no packages of its own
        var_libs=str(volume / "lib"),
        cache=str(volume / "cache"),
        tmp=str(tmp),
        mounted_tmp=str(tmp),
        functions=str(tmp / "functions"),
        data=str((volume if _settings.persistence else tmp) / "state"),
        config=str(etc / "conf.d"),
        init=str(etc / "init"),
        logs=str(_settings.log_dir),
    )


_settings = shared.settings()

DEBUG = _settings.debug
LS_LOG: str | bool = _settings.log_level or False
PERSISTENCE = _settings.persistence

CONFIG_DIR = str(_settings.config_dir)
VOLUME_DIR = str(_settings.volume_dir)
dirs = _directories()

GATEWAY_LISTEN: list[HostAndPort] = list(_settings.gateway_listen)
GATEWAY_SERVER = _settings.gateway_server
"""The server that really serves, ``"leanto"`` or ``"twisted"``; extensions that patch a server look at it."""
GATEWAY_WORKER_COUNT = _settings.gateway_worker_count
LOCALSTACK_HOST: HostAndPort = _settings.localstack_host
USE_SSL = _settings.use_ssl
EXTERNAL_SERVICE_PORTS_START, EXTERNAL_SERVICE_PORTS_END = _settings.external_service_ports

ALLOW_NONSTANDARD_REGIONS = _settings.allow_nonstandard_regions
CLEAR_TMP_FOLDER = _settings.clear_tmp
CUSTOM_SSL_CERT_PATH = str(_settings.custom_ssl_cert_path or "")
EAGER_SERVICE_LOADING = _settings.eager_service_loading
ENABLE_CONFIG_UPDATES = _settings.enable_config_updates
LOCALSTACK_RESPONSE_HEADER_ENABLED = _settings.response_header_enabled
MAIN_CONTAINER_NAME = _settings.platform_name
PARITY_AWS_ACCESS_KEY_ID = _settings.parity_aws_access_key_id
SNAPSHOT_FLUSH_INTERVAL = _settings.flush_interval_seconds
SNAPSHOT_LOAD_STRATEGY = _settings.load_strategy.value.upper()
SNAPSHOT_SAVE_STRATEGY = _settings.save_strategy.value.upper()
STRICT_SERVICE_LOADING = _settings.strict_service_loading

DISABLE_CORS_CHECKS = _settings.disable_cors_checks
DISABLE_CORS_HEADERS = _settings.disable_cors_headers
DISABLE_CUSTOM_CORS_APIGATEWAY = _settings.disable_custom_cors_apigateway
DISABLE_CUSTOM_CORS_S3 = _settings.disable_custom_cors_s3
DISABLE_PREFLIGHT_PROCESSING = _settings.disable_preflight_processing
EXTRA_CORS_ALLOWED_HEADERS = ",".join(_settings.extra_cors_allowed_headers)
EXTRA_CORS_ALLOWED_ORIGINS = ",".join(_settings.extra_cors_allowed_origins)
EXTRA_CORS_EXPOSE_HEADERS = ",".join(_settings.extra_cors_expose_headers)

DISABLE_EVENTS = True
"""Usage is reported to nobody, whatever the variable of that name says."""

is_in_docker = is_env_true("OVERRIDE_IN_DOCKER")
"""The platform is a process of this machine; whoever puts it into a container says so with the variable."""

DOCKER_BRIDGE_IP = os.environ.get("DOCKER_BRIDGE_IP", "").strip() or "172.17.0.1"
"""Address of this machine in Docker's default network."""

DOCKER_HOST_FROM_CONTAINER = os.environ.get("DOCKER_HOST_FROM_CONTAINER", "").strip() or (
    "host.docker.internal" if sys.platform == "darwin" else DOCKER_BRIDGE_IP
)
"""Host under which containers reach this machine; where Docker runs in a machine of its own, it has a name for that."""

PORTS_CHECK_DOCKER_IMAGE = os.environ.get("PORTS_CHECK_DOCKER_IMAGE", "").strip()
"""Image whose container tells whether a port is free where containers run; ``""`` for the default one."""
