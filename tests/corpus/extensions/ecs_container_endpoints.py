"""ecs-container-endpoints: the metadata of ECS tasks, by a program that it downloads; a stand-in takes its place."""

from __future__ import annotations

import platform
from collections.abc import Mapping

from corpus.published import Published, Tier
from corpus.stand_in import preseed
from corpus.visit import Visit
from platforms import Home

PROGRAM = "amazon-ecs-local-container-endpoints"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
VARIABLES = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "IAM_ENDPOINT",
    "STS_ENDPOINT",
    "ECS_LOCAL_METADATA_PORT",
}


def prepare(home: Home) -> Mapping[str, str]:
    file = f"{PROGRAM}-linux-{ARCHITECTURES.get(platform.machine(), platform.machine())}"
    preseed("ecs_endpoints.py", home.volume / "lib" / PROGRAM / "0.1.3" / file)
    return {}


def check(visit: Visit) -> None:
    visit.get_until(200, "/v2/metadata", "metadata.ecs.localhost.localstack.cloud")
    task = visit.get("/v4/abc/task", "metadata.ecs.localhost.localstack.cloud").json()
    assert task["path"] == "/v3/abc/task"
    assert set(task["variables"]) - {"LC_CTYPE"} == VARIABLES  # Python sets that one itself
    for path in ("/v2/metadata", "/creds"):
        answer = visit.get(path, headers={"Host": "169.254.170.2"})
        assert answer.status_code == 200
        assert answer.json()["path"] == path


PUBLISHED = Published(
    "localstack-extension-ecs-container-endpoints",
    "localstack-extension-ecs-container-endpoints",
    Tier.TOOLS,
    check,
    prepare,
)
