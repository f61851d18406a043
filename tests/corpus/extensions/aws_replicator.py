"""aws-replicator: what aws-proxy was before, with a command for the command line."""

from __future__ import annotations

from corpus.extensions.aws_proxy import CONFIGURATION, PROXIES, check_proxied, other_cloud
from corpus.published import Published, Tier
from corpus.visit import Visit


def check(visit: Visit) -> None:
    with other_cloud(visit) as cloud:
        added = visit.request("POST", PROXIES, json={"port": cloud.port, "config": CONFIGURATION})
        assert added.json() == {}, added.text
        check_proxied(visit)
    page = visit.get("/_localstack/aws-replicator/index.html")
    assert page.status_code == 200
    assert "<html" in page.text
    helped = visit.home.run("aws", "--help")
    assert helped.returncode == 0, helped.stderr
    assert "proxy" in helped.stdout


PUBLISHED = Published(
    "localstack-extension-aws-replicator", "aws-replicator", Tier.TOOLS, check, conflicts_with="aws-proxy"
)
