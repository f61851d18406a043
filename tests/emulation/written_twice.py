"""Run by a test in a process of its own: answers of all kinds, written by moto alone and with our part in it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from moto.core import serialize
from moto.core.utils import get_service_model

from localstack.host.emulation.moto import answers

SERVICES = {
    "autoscaling": "query",
    "cloudfront": "rest-xml",
    "dynamodb": "json",
    "ec2": "ec2",
    "iam": "query",
    "lambda": "rest-json",
    "rds": "query",
    "route53": "rest-xml",
    "s3": "rest-xml",
    "sns": "query",
    "sqs": "query",
    "ssm": "json",
    "sts": "query-json",
}
DEEPEST = 4
ODD_TEXT = "<a b='c'>&amp;\r\n\"ü\u2028\x00]]>"
SCALARS: dict[str, Any] = {
    "blob": b"\x00\xff",
    "boolean": True,
    "double": 1.5,
    "float": 0.0,
    "integer": 7,
    "long": 2**40,
    "string": ODD_TEXT,
    "timestamp": datetime(2026, 11, 21, 12, 30, 1, 250_000, tzinfo=UTC),
}

Naming = Callable[[str], str]


def value_of(shape: Any, naming: Naming, depth: int = 0) -> Any:
    """A value for a shape; every third member is absent, deep lists are empty."""
    match shape.type_name:
        case "structure":
            members = list(shape.members.items()) if depth < DEEPEST else []
            kept = (pair for number, pair in enumerate(members) if (number + depth) % 3 != 2)
            return {naming(name): value_of(member, naming, depth + 1) for name, member in kept}
        case "list":
            return [value_of(shape.member, naming, depth + 1)] * 2 if depth < DEEPEST else []
        case "map":
            return {"a key": value_of(shape.value, naming, depth + 1)} if depth < DEEPEST else {}
        case kind:
            return SCALARS[kind]


def as_object(value: Any) -> Any:
    """The same with attributes in place of keys, as moto's models have them."""
    if isinstance(value, dict):
        return value if "a key" in value else SimpleNamespace(**{key: as_object(item) for key, item in value.items()})
    return [as_object(item) for item in value] if isinstance(value, list) else value


def results(shape: Any) -> Iterator[Any]:
    for naming in (str, xform_name):
        value = value_of(shape, naming)
        yield value
        yield as_object(value)


def written() -> list[str]:
    answers = []
    for service, protocol in SERVICES.items():
        model = get_service_model(service)
        serializer_class = serialize.get_serializer_class(service, protocol)
        for name in model.operation_names:
            operation = model.operation_model(name)
            if operation.output_shape is None or operation.has_event_stream_output:
                continue
            for result in results(operation.output_shape):
                context = serialize.SerializationContext(request_id="id")
                picker = serialize.XFormedAttributePicker()
                serializer = serializer_class(operation, context, value_picker=picker)
                answers.append(f"{service}.{name} {_outcome(serializer, result)}")
    return answers


def _outcome(serializer: Any, result: Any) -> str:
    try:
        return repr(serializer.serialize(result))
    except Exception as error:  # noqa: BLE001 - what moto can't write, we can't either
        return repr(error)


def main() -> int:
    alone = written()
    answers.apply()
    different = [pair for pair in zip(alone, written(), strict=True) if pair[0] != pair[1]]
    for pair in different[:3]:
        print(*pair, sep="\n")  # noqa: T201
    print(len(alone), "answers,", len(different), "different")  # noqa: T201
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
