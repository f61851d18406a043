"""AWS in this process: recognise a request, let moto answer it, read the answer.

The gateway calls, for each request: ``claims``; then ``recognise``, the extensions' request handlers, ``call``; for an
exception on the way ``serialise_exception``; then ``read_answer`` and the extensions' response handlers.
"""

from __future__ import annotations

import gc
import logging
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.host.emulation import claim, form_upload, s3_subresources
from localstack.host.emulation.catalogue import Catalogue
from localstack.host.emulation.cognito import owner_of
from localstack.host.emulation.eager_loading import EagerLoading
from localstack.host.emulation.failure import Failure, failure_of, request_id_headers, write_failure, write_request_id
from localstack.host.emulation.form_upload import FormUpload
from localstack.host.emulation.hosts import Hosts
from localstack.host.emulation.identity import (
    ISSUED_PREFIXES,
    Regions,
    account_of,
    credential_of,
    partition_of,
    sign_unsigned,
    with_region,
)
from localstack.host.emulation.mail import MailRelay
from localstack.host.emulation.moto import direct_calls
from localstack.host.emulation.moto.backend import Answer, Moto, not_implemented, unchecked_headers
from localstack.host.emulation.moto.direct_calls import DirectCall
from localstack.host.emulation.moto.urls import ORIGIN_OF_CALL
from localstack.host.emulation.returned_urls import origin_for, url_of_upload, with_location_of_object
from localstack.host.emulation.serializer import JSON_IN_CBOR, serialise
from localstack.host.emulation.state.state import EmulationState
from localstack.host.emulation.warm_up import WarmUp
from localstack.host.emulation.wire import Wire
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from rolo import Request, Response

    from localstack.host.emulation.message import Message, Snapshot
    from localstack.host.emulation.recognition import Recognised
    from localstack.host.emulation.returned_urls import Origin

_LOG = logging.getLogger(__name__)
_REQUEST_ID = re.compile(rb"(?<=<)(RequestId|requestId|RequestID)>[^<]*<")
_XML_PROTOCOLS = ("query", "ec2", "rest-xml")


@dataclass(frozen=True)
class _Call:
    """What the emulation remembers of a request between ``recognise`` and ``call``."""

    recognised: Recognised
    wire: Wire
    before: Snapshot
    upload: FormUpload | None


class Emulation:
    """The AWS side of the platform. Nothing of moto, boto3 or botocore is imported before ``recognise``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._catalogue = Catalogue.load()
        self._hosts = Hosts(settings)
        self._regions = Regions(settings)
        self._moto = Moto(settings)
        self._running: set[str] = set()
        self.state = EmulationState(settings, self._catalogue.emulated(), self._moto.set_up)
        self._mail = MailRelay(settings)
        self._eager_loading = EagerLoading(self._services_to_load(), self._load)
        record = settings.volume_dir / "cache" / "aws-services.json"
        self._warm_up = WarmUp(record, self._catalogue.services, self._call_unseen, self._import)

    def claims(self, request: Request) -> bool:
        """Whether the request is for AWS; cheap, and the request's body stays readable."""
        return claim.is_for_aws(request, self._hosts)

    def recognise(self, context: RequestContext) -> None:
        """Fill in service, operation, protocol, region, partition, account and parameters; sign what is unsigned.

        :raises ServiceException: when service or operation are unknown or the parameters can't be read
        """
        self._warm_up.note_call()
        from localstack.host.emulation.message import Snapshot
        from localstack.host.emulation.parser import parse
        from localstack.host.emulation.recognition import recognise

        wire = Wire(context.request)
        upload = FormUpload.of(wire)
        credential = credential_of(context.request, upload.credential if upload else "")
        host = self._hosts.read(wire.host)
        region = (credential.region if credential else "") or (host.region if host else None)
        self._identify(context, region, credential.access_key if credential else "")
        try:
            recognised = recognise(wire, credential, host)
        except CommonServiceException as error:
            self._fill_from_error(context, error)
            raise
        context.service = recognised.service
        context.protocol = recognised.protocol
        context.operation = recognised.operation.model
        if context.operation.name == form_upload.OPERATION:
            context.service_request = form_upload.parameters_of(upload, recognised.operation)
        else:
            context.service_request = parse(recognised.operation, recognised.protocol, wire)
        if credential is None and (owner := owner_of(context.service.service_name, context.service_request)):
            self._identify(context, owner.region, owner.account)
        sign_unsigned(context.request, recognised.service.signing_name, str(context.region))
        context.emulated_call = _Call(recognised, wire, Snapshot(context.service_request), upload)

    def _identify(self, context: RequestContext, region: str | None, access_key: str) -> None:
        headers = context.request.headers
        context.region = self._regions.usable(region)
        context.partition = partition_of(context.region)
        if access_key.startswith(ISSUED_PREFIXES):
            self.state.read("iam")
        context.account_id = account_of(access_key, self._settings)
        headers["x-moto-account-id"] = context.account_id
        authorization = headers.get("Authorization")
        if authorization and f"/{context.region}/" not in authorization:
            headers["Authorization"] = with_region(authorization, context.region)

    def _fill_from_error(self, context: RequestContext, error: CommonServiceException) -> None:
        from localstack.host.emulation.models import service_model

        name = getattr(error, "service", None)
        context.service = service_model(name) if name else None
        context.protocol = getattr(error, "protocol", None)

    def call(self, context: RequestContext, response: Response) -> None:
        """Let moto answer into ``response``; changes of ``context.service_request`` reach it.

        :raises ServiceException: what moto raised; 501 for what ``SERVICES`` excludes or moto lacks
        """
        call: _Call = context.emulated_call
        service, operation = call.recognised.service.service_name, call.recognised.operation.model
        if not self._is_enabled(service):
            text = f"Service '{service}' is not enabled. Please check your 'SERVICES' configuration variable."
            raise CommonServiceException("InternalFailure", text, 501)
        if service == "s3" and not s3_subresources.is_in_moto(operation):
            # S3's own code: Terraform reads every setting of a bucket, and passes over those that answer this
            raise not_implemented(operation.name, "NotImplemented")
        answer, protocol = self._answer(context, call)
        context.is_answered_by_service = True
        self._running.add(service)
        self._warm_up.note_service(service)
        if service in ("ses", "sesv2") and answer.status < 300:
            self._mail.send(
                f"{service}.{operation.name}",
                context.service_request or {},
                str(context.account_id),
                str(context.region),
            )
        if call.wire.is_cbor:
            answer = _in_cbor(answer, context, protocol)
        if operation.name == "CompleteMultipartUpload" and service == "s3":
            body = with_location_of_object(answer.body, call.wire, call.recognised, self._settings)
            answer = replace(answer, body=body)
        if call.upload is not None and answer.status < 300:
            stored = context.service_request or {}
            url = url_of_upload(call.wire, call.recognised, str(stored["Key"]), self._settings)
            answer = form_upload.answer_of_form(answer, call.upload, stored, url)
        _write(answer, context, response, is_stream=operation.has_streaming_output and answer.status < 300)

    def _answer(self, context: RequestContext, call: _Call) -> tuple[Answer, str]:
        """moto's answer, and the protocol that it is in."""
        origin = origin_for(call.wire, self._settings)
        before = ORIGIN_OF_CALL.set(origin)
        operation = call.recognised.operation.model.name
        self.state.enter(operation)
        try:
            return self._ask_moto(context, call, origin)
        finally:
            self.state.leave(operation)
            ORIGIN_OF_CALL.reset(before)

    def _ask_moto(self, context: RequestContext, call: _Call, origin: Origin) -> tuple[Answer, str]:
        recognised, wire = call.recognised, call.wire
        service, operation = recognised.service.service_name, recognised.operation.model.name
        url = f"{origin.scheme}://{origin.host}{recognised.path}"
        direct = DirectCall(context, recognised, wire, call.before, url)
        if direct_calls.can_answer(direct) and (answer := self._moto.call_directly(direct)) is not None:
            return answer, recognised.protocol
        message, protocol = self._message(context, call, origin)
        if call.upload is None:
            return self._moto.call(service, operation, message), protocol
        with form_upload.being_stored():
            return self._moto.call(service, operation, message), protocol

    def _message(self, context: RequestContext, call: _Call, origin: Origin) -> tuple[Message, str]:
        """The request for moto and the protocol it is in; built again when the parameters changed or are in CBOR."""
        from botocore.exceptions import ParamValidationError

        from localstack.host.emulation.message import original_message, rebuilt_message, spoken_by_moto

        recognised, wire = call.recognised, call.wire
        service = recognised.service.service_name
        original = original_message(wire, recognised, str(context.region), str(context.account_id), origin)
        parameters = context.service_request or {}
        if call.upload is None and not wire.is_cbor and not call.before.differs_from(parameters):
            return original, recognised.protocol
        protocol = spoken_by_moto(self._catalogue.services[service].protocols) if wire.is_cbor else recognised.protocol
        model = recognised.operation.model if call.upload is None else recognised.service.operation_model("PutObject")
        try:
            return rebuilt_message(original, model, call.before.replayed(parameters), protocol), protocol
        except ParamValidationError as error:
            raise CommonServiceException("ValidationException", str(error), 400, sender_fault=True) from error

    def serialise_exception(self, context: RequestContext, exception: Exception, response: Response) -> None:
        """Answer an exception as the service would: an AWS error as it is, 501 for what is missing, else 500."""
        protocol = _answer_protocol(context) or _guessed_protocol(context.request)
        write_failure(failure_of(exception, context), protocol, context, response)

    def read_answer(self, context: RequestContext, response: Response) -> None:
        """Let ``context.service_response`` and ``service_exception`` be read from the answer, when somebody asks.

        What a request handler answered with ``chain.respond`` is completed first: it gets the request's id, and an
        error without a body gets one in the format of the service.
        """
        operation, protocol = context.operation, _answer_protocol(context)
        if operation is None or protocol is None:
            return
        if not context.get("is_answered_by_service"):
            _complete_answer(context, protocol, response)

        def read() -> dict[str, Any]:
            from localstack.host.emulation.answer import parse_answer
            from localstack.host.emulation.changed_answer import ReadAnswer
            from localstack.host.emulation.message import Snapshot

            body = response.get_data() if response.is_sequence else b""
            parsed, exception = parse_answer(operation, protocol, response.status_code, response.headers, body)
            context.answer_read = ReadAnswer(Snapshot(dict(parsed)) if parsed is not None else None, exception)
            return {"service_response": parsed, "service_exception": exception}

        context.read_answer_with(read)

    def write_answer(self, context: RequestContext, response: Response) -> None:
        """Send the ``service_response`` or ``service_exception`` that a handler assigned or changed, if one did.

        What does not fit the operation's model is logged, and the client gets an internal error that says so.
        """
        values = vars(context)
        if "service_response" not in values and "service_exception" not in values:
            return
        from localstack.host.emulation.changed_answer import changed_exception, changed_response, write_changed

        if (exception := changed_exception(context)) is not None:
            self.serialise_exception(context, exception, response)
        elif (parsed := changed_response(context)) is not None:
            protocol = _answer_protocol(context)
            assert protocol is not None
            try:
                write_changed(parsed, context, protocol, response)
            except ValueError as error:
                _LOG.error("%s", error)
                self.serialise_exception(context, error, response)

    def service_states(self) -> dict[str, str]:
        """State of each service for the health page: ``available``, ``running`` (called before) or ``disabled``."""
        states = self._states_at_start.copy()
        for name in tuple(self._running):
            states[name] = "running"
        return states

    @cached_property
    def _states_at_start(self) -> dict[str, str]:
        return {name: "available" if self._is_enabled(name) else "disabled" for name in self._catalogue.emulated()}

    def _is_enabled(self, name: str) -> bool:
        allowed = self._settings.services
        return allowed is None or not self._settings.strict_service_loading or name in allowed

    def start(self) -> None:
        """Warn of names in ``SERVICES`` that are none, and offer the saved state. Call it before the first request."""
        unknown = [name for name in self._settings.services or () if name not in self._catalogue.services]
        if unknown:
            _LOG.warning("SERVICES names what is no AWS service: %s; see /_localstack/health", ", ".join(unknown))
        self.state.start()

    def load_eagerly(self) -> None:
        """Import in the background: what is likely to be called, or with ``EAGER_SERVICE_LOADING`` everything."""
        if self._settings.eager_service_loading:
            self._eager_loading.start()
        elif self._settings.service_warm_up:
            self._warm_up.start()

    def stop(self) -> None:
        """Save the state, if that is wanted; call it after the last request."""
        self._eager_loading.stop()
        if self._settings.service_warm_up:
            self._warm_up.stop()
        self._mail.stop()
        self.state.stop()

    def reset(self) -> None:
        """Forget the state of all services, and that they were called."""
        self.state.reset()
        self._running.clear()
        gc.unfreeze()  # among what was kept from the collector is state that nobody holds any more

    def _services_to_load(self) -> list[str]:
        wanted = self._settings.services
        return [name for name in self._catalogue.emulated() if wanted is None or name in wanted]

    def _load(self, service: str) -> None:
        self._import(service)
        self._running.add(service)

    def _import(self, service: str) -> None:
        from localstack.host.emulation.models import service_model

        self.state.enter("")
        try:
            self._moto.load(service)
        finally:
            self.state.leave("")
        service_model(service)

    def _call_unseen(self, context: RequestContext) -> None:
        self.recognise(context)
        self._answer(context, context.emulated_call)


def _complete_answer(context: RequestContext, protocol: str, response: Response) -> None:
    if response.status_code >= 400 and response.is_sequence and not response.get_data():
        name = HTTP_STATUS_CODES.get(response.status_code, "Error")
        headers = list(response.headers)
        is_of_sender = response.status_code < 500
        failure = Failure(name.replace(" ", ""), name, response.status_code, is_of_sender)
        write_failure(failure, protocol, context, response)
        for key, value in headers:
            response.headers.setdefault(key, value)
    else:
        write_request_id(response, context)


def _answer_protocol(context: RequestContext) -> str | None:
    """The protocol of the answer; None as long as that of the request is not known."""
    return JSON_IN_CBOR if context.protocol == "json" and Wire(context.request).is_cbor else context.protocol


def _in_cbor(answer: Answer, context: RequestContext, protocol: str) -> Answer:
    """moto's answer for a client that speaks CBOR: read, and written again.

    :param protocol: that of moto's answer
    :raises ServiceException: the error of which the answer tells; it is serialised like any other
    """
    from localstack.host.emulation.answer import parse_answer

    operation, written_protocol = context.operation, _answer_protocol(context)
    assert operation is not None
    assert written_protocol is not None
    parsed, exception = parse_answer(operation, protocol, answer.status, answer.headers, answer.body)
    if exception is not None:
        raise exception
    written = serialise(dict(parsed or {}), operation, written_protocol, str(context.request_id))
    return Answer(answer.status, Headers(written.headers), written.body or b"")


def _guessed_protocol(request: Request) -> str:
    """The format of an error for a request whose service is unknown."""
    if request.headers.get("Smithy-Protocol"):
        return "smithy-rpc-v2-cbor"
    return "query" if "Action" in request.args else "json"


def _write(answer: Answer, context: RequestContext, response: Response, *, is_stream: bool) -> None:
    """Fill the response with moto's answer, under the request's own id."""
    body = answer.body
    if context.protocol in _XML_PROTOCOLS and not is_stream:
        request_id = str(context.request_id).encode()
        body = _REQUEST_ID.sub(lambda found: found[1] + b">" + request_id + b"<", body)
    response.status_code = answer.status
    headers = list(answer.headers)
    if body or context.request.method != "HEAD":  # a HEAD keeps the length of what a GET would have answered
        headers = [pair for pair in headers if pair[0].lower() != "content-length"]
        headers.append(("Content-Length", str(len(body))))
        response.response = [body]
    headers += request_id_headers(context)
    if set_before := [pair for pair in response.headers if pair[0].lower() not in ("content-type", "content-length")]:
        names = {
            name.lower() for name, _ in headers
        }  # what request handlers have set stays, unless the service says it
        headers += [pair for pair in set_before if pair[0].lower() not in names]
    response.headers = unchecked_headers(headers)
