"""Stands in for MailHog: the same variables, the same two servers, and its list of messages."""

from __future__ import annotations

import json
import os
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

WEB_PATH = f"/{os.environ['MH_UI_WEB_PATH']}"
MESSAGES: list[dict[str, Any]] = []


class Mailbox:
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=default)
        body = message.get_body(("plain", "html"))
        headers = {name: message.get_all(name) for name in message}
        MESSAGES.append({"Content": {"Headers": headers, "Body": body.get_content() if body else ""}})
        return "250 Ok"


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == f"{WEB_PATH}/api/v2/messages":
            self._answer("text/json", json.dumps({"total": len(MESSAGES), "items": MESSAGES}))
        elif self.path == f"{WEB_PATH}/":
            self._answer("text/html", "<!DOCTYPE html><html><title>MailHog</title></html>")
        else:
            self.send_error(404)

    def _answer(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


def address(variable: str) -> tuple[str, int]:
    host, _, port = os.environ[variable].rpartition(":")
    return host, int(port)


host, port = address("MH_SMTP_BIND_ADDR")
Controller(Mailbox(), hostname=host, port=port).start()
ThreadingHTTPServer(address("MH_API_BIND_ADDR"), Pages).serve_forever()
