"""Options of ``docker run`` that come as text, as extensions and their users write them."""

from __future__ import annotations

import argparse
import os
import re
import shlex
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from localstack.utils.container_utils.container_configuration import ContainerConfiguration, Ulimit
from localstack.utils.container_utils.container_ports import PortMappings
from localstack.utils.container_utils.container_volumes import BindMount, VolumeMappings

__all__ = ["ExtraHosts", "with_additional_flags"]

ExtraHosts = dict[str, str]
"""Names that a container finds in its ``/etc/hosts``, with their addresses."""

_PUBLISHED = re.compile(
    r"(?:(?P<address>\[.+]|localhost|[\w-]*\.[\w.-]*):)?(?:(?P<outside>\d+(?:-\d+)?)?:)?"
    r"(?P<inside>\d+(?:-\d+)?)(?:/(?P<protocol>\w+))?"
)


@dataclass
class _Flags(argparse.Namespace):
    """The options that are understood, with what they have when they are not given."""

    add_host: list[str] = field(default_factory=list)
    dns: list[str] = field(default_factory=list)
    env: list[str] = field(default_factory=list)
    env_file: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    network: str | None = None
    platform: str | None = None
    privileged: bool = False
    publish: list[str] = field(default_factory=list)
    ulimit: list[str] = field(default_factory=list)
    user: str | None = None
    volume: list[str] = field(default_factory=list)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def with_additional_flags(configuration: ContainerConfiguration) -> tuple[ContainerConfiguration, ExtraHosts]:
    """``configuration`` with what its ``additional_flags`` say; they win over its fields and add to its lists.

    Understood are ``--add-host``, ``--dns``, ``-e``/``--env``, ``--env-file``, ``-l``/``--label``, ``--network``,
    ``--platform``, ``--privileged``, ``-p``/``--publish``, ``--ulimit``, ``-u``/``--user``, ``-v``/``--volume``.

    :raises ValueError: when it has another option or one without its value; the text, which may have a password in an
        ``-e``, is not in the message
    """
    text = configuration.additional_flags or ""
    try:
        flags = _parser().parse_args(shlex.split(text), _Flags())
        return _applied(configuration, flags), dict(_pair(each, ":") for each in flags.add_host)
    except (ValueError, OSError) as error:
        raise ValueError(f"the additional flags of a container can't be used: {error}") from None


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="docker run", add_help=False, allow_abbrev=False)
    for names in (
        ("--add-host",), ("--dns",), ("-e", "--env"), ("--env-file",), ("-l", "--label"), ("-p", "--publish"),
        ("--ulimit",), ("-v", "--volume"),
    ):  # fmt: skip
        parser.add_argument(*names, action="append")
    for names in (("--network", "--net"), ("--platform",), ("-u", "--user")):
        parser.add_argument(*names)
    parser.add_argument("--privileged", action="store_true")
    return parser


def _applied(configuration: ContainerConfiguration, flags: _Flags) -> ContainerConfiguration:
    env = dict(configuration.env_vars)
    for file in flags.env_file:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
        env |= _environment(line for line in lines if line.strip() and not line.startswith("#"))
    dns = [configuration.dns] if isinstance(configuration.dns, str) else list(configuration.dns or ())
    return replace(
        configuration,
        additional_flags=None,
        env_vars=env | _environment(flags.env),
        labels=dict(configuration.labels) | dict(_pair(each, "=") for each in flags.label),
        ports=_ports(configuration.ports, flags.publish),
        volumes=VolumeMappings([*configuration.volumes, *map(BindMount.parse, flags.volume)]),
        dns=[*dns, *flags.dns] or None,
        ulimits=[*(configuration.ulimits or ()), *map(_ulimit, flags.ulimit)] or None,
        network=flags.network or configuration.network,
        platform=flags.platform or configuration.platform,
        privileged=flags.privileged or configuration.privileged,
        user=flags.user or configuration.user,
    )


def _environment(entries: Iterable[str]) -> dict[str, str]:
    """``NAME=VALUE`` for each; a name alone takes the value from this process, if it has one."""
    found = {}
    for entry in entries:
        name, separator, value = entry.partition("=")
        if separator or name in os.environ:
            found[name] = value if separator else os.environ[name]
    return found


def _ports(before: PortMappings, published: Iterable[str]) -> PortMappings:
    ports = deepcopy(before)
    for text in published:
        found = _PUBLISHED.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} publishes no port: write it as [ADDRESS:][PORT:]CONTAINER_PORT[/PROTOCOL]")
        ports.bind_host = found["address"] or ports.bind_host
        ports.add(_range(found["outside"] or "0"), _range(found["inside"]), found["protocol"] or "tcp")
    return ports


def _range(text: str) -> int | tuple[int, int]:
    first, separator, last = text.partition("-")
    return (int(first), int(last)) if separator else int(first)


def _ulimit(text: str) -> Ulimit:
    """Read ``nofile=1024:2048``."""
    name, limits = _pair(text, "=")
    soft, _, hard = limits.partition(":")
    return Ulimit(name, int(soft), int(hard or soft))


def _pair(text: str, separator: str) -> tuple[str, str]:
    name, found, value = text.partition(separator)
    if not found:
        raise ValueError(f"{text!r} has no {separator!r}")
    return name, value
