"""resource-graph: scans the AWS state and makes a graph of it, by a copy of Altimeter."""

from __future__ import annotations

from corpus.published import Published, Tier
from corpus.visit import Visit


def check(visit: Visit) -> None:
    base = "/_extension/resource-graph"
    page = visit.get(f"{base}/")
    assert page.status_code == 200
    assert "<html" in page.text
    assert page.headers["Access-Control-Allow-Origin"] == "*"
    assert "sqs:queue" in visit.get(f"{base}/supported-resources").json()["resources"]
    visit.client("sqs").create_queue(QueueName="scanned")
    done = visit.request("POST", f"{base}/generate", json={"regions": ["us-east-1"]})
    assert done.json() == {"status": "success", "error": None}
    assert visit.get(f"{base}/status").json() == {"is_scanning": False, "is_importing": False, "has_error": False}


PUBLISHED = Published("localstack-extension-resource-graph", "resource-graph", Tier.TOOLS, check, ports=(4566,))
