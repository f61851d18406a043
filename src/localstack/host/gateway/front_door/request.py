"""A parsed request as the ``rolo.Request`` that handlers see, made without a second parse."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, wraps
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from rolo import Request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequestKeyError
from werkzeug.sansio.utils import get_host

from localstack.host.gateway.front_door.remembered import Remembered

HeaderList = list[tuple[str, str]]

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[\w.~!$&'()*+,;=%-]{0,255})(:\d{0,5})?", re.ASCII)


class ServedRequest(Request):  # type: ignore[misc]  # rolo is not typed
    """A ``rolo.Request`` whose environ, headers and path come straight from the server's parser."""

    def __init__(self, environ: dict[str, Any], headers: ServedHeaders, path: str) -> None:
        # werkzeug's constructor would read all this back out of the environ; these are the attributes that it sets
        self.method = environ["REQUEST_METHOD"]
        self.scheme = environ["wsgi.url_scheme"]
        self.server = (environ["SERVER_NAME"], int(environ["SERVER_PORT"]))
        self.root_path = ""
        self.path = path
        self.query_string = environ["QUERY_STRING"].encode("latin-1")
        self.headers = headers
        self.remote_addr = environ["REMOTE_ADDR"]
        self.environ = environ
        self.shallow = False

    @property
    def host(self) -> str:
        """The host that the client asked for, with the port unless it is the scheme's own."""
        return _host(self.scheme, self.headers.get("host"), self.server)


class ServedHeaders(Headers):
    """Request headers that find a name without walking the list. Handlers may change them like any others."""

    _index: dict[str, str] | None = None

    @classmethod
    def around(cls, pairs: HeaderList, index: dict[str, str] | None = None) -> ServedHeaders:
        """Headers around a list that is theirs from now on; names keep their case.

        :param index: the first value of every name, by the name in lower case, when that is known already
        """
        headers = cls.__new__(cls)
        headers._list = pairs
        headers._index = index
        return headers

    def get(self, key: str, default: Any = None, type: Any = None) -> Any:  # type: ignore[override]
        index = self._index
        value = (self._lower() if index is None else index).get(key.lower(), default)
        if type is None or value is default:
            return value
        try:
            return type(value)
        except (ValueError, TypeError):
            return default

    def __setitem__(self, key: Any, value: Any) -> None:
        """As of any headers; a new one, as the platform adds them, leaves the others where they can be found."""
        index = self._index
        if index is None or type(key) is not str or (lower := key.lower()) in index:
            self._index = None
            super().__setitem__(key, value)
            self._index = None
        else:
            self.add(key, value)
            self._index = {**index, lower: self._list[-1][1]}  # not into that of the reader, which others share

    def __contains__(self, key: str) -> bool:
        return key.lower() in self._lower()

    def _get_key(self, key: str) -> str:
        try:
            return self._lower()[key.lower()]
        except KeyError:
            raise BadRequestKeyError(key) from None

    def _lower(self) -> dict[str, str]:
        index = self._index
        if index is None:  # reversed: the first of several headers with one name counts
            index = self._index = {name.lower(): value for name, value in reversed(self._list)}
        return index


def _forgetting(name: str) -> Callable[..., Any]:
    inherited = getattr(Headers, name)

    @wraps(inherited)
    def change(self: ServedHeaders, *args: Any, **kwargs: Any) -> Any:
        self._index = None
        try:
            return inherited(self, *args, **kwargs)
        finally:
            self._index = None

    return change


for _name in (
    "__delitem__", "__ior__", "_del_key", "add", "clear", "extend", "pop", "popitem", "remove", "set",
    "setdefault", "setlist", "setlistdefault", "update",
):  # fmt: skip
    setattr(ServedHeaders, _name, _forgetting(_name))


@lru_cache(maxsize=1024)
def _host(scheme: str, header: str | None, server: tuple[str, int]) -> str:
    return str(get_host(scheme, header, server))


def split_target(target: str) -> tuple[str, str]:
    """Raw path and query of a request target; an absolute-form target loses its scheme and host.

    >>> split_target("http://host:1/a%2Fb?x=1")
    ('/a%2Fb', 'x=1')
    """
    if not target.startswith("/"):
        scheme, separator, rest = target.partition("://")
        if separator and scheme.isalnum():
            slash, question = rest.find("/"), rest.find("?")
            if slash >= 0 and (question < 0 or slash < question):
                target = rest[slash:]
            else:
                target = "/" + rest[question:] if question >= 0 else "/"
    path, _, query = target.partition("?")
    return path, query


def _decode_path(raw_path: str) -> tuple[str, str]:
    """The path as text, undecodable bytes as U+FFFD, and as WSGI's ``PATH_INFO``, its bytes as Latin-1."""
    if "%" not in raw_path and raw_path.isascii():
        text = info = raw_path
    else:
        encoded = unquote_to_bytes(raw_path.encode("latin-1"))
        text, info = encoded.decode("utf-8", "replace"), encoded.decode("latin-1")
    return "/" + text.lstrip("/"), info


def _environ_key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def _is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


_PATHS = Remembered(_decode_path, 4096)
_ENVIRON_KEYS = Remembered(_environ_key, 1024)
"""``"X-Amz-Date"`` → ``"HTTP_X_AMZ_DATE"``."""
IS_HOST = Remembered(_is_host, 1024)
"""Whether the value of a Host header may be one: RFC 3986 §3.2.2, and no longer than a name of the DNS."""


def environ_of(headers: HeaderList) -> dict[str, str]:
    """The headers under the names that WSGI has for them; the values of several with one name are joined."""
    environ: dict[str, str] = {}
    for name, value in headers:
        key = _ENVIRON_KEYS[name]
        earlier = environ.get(key)
        environ[key] = value if earlier is None else f"{earlier},{value}"
    return environ


def make_environ(
    method: str,
    target: str,
    protocol: str,
    headers: dict[str, str],
    body: IO[bytes] | None,
    length: int,
    connection: dict[str, Any],
) -> tuple[dict[str, Any], str]:
    """The WSGI environ of a request, and its decoded path.

    :param headers: as ``environ_of`` gives them
    :param connection: what all requests of one connection share: addresses, scheme, the constant ``wsgi.*`` keys
    """
    raw_path, query = split_target(target)
    path, info = _PATHS[raw_path]
    environ = {
        **connection,
        **headers,
        "REQUEST_METHOD": method,
        "PATH_INFO": info,
        "QUERY_STRING": query,
        "RAW_URI": target,
        "REQUEST_URI": target,
        "SERVER_PROTOCOL": protocol,
        "wsgi.input": body if body is not None else BytesIO(),
    }
    if body is not None:
        environ["CONTENT_LENGTH"] = str(length)
    return environ, path
