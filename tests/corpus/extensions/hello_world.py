"""hello-world: prints when the platform starts, and when it is ready."""

from __future__ import annotations

from corpus.published import Published, Tier
from corpus.visit import Visit


def check(visit: Visit) -> None:
    visit.wait_for("hello world: localstack is starting", visit.platform.stdout)
    visit.wait_for("hello world: localstack is running", visit.platform.stdout)


PUBLISHED = Published("localstack-extension-hello-world", "hello-world", Tier.API, check)
