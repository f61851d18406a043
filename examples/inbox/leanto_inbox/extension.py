"""An inbox: a response handler that keeps what SES and SNS have taken, and routes that show it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from leanto_inbox.mail import mail_of
from localstack.extensions.api import Extension, aws, http

Document = dict[str, Any]


class InboxExtension(Extension):
    """Serves ``/_aws/ses``, ``/_aws/sns/sms-messages`` and ``/_aws/sns/platform-endpoint-messages``."""

    name = "inbox"

    def __init__(self) -> None:
        self._lock = Lock()
        self._mails: list[Document] = []
        self._messages: dict[tuple[str, str, str], list[Document]] = defaultdict(list)
        """By kind (``PhoneNumber`` or ``TargetArn``), account and region."""

    def update_gateway_routes(self, router: http.Router[http.RouteHandler]) -> None:
        router.add("/_aws/ses", self.list_mails, methods=["GET"])
        router.add("/_aws/ses", self.discard_mails, methods=["DELETE"])
        router.add("/_aws/sns/sms-messages", self.serve_sms, methods=["GET", "DELETE"])
        router.add("/_aws/sns/platform-endpoint-messages", self.serve_pushes, methods=["GET", "DELETE"])

    def update_response_handlers(self, handlers: aws.CompositeResponseHandler) -> None:
        handlers.append(self.keep)

    def keep(self, chain: aws.HandlerChain, context: aws.RequestContext, response: http.Response) -> None:
        """Runs when the answer is there: what was refused is not kept."""
        called, parameters = context.service_operation, context.service_request
        if called is None or called.service not in ("ses", "sesv2", "sns") or response.status_code >= 300:
            return
        account, region = str(context.account_id), str(context.region)
        if (mail := mail_of(f"{called.service}.{called.operation}", parameters or {})) is not None:
            stamp = {"Id": _message_id(context), "Region": region, "Timestamp": datetime.now(UTC).isoformat()}
            with self._lock:
                self._mails.append(stamp | mail)
        elif called == ("sns", "Publish"):
            sent = {name: value for name, value in (parameters or {}).items() if value is not None}
            for kind in {"PhoneNumber", "TargetArn"} & sent.keys():
                with self._lock:
                    self._messages[kind, account, region].append({"MessageId": _message_id(context)} | sent)

    def list_mails(self, request: http.Request) -> Document:
        """``?id=`` and ``?email=`` (who sent it) narrow it down."""
        wanted = {"Id": request.args.get("id"), "Source": request.args.get("email")}
        with self._lock:
            return {"messages": [m for m in self._mails if all(w in (None, m[name]) for name, w in wanted.items())]}

    def discard_mails(self, request: http.Request) -> http.Response:
        with self._lock:
            self._mails = [m for m in self._mails if request.args.get("id") not in (None, m["Id"])]
        return http.Response(status=204)

    def serve_sms(self, request: http.Request) -> Any:
        return self._serve(request, "PhoneNumber", "sms_messages", request.args.get("phoneNumber"))

    def serve_pushes(self, request: http.Request) -> Any:
        return self._serve(request, "TargetArn", "platform_endpoint_messages", request.args.get("endpointArn"))

    def _serve(self, request: http.Request, kind: str, name: str, wanted: str | None) -> Any:
        """Messages by who gets them, of one account and region; DELETE discards what GET would show."""
        region = request.args.get("region", "us-east-1")
        place = kind, request.args.get("accountId", "000000000000"), region
        with self._lock:
            if request.method == "DELETE":
                self._messages[place] = [m for m in self._messages[place] if wanted not in (None, m[kind])]
                return http.Response(status=204)
            found: dict[str, list[Document]] = {wanted: []} if wanted else {}
            for message in self._messages[place]:
                if wanted in (None, message[kind]):
                    found.setdefault(message[kind], []).append(message)
        return {name: found, "region": region}


def _message_id(context: aws.RequestContext) -> str:
    return str((context.service_response or {}).get("MessageId"))
