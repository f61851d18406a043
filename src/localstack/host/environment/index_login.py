"""Asks a package index whether credentials are right, before they are stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from localstack.host.environment.credentials import IndexCredentials
from localstack.host.environment.uv import uv_environ
from localstack.host.errors import LoginError
from localstack.host.redaction import redacted

if TYPE_CHECKING:
    import requests

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_TIMEOUT_SECONDS = 30.0
_URL = re.compile(r"https?://[!-~]+")


def checked_index_url(text: str) -> str:
    """``text`` when it is the URL of an index to which a password may be sent.

    :raises LoginError: when it is no such URL; the message has no credentials in it
    """
    url = text.strip()
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        has_credentials = "@" in parts.netloc
    except ValueError:
        host, has_credentials = "", False
    if not host or not _URL.fullmatch(url):
        raise LoginError(f"{redacted(url)!r} is no URL of an index", "write for example https://example.com/simple/")
    if has_credentials:
        raise LoginError(f"{redacted(url)} has credentials in it", "give them with -u and -p, or let them be asked for")
    if parts.query or parts.fragment:
        raise LoginError(f"{url} has more than a path in it", "leave out what begins with ? or #")
    if parts.scheme == "http" and not _is_loopback(host):
        raise LoginError(f"{url} would send the password unencrypted", "use https://")
    return url


def verify(credentials: IndexCredentials, environ: Mapping[str, str]) -> None:
    """See that the index lets these credentials in, and nobody without any.

    :raises LoginError: when it does not, can't be reached, or asks for no password
    """
    answer = _ask(credentials, environ, with_credentials=True)
    if answer.status_code in _REFUSALS:
        message = f"{credentials.url} refuses this user name and password ({answer.status_code}); nothing was stored"
        raise LoginError(message, "check both and log in again")
    is_protected = _ask(credentials, environ, with_credentials=False).status_code in _REFUSALS
    if is_protected and (answer.ok or answer.status_code == HTTPStatus.NOT_FOUND):
        return  # some indexes have no page that lists everything
    if answer.ok:
        message = f"{credentials.url} asks for no password, so that this one can't be verified; nothing was stored"
        raise LoginError(message, "an index without passwords is named by UV_INDEX or PIP_EXTRA_INDEX_URL")
    message = f"{credentials.url} is no package index: it answers {answer.status_code}; nothing was stored"
    raise LoginError(message, "check the URL; it often ends with /simple/")


def _ask(credentials: IndexCredentials, environ: Mapping[str, str], *, with_credentials: bool) -> requests.Response:
    import requests
    from requests.auth import HTTPBasicAuth

    def send_none(request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request  # otherwise requests would take those of ~/.netrc

    encoded = (credentials.username.encode(), credentials.password.encode())
    try:
        return requests.get(
            credentials.url,
            auth=HTTPBasicAuth(*encoded) if with_credentials else send_none,
            headers={"Accept": _ACCEPT},
            verify=uv_environ(environ).get("SSL_CERT_FILE") or True,
            timeout=_TIMEOUT_SECONDS,
        )
    except (requests.RequestException, OSError) as error:
        message = f"{credentials.url} can't be reached: {_cause(error)}; nothing was stored"
        raise LoginError(message, "check the URL and the network") from error


def _cause(error: BaseException) -> str:
    """The innermost reason, in one line."""
    text = str(getattr(error.args[0], "reason", error) if error.args else error)
    return redacted(" ".join(text.split()).rpartition(": ")[2])[:200]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
