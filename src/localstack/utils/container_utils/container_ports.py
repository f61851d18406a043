"""Which ports of a container are published on the engine's machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["PortMappings"]

PublishedPort = int | tuple[str, int]


class PortMappings:
    """Ports that are published, and the ports of the container behind them.

    :param bind_host: address of the engine's machine to publish on, all of them without it
    """

    def __init__(self, bind_host: str | None = None) -> None:
        self.bind_host = bind_host
        self._published: dict[str, list[int]] = {}

    def add(
        self, port: int | Sequence[int], mapped: int | Sequence[int] | None = None, protocol: str = "tcp"
    ) -> PortMappings:
        """Publish a port, or the ports from ``[first, last]``.

        :param port: what clients connect to; ``0`` lets the engine choose
        :param mapped: what the container listens on, the same without it; several ports may lead to one
        :param protocol: ``"tcp"``, ``"udp"``, or both as ``"tcp/udp"``
        :raises ValueError: when the two ranges differ in size
        """
        outside: Sequence[int] = _ports(port)
        inside: Sequence[int] = outside if mapped is None else _ports(mapped)
        if len(inside) == 1:
            inside = [inside[0]] * len(outside)
        if len(outside) != len(inside):
            raise ValueError(f"{len(outside)} ports can't be mapped to {len(inside)}: {port!r} to {mapped!r}")
        for each in protocol.split("/"):
            for published, listening in zip(outside, inside, strict=True):
                ports = self._published.setdefault(f"{listening}/{each}", [])
                if published not in ports:
                    ports.append(published)
        return self

    def to_dict(self) -> dict[str, PublishedPort | list[PublishedPort]]:
        """Published ports by port of the container, as Docker's SDK takes them: ``{"80/tcp": 8080}``.

        With ``bind_host`` a port is a pair, ``{"80/tcp": ("127.0.0.1", 8080)}``; several of them are a list.
        """
        return {inside: self._several(ports) for inside, ports in self._published.items()}

    def to_list(self) -> list[str]:
        """The options of Docker's command line, e.g. ``["-p", "127.0.0.1:8080-8081:80-81", "-p", "53:53/udp"]``."""
        host = (
            f"[{self.bind_host}]:" if ":" in (self.bind_host or "") else f"{self.bind_host}:" if self.bind_host else ""
        )
        runs = _runs(
            (published, int(inside.partition("/")[0]), inside.partition("/")[2])
            for inside, ports in self._published.items()
            for published in ports
        )
        return [text for run in runs for text in ("-p", host + _option(*run))]

    def to_str(self) -> str:
        """The same as one text, e.g. ``"-p 8080:80 -p 53:53/udp"``."""
        return " ".join(self.to_list())

    def _several(self, ports: Sequence[int]) -> PublishedPort | list[PublishedPort]:
        shown: list[PublishedPort] = [(self.bind_host, port) if self.bind_host else port for port in ports]
        return shown[0] if len(shown) == 1 else shown

    def __bool__(self) -> bool:
        return bool(self._published)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PortMappings) and self.to_dict() == other.to_dict()

    def __repr__(self) -> str:
        return f"PortMappings({self.to_dict()})"


def _runs(ports: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str, int]]:
    """Ports that follow each other on both sides put together: the first of each run, and how many there are."""
    runs: list[tuple[int, int, str, int]] = []
    for outside, inside, protocol in sorted(ports, key=lambda port: (port[2], port[1], port[0])):
        if runs:
            first, listening, same, count = runs[-1]
            if first and (outside, inside, protocol) == (first + count, listening + count, same):
                runs[-1] = first, listening, same, count + 1
                continue
        runs.append((outside, inside, protocol, 1))
    return runs


def _option(outside: int, inside: int, protocol: str, count: int) -> str:
    sides = (f"{first}-{first + count - 1}" if count > 1 else str(first) for first in (outside, inside))
    return ":".join(sides) + ("" if protocol == "tcp" else f"/{protocol}")


def _ports(port: int | Sequence[int]) -> range:
    if isinstance(port, int):
        return range(port, port + 1)
    first, last = port[0], port[-1]
    return range(int(first), int(last) + 1)
