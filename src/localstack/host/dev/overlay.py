"""What a page in the browser shows while the last save of its extension is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader

from rolo import Request, Response

from localstack.host.dev.status import BrokenSave

_PAGE = "text/html"
_DESTINATIONS = (None, "document", "frame", "iframe")
"""``Sec-Fetch-Dest`` of requests for whole pages; a script that fetches a piece of one must get that piece alone."""


@dataclass(frozen=True)
class Overlay:
    """Adds itself to the HTML pages of an extension. Its script takes it away after a good save.

    :ivar broken_save_of: of an extension by its name; ``None`` when its last save is served
    """

    broken_save_of: Callable[[str], BrokenSave | None]

    def add_to(self, extension: str, request: Request, response: Response) -> None:
        """Add the overlay to an answer that is a page; not to what is streamed, encoded, or asked for by a script."""
        broken = self.broken_save_of(extension)
        if broken is None or not _takes_more(request, response):
            return
        page = response.get_data()  # of a file, too: reads it to its end
        if not page:
            return
        end = page.lower().rfind(b"</body>")
        overlay = _render(extension, broken)
        response.set_data(page + overlay if end < 0 else page[:end] + overlay + page[end:])  # sets the length, too
        for name in ("ETag", "Last-Modified"):
            response.headers.pop(name, None)  # they belong to the page without it
        response.headers["Cache-Control"] = "no-store"


def _takes_more(request: Request, response: Response) -> bool:
    return (
        response.mimetype == _PAGE
        and (response.is_sequence or _is_file(response))
        and "Content-Encoding" not in response.headers
        and response.status_code not in (204, 206, 304)
        and request.headers.get("Sec-Fetch-Dest") in _DESTINATIONS
        and _extends_ascii(response.mimetype_params.get("charset", "utf-8"))
    )


def _is_file(response: Response) -> bool:
    """Whether the body is read from a file, as that of ``Response.for_resource``, which serves static files."""
    return isinstance(getattr(response.response, "stream", None), BufferedReader)


def _extends_ascii(charset: str) -> bool:
    try:
        return "<".encode(charset) == b"<"
    except LookupError:
        return False


def _render(extension: str, broken: BrokenSave) -> bytes:
    """ASCII, so that it fits into pages of all encodings that extend that."""
    from jinja2 import Environment, PackageLoader  # only while a save is broken: keeps the start lean

    environment = Environment(loader=PackageLoader("localstack.host.dev", "pages"), autoescape=True)
    text = environment.get_template("broken_save.html").render(extension=extension, message=broken.message)
    return text.encode("ascii", "xmlcharrefreplace")
