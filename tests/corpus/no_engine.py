"""A machine without a container engine, for the extensions that would use one."""

from __future__ import annotations

from collections.abc import Mapping

from corpus.visit import Visit
from platforms import Home


def without_engine(home: Home) -> Mapping[str, str]:
    """Settings by which no engine is found, also where there is one."""
    return {"DOCKER_HOST": f"unix://{home.path}/no-engine.sock"}


def check_all_else(visit: Visit) -> None:
    """Everything but the extension is served as ever."""
    visit.client("s3").create_bucket(Bucket="unharmed")
