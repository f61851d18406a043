"""What moto works out again at every call, and needs to work out only once: replaced without changing an answer.

Each shortcut stands in for one function of moto and says what it saves. They are applied to the versions that they were
written for and tested with; any other version runs as it is. One suite compares the answers with and without them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.metadata import version
from random import getrandbits
from time import time
from typing import Any

from localstack.host.emulation.moto import answers, s3_shortcuts, sqs_shortcuts

LOG = logging.getLogger(__name__)

KNOWN_VERSIONS = frozenset({"5.2.5"})

_KEY_OF_ANYBODY = "AKIAEXAMPLE"
"""What moto takes for the access key of who has none that it could have issued."""
_REQUEST_ID_LENGTH = 52
_MANY_NAMES = 16_384


def apply(service: str) -> None:
    """Put the shortcuts in place for everything, and for one service whose modules are imported."""
    if not is_known_version():
        return
    _apply_to_core()
    if service in _OF_SERVICES:
        _OF_SERVICES[service]()


@cache
def is_known_version() -> bool:
    """Whether this is a version of moto that what is done here was tested with."""
    is_known = version("moto") in KNOWN_VERSIONS
    if not is_known:
        LOG.info("moto %s is not among the versions that calls are sped up for", version("moto"))
    return is_known


@cache
def _apply_to_core() -> None:
    from moto.core import responses, utils
    from moto.core.base_backend import BackendDict

    utils.unix_time = _time_reader(utils.unix_time)  # unix_time_millis asks it, too
    responses.camelcase_to_underscores = lru_cache(_MANY_NAMES)(responses.camelcase_to_underscores)
    responses.method_names_from_class = cache(lambda cls: frozenset(_method_names(cls)))
    responses.gen_amzn_requestid_long = _add_request_id
    responses.BaseResponse._enrich_response = staticmethod(_enriched)
    BackendDict.__getitem__ = _account_getter(BackendDict.__getitem__)
    answers.apply()
    _apply_to_iam()


def _time_reader(original: Callable[[Any], float]) -> Callable[..., float]:
    """Makes five dates otherwise to find out the time."""

    def unix_time(dt: Any = None) -> float:
        return original(dt) if dt else round(time(), 6)

    return unix_time


def _apply_to_iam() -> None:
    """IAM is part of every call: moto notes there when a key was used."""
    from moto.iam import models
    from moto.iam.models import IAMBackend

    models.mark_account_as_visited = _key_marker(models.mark_account_as_visited)
    IAMBackend.aws_managed_policies = _Later("aws_managed_policies", IAMBackend._init_aws_policies)
    IAMBackend.managed_policies = _Later("managed_policies", IAMBackend._init_managed_policies)
    IAMBackend._init_aws_policies = IAMBackend._init_managed_policies = lambda self: None


def _key_marker(original: Callable[..., None]) -> Callable[..., None]:
    """Makes an IAM for each account that calls otherwise, to look for a key that it can't have."""

    def mark(account_id: str, access_key: str, service: str, region: str) -> None:
        if access_key != _KEY_OF_ANYBODY:
            original(account_id=account_id, access_key=access_key, service=service, region=region)

    return mark


class _Later:
    """An attribute that is made when it is first looked at: the policies of AWS are 1,600 objects for each account."""

    def __init__(self, name: str, make: Callable[[Any], Any]) -> None:
        self._name = name
        self._make = make

    def __get__(self, backend: Any, owner: type) -> Any:
        if backend is None:
            return self
        values = vars(backend)
        return values[self._name] if self._name in values else values.setdefault(self._name, self._make(backend))

    def __set__(self, backend: Any, value: Any) -> None:
        if value is not None:
            vars(backend)[self._name] = value


def _method_names(cls: type) -> list[str]:
    """A quarter of a small call: ``inspect`` walks all members of a class with hundreds of them."""
    from moto.core.utils import method_names_from_class

    return list(method_names_from_class(cls))


def _add_request_id(headers: dict[str, Any] | None = None) -> str:
    """Draws 52 random characters one by one otherwise."""
    request_id = f"{getrandbits(_REQUEST_ID_LENGTH * 4):0{_REQUEST_ID_LENGTH}X}"  # asks no system call for it
    if isinstance(headers, dict):
        headers["x-amzn-requestid"] = request_id
    return request_id


def _enriched(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
    """Compiles a replacement pattern for every body otherwise, also for those without an id."""
    if "status" in headers:
        headers["status"] = str(headers["status"])
    request_id = _add_request_id(headers)
    if not isinstance(body, str) or "<RequestId>" not in body:
        return headers, body
    return headers, "\n".join(_with_request_id(line, request_id) for line in body.split("\n"))


def _with_request_id(line: str, request_id: str) -> str:
    before, opening, rest = line.partition("<RequestId>")
    _, closing, after = rest.rpartition("</RequestId>")
    return f"{before}{opening}{request_id}{closing}{after}" if opening and closing else line


def _account_getter(original: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Takes a lock, and compares the service with all others that are in use, at every look otherwise.

    An account that is there has been entered by moto's own function, and leaves only with its entry.
    """

    def get(self: Any, account_id: str) -> Any:
        try:
            return dict.__getitem__(self, account_id)
        except KeyError:
            return original(self, account_id)

    return get


_OF_SERVICES: dict[str, Callable[[], None]] = {"s3": s3_shortcuts.apply, "sqs": sqs_shortcuts.apply}
