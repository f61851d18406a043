"""miniflare: workers of Cloudflare, run by wrangler from the npm registry."""

from __future__ import annotations

import json
from collections.abc import Mapping

from corpus.published import Published, Tier
from corpus.visit import Visit
from platforms import Home

WORKER = (
    'addEventListener("fetch", e => e.respondWith(new Response("hello " + new URL(e.request.url).pathname + " " + v)))'
)
METADATA = {"body_part": "script", "bindings": [{"type": "plain_text", "name": "v", "text": "42"}]}


def prepare(home: Home) -> Mapping[str, str]:
    return {"OVERRIDE_IN_DOCKER": "0"}  # in a container it would install with apt


def check(visit: Visit) -> None:
    assert visit.get("/miniflare/user").status_code == 200
    parts = {
        "metadata": (None, json.dumps(METADATA), "application/json"),
        "script": ("script", WORKER, "application/javascript"),
    }
    uploaded = visit.request("PUT", "/miniflare/accounts/a1/workers/scripts/test", files=parts)
    assert uploaded.status_code == 200, uploaded.text
    answer = visit.get_until(200, "/abc", "test.miniflare.localhost.localstack.cloud")
    assert answer.text == "hello /abc 42"


PUBLISHED = Published(
    "localstack-extension-miniflare", "miniflare", Tier.TOOLS, check, prepare, programs=("node", "npm")
)
