"""HTTP answers and downloads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localstack.utils.strings import short_uid

__all__ = ["download", "uses_chunked_encoding"]

_CHUNK_BYTES = 1 << 20


def uses_chunked_encoding(response: Any) -> bool:
    """Whether an answer was sent in chunks.

    :param response: anything with ``headers``, e.g. of ``requests``
    """
    return "chunked" in str(response.headers.get("Transfer-Encoding") or "").lower()


def download(
    url: str,
    path: str | os.PathLike[str],
    verify_ssl: bool = True,
    timeout: float | None = None,
    request_headers: Mapping[str, str] | None = None,
) -> None:
    """Download a URL into a file; folders on the way to it are made. The file is there only when it is whole.

    :param timeout: seconds to wait for the server, each time that it is waited for
    :raises requests.RequestException: when it can't be had; ``HTTPError`` for a status of 400 or above
    """
    import requests

    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}-{short_uid()}")
    options: dict[str, Any] = {"verify": verify_ssl, "timeout": timeout, "headers": dict(request_headers or {})}
    try:
        with requests.get(url, stream=True, **options) as answer, part.open("xb") as stream:
            answer.raise_for_status()
            for chunk in answer.iter_content(_CHUNK_BYTES):
                stream.write(chunk)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
