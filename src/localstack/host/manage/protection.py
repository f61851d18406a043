"""Who may change a running platform: only who can read the volume's token, and no web page on a user's behalf."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from rolo import Request
from werkzeug.exceptions import Forbidden, Unauthorized

from localstack.host.manage.token import TOKEN_HEADER
from localstack.host.settings import LOCALHOST_HOSTNAME

_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1", LOCALHOST_HOSTNAME)


@dataclass(frozen=True)
class Protection:
    """The one place that decides who may call what changes the platform.

    :ivar token: the volume's token
    :ivar host: the name under which the platform is reached besides the local ones
    """

    token: str
    host: str

    def check(self, request: Request) -> None:
        """Let a request pass that carries the token, names a local host and comes from no web page.

        :raises werkzeug.exceptions.Unauthorized: without the token
        :raises werkzeug.exceptions.Forbidden: for a page, or a name that leads here by trickery (DNS rebinding)
        """
        host = urlsplit(f"//{request.host}").hostname or ""
        if host not in (*_LOCAL_NAMES, self.host):
            raise Forbidden(f"{host} is no name of this platform")
        if request.headers.get("Origin") is not None or request.headers.get("Sec-Fetch-Site") not in (None, "none"):
            raise Forbidden("web pages may not change the platform")
        if not secrets.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), self.token.encode()):
            raise Unauthorized(f"the header {TOKEN_HEADER} must have what is in run/management-token of the volume")
