"""diagnosis-viewer: a page that shows the platform's own diagnosis, which it asks for on port 4566."""

from __future__ import annotations

from corpus.published import Published, Tier
from corpus.visit import Visit


def check(visit: Visit) -> None:
    page = visit.get("/diapretty")
    assert page.status_code == 200, page.text
    assert page.headers["Content-Type"].startswith("text/html")
    assert "4.14.0" in page.text


PUBLISHED = Published("localstack-extension-diagnosis-viewer", "diagnosis-viewer", Tier.API, check, ports=(4566,))
