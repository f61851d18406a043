"""URLs of the platform in the answers of services: of queues and of objects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from localstack.host.emulation.recognition import Recognised
from localstack.host.emulation.wire import Wire
from localstack.host.emulation.xml_text import text
from localstack.host.settings import Settings

_LOCATION = re.compile(rb"(?<=<Location>)[^<]*(?=</Location>)")


@dataclass(frozen=True)
class Origin:
    """What stands in front of the path of a URL, e.g. ``Origin("http", "localhost:4566")``."""

    scheme: str
    host: str


def origin_for(wire: Wire, settings: Settings) -> Origin:
    """The origin to tell a client: ``LOCALSTACK_HOST`` where it was set, else that of the client's own request."""
    if settings.is_localstack_host_given:
        return Origin("https" if settings.use_ssl else "http", str(settings.localstack_host))
    return Origin(wire.request.scheme, wire.host)


def with_location_of_object(body: bytes, wire: Wire, recognised: Recognised, settings: Settings) -> bytes:
    """The answer of ``CompleteMultipartUpload`` with a URL of ours, where moto has one of AWS.

    A client that named the bucket in the host gets the bucket there; with ``LOCALSTACK_HOST`` it stands in the path.
    """
    location = text(_url(wire, recognised, settings))
    return _LOCATION.sub(lambda _: location.encode(), body)


def url_of_upload(wire: Wire, recognised: Recognised, key: str, settings: Settings) -> str:
    """The URL of an object that a form stored in the bucket that it was sent to."""
    return f"{_url(wire, recognised, settings).rstrip('/')}/{quote(key)}"


def _url(wire: Wire, recognised: Recognised, settings: Settings) -> str:
    origin = origin_for(wire, settings)
    path = recognised.path if settings.is_localstack_host_given else wire.path
    return f"{origin.scheme}://{origin.host}{path}"
