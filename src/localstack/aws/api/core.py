"""The context of one AWS request, and the exceptions that become AWS errors."""

from __future__ import annotations

import functools
from collections.abc import Callable, MutableMapping
from random import getrandbits
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

from rolo import Request
from rolo.gateway import RequestContext as RoloRequestContext

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

ServiceRequest = MutableMapping[str, Any]
"""Parsed parameters in the API's own member names, e.g. ``{"QueueName": "jobs"}``."""

ServiceResponse = MutableMapping[str, Any]
"""Parsed answer in the API's own member names, e.g. ``{"QueueUrl": "http://…"}``."""

_F = TypeVar("_F", bound=Callable[..., Any])


class ServiceOperation(NamedTuple):
    """Names of a service and its operation, e.g. ``("sqs", "CreateQueue")``."""

    service: str
    operation: str


class ServiceException(Exception):
    """Raise it in a handler to answer an AWS error in the protocol of the request.

    Subclasses set ``code`` (e.g. ``"ResourceNotFoundException"``), ``status_code`` and ``sender_fault``.
    """

    code: str
    status_code: int
    sender_fault: bool
    message: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args)
        self.message = str(args[0]) if args else getattr(self, "message", "")
        for name, value in kwargs.items():
            setattr(self, name, value)


class CommonServiceException(ServiceException):
    """An AWS error given by its code, where no modelled exception fits.

    :param code: error code, e.g. ``"AccessDenied"``
    :param status_code: HTTP status
    :param sender_fault: True when the caller, not the service, is to blame
    """

    def __init__(self, code: str, message: str, status_code: int = 400, sender_fault: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.status_code = status_code
        self.sender_fault = sender_fault
        self.message = message


class _FromAnswer:
    """An attribute that is read from the answer when somebody first asks for it. Assigning a value replaces it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, context: RequestContext | None, owner: type) -> Any:
        if context is None:
            return None
        if read := context.__dict__.pop("_answer_reader", None):
            for name, value in read().items():
                context.__dict__.setdefault(name, value)
        return context.__dict__.get(self._name)


class RequestContext(RoloRequestContext):  # type: ignore[misc]  # rolo is not typed strictly
    """What is known of one request. Everything but ``request`` is ``None`` until the chain has found it out.

    Extensions may set attributes of their own; ``context.get("name")`` returns ``None`` for one that is not set.
    """

    request: Request
    service: ServiceModel | None = None
    operation: OperationModel | None = None
    protocol: str | None = None
    """``"query"``, ``"json"``, ``"rest-json"``, ``"rest-xml"``, ``"ec2"`` or ``"smithy-rpc-v2-cbor"``."""
    region: str | None = None
    partition: str | None = None
    account_id: str | None = None
    service_request: ServiceRequest | None = None
    service_response: ServiceResponse | None = _FromAnswer()  # type: ignore[assignment]
    service_exception: ServiceException | None = _FromAnswer()  # type: ignore[assignment]
    internal_request_params: dict[str, Any] | None = None
    """What an internal client sent along (``source_arn``, ``service_principal``); ``None`` for outside requests."""
    trace_context: dict[str, Any]

    def __init__(self, request: Request | None = None) -> None:
        self.__dict__.update(request=request, trace_context={})  # what rolo's constructor and __setattr__ come to

    @property
    def request_id(self) -> str:
        """Identifier of the request, a UUID as text; it may be assigned."""
        value = self.__dict__.get("request_id")  # rolo's __setattr__ puts what is assigned there
        if value is None:
            value = self.__dict__["request_id"] = str(UUID(int=getrandbits(128), version=4))
        return str(value)

    def get(self, key: str) -> Any:
        """The attribute, ``None`` when it is not set."""
        return getattr(self, key, None)

    def read_answer_with(self, read: Callable[[], dict[str, Any]]) -> None:
        """Have ``service_response`` and ``service_exception`` read only when asked for; what was assigned stays.

        :param read: returns the values by attribute name, called at most once
        """
        if "service_response" not in self.__dict__ and "service_exception" not in self.__dict__:
            self.__dict__["_answer_reader"] = read

    @property
    def is_internal_call(self) -> bool:
        """True when an internal client of the platform sent the request."""
        return self.internal_request_params is not None

    @property
    def service_operation(self) -> ServiceOperation | None:
        """Names of service and operation; ``None`` unless both are known."""
        if self.service is None or self.operation is None:
            return None
        return ServiceOperation(self.service.service_name, self.operation.name)

    def __repr__(self) -> str:
        return (
            f"<RequestContext {self.service=}, {self.operation=}, {self.region=}, {self.account_id=}, {self.request=}>"
        )


def handler(operation: str | None = None, context: bool = True, expand: bool = True) -> Callable[[_F], _F]:
    """Mark a method of a provider as the implementation of an operation.

    :param operation: name of the operation, e.g. ``"CreateQueue"``
    :param context: whether the method takes the ``RequestContext`` first
    :param expand: whether parameters are passed as keyword arguments instead of one request
    """

    def wrap(fn: _F) -> _F:
        @functools.wraps(fn)
        def marked(*args: Any, **kwargs: Any) -> Any:
            return fn(*args, **kwargs)

        marked.operation = operation  # type: ignore[attr-defined]
        marked.expand_parameters = expand  # type: ignore[attr-defined]
        marked.pass_context = context  # type: ignore[attr-defined]
        return marked  # type: ignore[return-value]

    return wrap
