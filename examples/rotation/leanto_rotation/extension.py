"""Rotation of secrets: a thread that calls AWS from within the platform."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from typing import Any

from leanto_rotation.secret import new_value, rotation_interval
from localstack.aws.connect import connect_to
from localstack.extensions.api import Extension, http

LOG = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0


class RotationExtension(Extension):
    """Gives each secret with the tag ``rotate-every-seconds`` a new value when its time has come."""

    name = "rotation"

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="rotation", daemon=True)

    def update_gateway_routes(self, router: http.Router[http.RouteHandler]) -> None:
        router.add("/rotation/<path:name>", self.rotate_now, methods=["POST"])

    def on_platform_ready(self) -> None:
        self._thread.start()

    def on_platform_shutdown(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def rotate_now(self, request: http.Request, name: str) -> Any:
        """``POST /rotation/database`` → ``{"name": "database", "version": "…"}``, without waiting for its time."""
        secrets = connect_to(region_name=request.args.get("region", "us-east-1")).secretsmanager
        try:
            return {"name": name, "version": rotate(secrets, name)}
        except secrets.exceptions.ResourceNotFoundException:
            return http.Response(f"there is no secret {name}\n", 404)

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_SECONDS):
            try:
                rotate_what_is_due(connect_to().secretsmanager, datetime.now(UTC))
            except Exception:  # a secret that can't be rotated must not end the thread
                LOG.exception("secrets could not be rotated; trying again")


def rotate_what_is_due(secrets: Any, now: datetime) -> None:
    """Rotate all secrets of the default region and account that have not changed for as long as their tag says."""
    wanted = [{"Key": "tag-key", "Values": ["rotate-every-seconds"]}]
    for page in secrets.get_paginator("list_secrets").paginate(Filters=wanted):
        for secret in page["SecretList"]:
            interval = rotation_interval(secret.get("Tags", []))
            if interval is not None and now - secret["LastChangedDate"] >= interval:
                rotate(secrets, secret["Name"])


def rotate(secrets: Any, name: str) -> str:
    """Give a secret a new value; the old one stays as its version AWSPREVIOUS. The id of the new version."""
    current = secrets.get_secret_value(SecretId=name).get("SecretString", "")
    password = secrets.get_random_password(PasswordLength=32, ExcludePunctuation=True)["RandomPassword"]
    version = secrets.put_secret_value(SecretId=name, SecretString=new_value(current, password))["VersionId"]
    LOG.info("rotated the secret %s", name)
    return str(version)
