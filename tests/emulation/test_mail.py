"""Mails sent through SES arrive at a real SMTP server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message
from queue import Queue
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from platforms import Home, Platform, free_port

DEADLINE_SECONDS = 30


class Catcher:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.mails: Queue[Envelope] = Queue()
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.controller = Controller(self, hostname="127.0.0.1", port=port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.mails.put(envelope)
        return "250 OK"

    def next(self) -> tuple[Envelope, Message]:
        envelope = self.mails.get(timeout=DEADLINE_SECONDS)
        assert isinstance(envelope.content, bytes)
        return envelope, message_from_bytes(envelope.content)


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    caught = Catcher()
    caught.controller.start()
    yield caught
    caught.controller.stop()


def texts(message: Message) -> dict[str, str]:
    """Decoded text by type: ``{"text/plain": "Grüße"}``."""
    found = {}
    for part in message.walk():
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            found[part.get_content_type()] = payload.decode("utf-8").strip()
    return found


def test_every_kind_of_mail_arrives(start: Callable[..., Platform], catcher: Catcher) -> None:
    platform = start(SMTP_HOST=catcher.address)
    ses, sesv2 = platform.client("ses"), platform.client("sesv2")
    ses.verify_email_identity(EmailAddress="from@example.com")
    destination = {"ToAddresses": ["to@example.com"], "CcAddresses": ["cc@example.com"], "BccAddresses": ["b@x.org"]}
    body = {"Text": {"Data": "Grüße"}, "Html": {"Data": "<b>Grüße</b>"}}
    content = {"Subject": {"Data": "Betreff ä"}, "Body": body}

    ses.send_email(Source="from@example.com", Destination=destination, Message=content)
    envelope, message = catcher.next()
    assert (envelope.mail_from, envelope.rcpt_tos) == (
        "from@example.com",
        ["to@example.com", "cc@example.com", "b@x.org"],
    )
    assert (message["To"], message["Cc"], message["Bcc"]) == ("to@example.com", "cc@example.com", None)
    assert texts(message) == {"text/plain": "Grüße", "text/html": "<b>Grüße</b>"}

    raw = b"From: from@example.com\r\nTo: Jane <to@example.com>\r\nSubject: raw\r\n\r\nas it is\r\n"
    ses.send_raw_email(RawMessage={"Data": raw})
    envelope, message = catcher.next()
    assert (envelope.mail_from, envelope.rcpt_tos, message["Subject"]) == (
        "from@example.com",
        ["to@example.com"],
        "raw",
    )

    template = {
        "TemplateName": "t",
        "SubjectPart": "Hi {{name}}",
        "TextPart": "Dear {{name}}",
        "HtmlPart": "<i>{{name}}</i>",
    }
    ses.create_template(Template=template)
    ses.send_templated_email(
        Source="from@example.com", Destination=destination, Template="t", TemplateData='{"name": "Ann"}'
    )
    _, message = catcher.next()
    assert message["Subject"] == "Hi Ann"
    assert texts(message) == {"text/plain": "Dear Ann", "text/html": "<i>Ann</i>"}

    ses.send_bulk_templated_email(
        Source="from@example.com",
        Template="t",
        DefaultTemplateData='{"name": "all"}',
        Destinations=[
            {"Destination": {"ToAddresses": ["a@example.com"]}, "ReplacementTemplateData": '{"name": "Ben"}'},
            {"Destination": {"ToAddresses": ["b@example.com"]}},
        ],
    )
    assert [(m["To"], m["Subject"]) for m in (catcher.next()[1], catcher.next()[1])] == [
        ("a@example.com", "Hi Ben"),
        ("b@example.com", "Hi all"),
    ]

    picture = {"FileName": "ä.png", "RawContent": bytes(range(256)), "ContentType": "image/png"}
    simple = content | {"Attachments": [picture], "Headers": [{"Name": "X-Campaign", "Value": "autumn"}]}
    sesv2.send_email(FromEmailAddress="from@example.com", Destination=destination, Content={"Simple": simple})
    _, message = catcher.next()
    assert texts(message)["text/plain"] == "Grüße"
    assert message["X-Campaign"] == "autumn"
    [attached] = [part for part in message.walk() if part.get_content_disposition() == "attachment"]
    assert (attached.get_filename(), attached.get_content_type()) == ("ä.png", "image/png")
    assert attached.get_payload(decode=True) == bytes(range(256))
    sesv2.send_email(FromEmailAddress="from@example.com", Destination=destination, Content={"Raw": {"Data": raw}})
    envelope, message = catcher.next()
    assert message["Subject"] == "raw"
    assert len(envelope.rcpt_tos) == 3


def test_a_refused_mail_is_not_sent(start: Callable[..., Platform], catcher: Catcher) -> None:
    platform = start(SMTP_HOST=catcher.address)
    ses = platform.client("ses")
    mail = {"Destination": {"ToAddresses": ["to@example.com"]}}
    with pytest.raises(ses.exceptions.MessageRejected):
        ses.send_email(Source="no@example.com", Message={"Subject": {"Data": "1"}, "Body": {}}, **mail)
    ses.verify_email_identity(EmailAddress="from@example.com")
    text = {"Text": {"Data": "text"}}
    ses.send_email(Source="from@example.com", Message={"Subject": {"Data": "2"}, "Body": text}, **mail)
    assert catcher.next()[1]["Subject"] == "2"


@pytest.mark.parametrize("module", ["localstack.pro.core", "localstack"])
def test_an_extension_brings_the_server_while_the_platform_runs(
    module: str, start: Callable[..., Platform], home: Home, catcher: Catcher
) -> None:
    home.write_extension(
        "catcher",
        f"""
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "catcher"
            def update_gateway_routes(self, router):
                def use(request):
                    from {module} import config
                    config.SMTP_HOST = {catcher.address!r}
                    return "used"
                router.add("/use", use)
        """,
    )
    platform = start()
    ses = platform.client("ses")
    ses.verify_email_identity(EmailAddress="from@example.com")
    mail = {"Source": "from@example.com", "Destination": {"ToAddresses": ["to@example.com"]}}
    text = {"Text": {"Data": "text"}}
    ses.send_email(Message={"Subject": {"Data": "before"}, "Body": text}, **mail)
    platform.get("/use")
    ses.send_email(Message={"Subject": {"Data": "after"}, "Body": text}, **mail)
    assert catcher.next()[1]["Subject"] == "after"


def test_a_server_that_is_not_there_is_logged_and_the_client_sees_nothing_of_it(start: Callable[..., Platform]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        platform = start(SMTP_HOST=address)
        ses = platform.client("ses")
        ses.verify_email_identity(EmailAddress="from@example.com")
        answer = ses.send_email(
            Source="from@example.com",
            Destination={"ToAddresses": ["to@example.com"]},
            Message={"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}},
        )
        assert answer["MessageId"]
        platform.wait_for(f"a mail to .*to@example.com.* can't be sent through SMTP_HOST={address}: ")
