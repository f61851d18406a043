"""What is shown of a mail, from the parameters of the operation that sent it."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes
from typing import Any

Parameters = Mapping[str, Any]


def mail_of(operation: str, parameters: Parameters) -> dict[str, Any] | None:
    """Sender, recipients and content; ``None`` for an operation that sends no mail.

    :param operation: e.g. ``"ses.SendEmail"``
    """
    match operation:
        case "ses.SendEmail":
            return _addressed(parameters["Source"], parameters) | _content(parameters["Message"])
        case "ses.SendRawEmail":
            to = {"ToAddresses": list(parameters.get("Destinations") or ())}
            return _raw(parameters.get("Source"), to, parameters["RawMessage"]["Data"])
        case "ses.SendTemplatedEmail":
            template = {name: parameters[name] for name in ("Template", "TemplateData")}
            return _addressed(parameters["Source"], parameters) | template
        case "sesv2.SendEmail":
            sender, content = parameters.get("FromEmailAddress"), parameters["Content"]
            if raw := content.get("Raw"):
                return _raw(sender, parameters.get("Destination") or {}, raw["Data"])
            return _addressed(sender, parameters) | _content(content["Simple"])
    return None


def _addressed(sender: str | None, parameters: Parameters) -> dict[str, Any]:
    return {"Source": sender or "", "Destination": parameters.get("Destination") or {}}


def _content(content: Parameters) -> dict[str, Any]:
    body = {part: (content["Body"].get(name) or {}).get("Data") for part, name in (("text", "Text"), ("html", "Html"))}
    return {
        "Subject": content["Subject"]["Data"],
        "Body": {"text_part": body["text"] or "", "html_part": body["html"]},
    }


def _raw(sender: str | None, destination: Parameters, data: bytes) -> dict[str, Any]:
    source = sender or str(message_from_bytes(data)["From"])
    return {"Source": source, "Destination": destination, "RawData": data.decode("utf-8", "replace")}
