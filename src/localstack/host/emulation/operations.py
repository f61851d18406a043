"""Which operation of a service a request asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from localstack.host.emulation.wire import Wire

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

_LABEL = re.compile(r"\{([^}+]+)(\+)?\}")


@dataclass(frozen=True)
class Operation:
    """An operation, and the labels of its path percent-decoded, e.g. ``{"Bucket": "b", "Key": "a/b"}``."""

    model: OperationModel
    labels: dict[str, str] = field(default_factory=dict)


def find_operation(service: ServiceModel, protocol: str, wire: Wire, path: str) -> Operation | None:
    """The operation that the request asks for, None when the service has none that fits.

    :param path: raw path; for S3 in path style
    """
    if protocol.startswith("rest-"):
        found = _find_rest_operation(service, wire, path)
        if found is None and wire.is_form:
            wire.take_form_for_query()
            found = _find_rest_operation(service, wire, path)
        return found
    name = _operation_name(protocol, wire)
    return Operation(service.operation_model(name)) if name in service.operation_names else None


def _operation_name(protocol: str, wire: Wire) -> str | None:
    if protocol == "json":
        return str(wire.headers.get("X-Amz-Target") or "").rpartition(".")[2] or None
    if protocol == "smithy-rpc-v2-cbor":
        return wire.path.rstrip("/").rpartition("/")[2]
    return wire.parameters.get("Action")


@dataclass(frozen=True)
class _Rule:
    """When a request is for one REST operation: path pattern, and the query parameters and headers it must have."""

    operation: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    query: tuple[tuple[str, str | None], ...]
    headers: tuple[str, ...]

    def accepts(self, wire: Wire) -> bool:
        has_query = all(
            name in wire.query and (value in (None, "") or value in wire.query[name]) for name, value in self.query
        )
        return has_query and all(name in wire.headers for name in self.headers)


def _find_rest_operation(service: ServiceModel, wire: Wire, path: str) -> Operation | None:
    rules = _rules(service.service_name).get(wire.method, ())
    stripped = path.rstrip("/") or "/"
    for candidate in dict.fromkeys((path, stripped)):  # the last slash is optional, but belongs to an S3 key
        for rule in rules:
            if rule.query and not wire.query:
                continue
            match = rule.pattern.fullmatch(candidate)
            if match and rule.accepts(wire):
                values = map(unquote, match.groups())
                return Operation(service.operation_model(rule.operation), dict(zip(rule.labels, values, strict=True)))
    return None


@cache
def _rules(service_name: str) -> dict[str, list[_Rule]]:
    """The rules of a service by method; the more specific ones first."""
    from localstack.host.emulation.models import service_model

    service = service_model(service_name)
    by_method: dict[str, list[tuple[tuple[object, ...], _Rule]]] = {}
    for name in service.operation_names:
        operation = service.operation_model(name)
        path, _, query = operation.http.get("requestUri", "/").partition("?")
        rule = _rule(operation, path, query)
        order = (_specificity(path), -len(rule.query) - len(rule.headers), operation.deprecated, name)
        by_method.setdefault(operation.http.get("method", "POST"), []).append((order, rule))
    return {method: [rule for _, rule in sorted(rules, key=lambda r: r[0])] for method, rules in by_method.items()}


def _rule(operation: OperationModel, path: str, query: str) -> _Rule:
    fixed: list[tuple[str, str | None]] = list(parse_qsl(query, keep_blank_values=True))
    required = _required(operation, "querystring")
    fixed += [(name, None) for name in required if name not in dict(fixed)]
    path = path.rstrip("/") or "/"
    pattern = "".join(_pattern_parts(path))
    labels = tuple(match[1] for match in _LABEL.finditer(path))
    return _Rule(operation.name, re.compile(pattern, re.DOTALL), labels, tuple(fixed), _required(operation, "header"))


def _pattern_parts(path: str) -> list[str]:
    """Regular expressions for ``/{Bucket}/{Key+}``: a label is one segment, a greedy one may have slashes."""
    parts, end = [], 0
    for match in _LABEL.finditer(path):
        parts += [re.escape(path[end : match.start()]), "(.+)" if match[2] else "([^/]+)"]
        end = match.end()
    return [*parts, re.escape(path[end:])]


def _required(operation: OperationModel, location: str) -> tuple[str, ...]:
    shape = operation.input_shape
    if shape is None:
        return ()
    members = (shape.members[name] for name in shape.required_members)
    return tuple(
        member.serialization.get("name", member.name)
        for member in members
        if member.serialization.get("location") == location
    )


def _specificity(path: str) -> tuple[int, ...]:
    """Per segment 0 for text, 1 for a label, 2 for a greedy label, 3 for the end.

    ``/a/{x}`` comes before ``/{y}/b``, and ``/{x+}/a`` before ``/{x+}``, which would swallow it.
    """
    segments = path.strip("/").split("/")
    return (*(2 if "+}" in segment else 1 if "{" in segment else 0 for segment in segments), 3)
