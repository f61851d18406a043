"""Calling moto in this process: its routes without Flask, set up once, imported at the first call."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import BaseConverter, Map, MapAdapter, Rule

from localstack.aws.api import CommonServiceException
from localstack.host.emulation import form_upload
from localstack.host.emulation.catalogue import Catalogue
from localstack.host.emulation.identity import DEFAULT_ACCOUNT, DEFAULT_REGION
from localstack.host.emulation.message import Message
from localstack.host.emulation.models import IMPORTING
from localstack.host.emulation.moto import direct_calls, shortcuts, urls
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from moto.core.request import Request

    from localstack.host.emulation.moto.direct_calls import DirectCall

Endpoint = Callable[..., Any]


@dataclass(frozen=True)
class Answer:
    """What moto answered; the body is empty, not absent, where there is none."""

    status: int
    headers: Headers
    body: bytes


class Moto:
    """moto's backends, each imported when it is first called. Calls may come from many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._routes: dict[str, _Routes] = {}
        self._is_set_up = False
        # what holds for the process is set before there are extensions: else the first to call AWS would be its owner
        if settings.allow_nonstandard_regions:
            os.environ["MOTO_ALLOW_NONEXISTENT_REGION"] = "true"
        # a remark to moto's own developers, about errors that the user's client gets right
        warnings.filterwarnings("ignore", message=r"Exception\(.* does not match an error shape", category=UserWarning)

    def call(self, service: str, operation: str, message: Message) -> Answer:
        """Let moto answer.

        :raises CommonServiceException: 501 when moto lacks the service or the operation, or what moto raised
        """
        endpoint = self._routes_of(service).endpoint(message.path)
        if endpoint is None:
            raise not_implemented(operation)
        request = _request_class(service)(message.environ())
        result = _run(operation, lambda: endpoint(request, request.raw_url, request.headers))
        if not result or _is_unrouted(result, message):
            raise not_implemented(operation)
        return _answer(result)

    def call_directly(self, call: DirectCall) -> Answer | None:
        """Let moto answer the parameters of the context; None when the call has to go the long way.

        :raises CommonServiceException: as ``call``
        """
        model = call.recognised.operation.model
        response_class = self._routes_of(call.recognised.service.service_name).root_class
        result = _run(model.name, lambda: direct_calls.answer(response_class, call))
        return None if result is None else _answer(result)

    def load(self, service: str) -> None:
        """Import what answers a service."""
        self._routes_of(service)

    def set_up(self) -> None:
        """Make moto ready for use in this process, once; nothing of it may be imported before."""
        with IMPORTING:
            if not self._is_set_up:
                _set_up_moto()
                self._is_set_up = True

    def _routes_of(self, service: str) -> _Routes:
        routes = self._routes.get(service)
        if routes is None:
            with IMPORTING:
                self.set_up()
                routes = self._routes.get(service) or _Routes(_load_paths(service))
                self._routes[service] = routes
                gc.freeze()  # what the modules hold stays: looking through it in every full collection takes 50 ms
        return routes


def _run(operation: str, call: Callable[[], Any]) -> Any:
    """What moto answers; what it raises where it means to answer an error becomes one."""
    from moto.core.exceptions import ServiceException as MotoException

    try:
        return call()
    except NotImplementedError as error:
        raise CommonServiceException("InternalFailure", str(error) or _lacking(operation), 501) from None
    except MotoException as error:
        raise CommonServiceException(error.code, error.message, 400, sender_fault=True) from error
    except HTTPException as error:
        return error.code or 500, dict(error.get_headers()), error.get_body()


@cache
def _set_up_moto() -> None:
    """Settings of moto that hold for the process. ``mock_aws`` is never used: it would patch botocore for everybody."""
    import boto3
    import botocore.session
    from moto.core.base_backend import AccountSpecificBackend
    from moto.core.common_models import BaseModel
    from moto.core.config import default_user_config

    default_user_config["iam"] = {"load_aws_managed_policies": True}
    default_user_config["lambda"] = {"use_docker": False}  # with Docker moto pulls images that nobody asked for
    default_user_config["batch"] = {"use_docker": False}
    # moto keeps a reference to each model object it ever made, which nothing here reads
    BaseModel.__new__ = lambda cls, *args, **kwargs: object.__new__(cls)
    # the user's AWS_PROFILE and ~/.aws/config have no say in which regions the emulation has
    nothing = dict.fromkeys(("profile", "config_file", "credentials_file"), (None, None, None, None))
    session = boto3.Session(botocore_session=botocore.session.Session(session_vars=nothing))
    AccountSpecificBackend.get_session = classmethod(lambda cls: session)


@cache
def _request_class(service: str) -> type[Request]:
    """moto's class of requests. For S3 one that takes no object for a form, whatever type the client gave it.

    werkzeug reads the body of a form away, and moto would store an empty object. A browser's form comes as a ``PUT``.
    """
    from moto.core.request import Request

    class PlainRequest(Request):  # type: ignore[misc]  # moto is not typed
        @property
        def raw_url(self) -> str:
            """As moto has it; werkzeug would take the host for an international one each time."""
            url = f"{self.scheme}://{self.host}{self.raw_path}"
            if not url.isascii():
                return str(super().raw_url)
            return f"{url}?{self.query_string.decode()}" if self.query_string else url

    class S3Request(PlainRequest):
        @property
        def want_form_data_parsed(self) -> bool:
            return False

    return S3Request if service == "s3" else PlainRequest


def _load_paths(service: str) -> dict[str, Endpoint]:
    """moto's URL patterns of a service in werkzeug's notation.

    :raises CommonServiceException: when moto does not have the service
    """
    from moto.backends import get_backend
    from moto.core.base_backend import BackendDict

    if not Catalogue.load().services[service].emulated:
        raise CommonServiceException("InternalFailure", f"The service {service} is not included in this emulation", 501)
    backends = get_backend(service)
    if isinstance(backends, BackendDict):
        account = backends[DEFAULT_ACCOUNT]
        backend = account[DEFAULT_REGION if DEFAULT_REGION in account else "aws"]
    else:
        backend = backends["global"]
    if service == "s3":
        form_upload.let_moto_tell_forms_apart()
    if service == "ses":
        _let_ses_find_functions()
    shortcuts.apply(service)
    urls.apply()
    paths: dict[str, Endpoint] = backend.flask_paths
    return paths


@cache
def _let_ses_find_functions() -> None:
    """SES looks for the function of a receipt rule among those of Docker, the only place in moto that does."""
    from moto.awslambda import models
    from moto.awslambda_simple.models import lambda_simple_backends

    models.docker_backends = models.lambda_backends  # saved state names the store by its module, and looks there
    models.lambda_backends = lambda_simple_backends


class _Routes:
    """Finds moto's endpoint for a raw path."""

    def __init__(self, paths: dict[str, Endpoint]) -> None:
        rules = [Rule(path or "/", endpoint=endpoint) for path, endpoint in paths.items()]
        url_map = Map(rules, converters={"regex": _Pattern}, strict_slashes=False, merge_slashes=False)
        self._adapter: MapAdapter = url_map.bind("localhost")
        self._only: Endpoint | None = rules[0].endpoint if len(rules) == 1 else None

    @cached_property
    def root_class(self) -> Any:
        """moto's response class behind the path ``/``."""
        return getattr(self.endpoint("/"), "__self__", None)

    def endpoint(self, path: str) -> Endpoint | None:
        """The endpoint for the path as sent, else for it decoded (patterns may have ``:``); None when there is none."""
        if self._only is not None:
            return self._only
        for candidate in (path, unquote(path)):
            try:
                endpoint: Endpoint = self._adapter.match(candidate, "GET")[0]
            except HTTPException:
                continue
            return endpoint
        return None


class _Pattern(BaseConverter):
    """The converter ``regex("…")`` in moto's paths; it may match slashes."""

    part_isolating = False

    def __init__(self, url_map: Map, pattern: str) -> None:
        super().__init__(url_map)
        self.regex = pattern


def unchecked_headers(pairs: list[tuple[str, str]]) -> Headers:
    """Headers whose values are not looked through for line breaks, which the servers take away anyway."""
    headers = Headers()
    headers._list = pairs
    return headers


def not_implemented(operation: str, code: str = "InternalFailure") -> CommonServiceException:
    """The error for an operation that moto lacks, named in snake case as moto does."""
    return CommonServiceException(code, _lacking(operation), 501)


def _lacking(operation: str) -> str:
    from botocore import xform_name

    return f"The {xform_name(operation)} action has not been implemented"


def _is_unrouted(result: Any, message: Message) -> bool:
    """moto answers an operation that its class can't name with an empty 404 which has no request id."""
    if not isinstance(result, tuple) or len(result) != 3 or message.method == "HEAD":
        return False
    status, headers, body = result
    return status == NotFound.code and not body and "x-amzn-requestid" not in headers


def _answer(result: Any) -> Answer:
    status, headers, body = result if isinstance(result, tuple) else (200, {}, result)
    kept = [(name, str(value)) for name, value in headers.items() if name.lower() not in _DROPPED]
    return Answer(int(status), unchecked_headers(kept), body.encode() if isinstance(body, str) else bytes(body or b""))


_DROPPED = ("status", "server", "date", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2")
