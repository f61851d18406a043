"""Mails that clients send through SES, on their way to a real SMTP server."""

from __future__ import annotations

import json
import logging
import os
import smtplib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import getaddresses
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from localstack.host.errors import SettingError
from localstack.host.settings import HostAndPort, Settings

_LOG = logging.getLogger(__name__)

_SMTP_PORT = 25
_TIMEOUT_SECONDS = 10.0
_STOP_SECONDS = 2.0

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Mail:
    """A message and its envelope."""

    sender: str
    recipients: tuple[str, ...]
    message: Message


class MailRelay:
    """Delivers on a thread of its own, in the order of sending; what fails is logged.

    The server is looked up for each mail: an extension may bring one while the platform runs.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._queue: SimpleQueue[Mail | None] = SimpleQueue()
        self._lock = Lock()
        self._thread: Thread | None = None

    def send(self, operation: str, parameters: Parameters, account: str, region: str) -> None:
        """Take the mails of an operation of SES that was answered well; most operations send none."""
        if operation not in _MAILS or not _server():
            return
        try:
            for mail in _MAILS[operation](parameters, account, region):
                self._queue.put(mail)
        except (KeyError, TypeError, ValueError) as error:
            _LOG.error("a mail of %s can't be put together: %r", operation, error)
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="Mail-Relay", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Deliver what waits, for a moment at most."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while (mail := self._queue.get()) is not None:
            server = _server()
            try:
                self._deliver(mail, HostAndPort.parse(server, "localhost", _SMTP_PORT))
            except (OSError, smtplib.SMTPException, UnicodeError, SettingError) as error:
                _LOG.error("a mail to %s can't be sent through SMTP_HOST=%s: %s", mail.recipients, server, error)

    def _deliver(self, mail: Mail, server: HostAndPort) -> None:
        with smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_SECONDS) as client:
            if self._settings.smtp_user:
                client.ehlo()
                if client.has_extn("starttls"):
                    client.starttls()
                client.login(self._settings.smtp_user, self._settings.smtp_password)
            client.send_message(mail.message, mail.sender, mail.recipients)


def _server() -> str:
    """``host:port`` of the server, ``""`` without one; extensions may name one in any of these places."""
    from localstack import config
    from localstack.pro.core import config as pro_config

    return getattr(config, "SMTP_HOST", "") or pro_config.SMTP_HOST or os.environ.get("SMTP_HOST", "")


def _plain(parameters: Parameters, account: str, region: str) -> Iterator[Mail]:
    body = parameters["Message"]
    yield _mail(parameters["Source"], parameters, parameters["Destination"], body)


def _raw(parameters: Parameters, account: str, region: str) -> Iterator[Mail]:
    sender, recipients = parameters.get("Source"), parameters.get("Destinations")
    yield _parsed(parameters["RawMessage"]["Data"], sender, recipients or ())


def _second_version(parameters: Parameters, account: str, region: str) -> Iterator[Mail]:
    """Operation ``SendEmail`` of the service ``sesv2``, whose mails are plain or raw."""
    content, destination = parameters["Content"], parameters.get("Destination") or {}
    sender = parameters.get("FromEmailAddress")
    if raw := content.get("Raw"):
        yield _parsed(raw["Data"], sender, _recipients(destination))
    elif simple := content.get("Simple"):
        yield _mail(str(sender), parameters, destination, simple)


def _templated(parameters: Parameters, account: str, region: str) -> Iterator[Mail]:
    data = parameters["TemplateData"]
    yield _rendered(parameters, parameters["Destination"], data, account, region)


def _templated_for_many(parameters: Parameters, account: str, region: str) -> Iterator[Mail]:
    default = json.loads(parameters.get("DefaultTemplateData") or "{}")
    for each in parameters["Destinations"]:
        data = default | json.loads(each.get("ReplacementTemplateData") or "{}")
        yield _rendered(parameters, each["Destination"], json.dumps(data), account, region)


_MAILS = {
    "ses.SendEmail": _plain,
    "ses.SendRawEmail": _raw,
    "ses.SendTemplatedEmail": _templated,
    "ses.SendBulkTemplatedEmail": _templated_for_many,
    "sesv2.SendEmail": _second_version,
}


def _mail(sender: str, parameters: Parameters, destination: Parameters, content: Parameters) -> Mail:
    """A mail of a subject and a body, as text, as HTML or as both."""
    message = EmailMessage(SMTP)
    message["Subject"] = content["Subject"]["Data"]
    _address(message, sender, destination, parameters)
    body = content["Body"]
    text, html = body.get("Text"), body.get("Html")
    if text:
        message.set_content(text["Data"])
    if html and text:
        message.add_alternative(html["Data"], subtype="html")
    elif html:
        message.set_content(html["Data"], subtype="html")
    for header in content.get("Headers") or ():
        message[header["Name"]] = header["Value"]
    for attachment in content.get("Attachments") or ():
        _attach(message, attachment)
    return Mail(sender, _recipients(destination), message)


def _attach(message: EmailMessage, attachment: Parameters) -> None:
    maintype, _, subtype = attachment.get("ContentType", "").partition("/")
    message.add_attachment(
        attachment["RawContent"],
        maintype=maintype if subtype else "application",
        subtype=subtype or "octet-stream",
        filename=attachment["FileName"],
        disposition=attachment.get("ContentDisposition", "ATTACHMENT").lower(),
        cid=attachment.get("ContentId"),
    )


def _rendered(parameters: Parameters, destination: Parameters, data: str, account: str, region: str) -> Mail:
    """A mail that moto makes of a template."""
    from moto.ses.models import ses_backends

    text = ses_backends[account][region].render_template({"name": parameters["Template"], "data": data})
    message = message_from_bytes(text.encode(), policy=SMTP)
    _address(message, parameters["Source"], destination, parameters)
    return Mail(parameters["Source"], _recipients(destination), message)


def _parsed(data: bytes, sender: str | None, recipients: tuple[str, ...] | list[str]) -> Mail:
    """A mail that the client put together; what the call does not say is in its headers."""
    message = message_from_bytes(data, policy=SMTP)
    named = [address for name in ("To", "Cc", "Bcc") for address in message.get_all(name, [])]
    everybody = tuple(recipients) or tuple(address for _, address in getaddresses(map(str, named)))
    del message["Bcc"]
    return Mail(sender or str(message["From"]), everybody, message)


def _address(message: Message, sender: str, destination: Parameters, parameters: Parameters) -> None:
    lists = {
        "To": destination.get("ToAddresses"),
        "Cc": destination.get("CcAddresses"),
        "Reply-To": parameters.get("ReplyToAddresses"),
    }
    message["From"] = sender
    for name, addresses in lists.items():
        if addresses:
            message[name] = ", ".join(addresses)


def _recipients(destination: Parameters) -> tuple[str, ...]:
    """Everybody whom a mail goes to, those who are not named in it too."""
    return tuple(a for kind in ("To", "Cc", "Bcc") for a in destination.get(f"{kind}Addresses") or ())
