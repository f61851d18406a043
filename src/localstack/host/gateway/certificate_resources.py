"""Certificates with which the emulation signs what it sends on, e.g. messages of SNS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rolo import Request, Response, Router
from werkzeug.exceptions import NotFound


@dataclass(frozen=True)
class CertificateResources:
    """``GET PATH/NAME``.

    :ivar find: the certificate by its name, in PEM, or None
    """

    path: str
    find: Callable[[str], bytes | None]

    def add_to(self, router: Router[Any]) -> None:
        router.add(f"{self.path}/<name>", self.get_certificate, methods=["GET"])

    def get_certificate(self, request: Request, name: str) -> Response:
        certificate = self.find(name)
        if certificate is None:
            raise NotFound(f"no such certificate: {name}")
        return Response(certificate, mimetype="application/x-pem-file")
