"""What helps to find a fault is there when the settings ask for it, and only then."""

from __future__ import annotations

import re
from collections.abc import Callable

from platforms import Home, Platform

CONFIG_EXTENSION = """
from localstack import config
from localstack.extensions.api import Extension
class TheExtension(Extension):
    name = "reader"
    def update_gateway_routes(self, router):
        router.add("/seen", lambda request: [repr(config.DEBUG), repr(getattr(config, "OWN_LIMIT", None))])
"""


def test_diagnose_and_usage_are_there_with_debug(start: Callable[..., Platform]) -> None:
    platform = start(DEBUG="1")
    platform.client("sts").get_caller_identity()
    answer = platform.get("/_localstack/diagnose")
    document = answer.json()
    assert {"version", "info", "services", "config", "docker-inspect", "file-tree", "logs"} <= document.keys()
    assert isinstance(document["docker-inspect"], dict)
    assert not re.search("token|password|secret_", answer.text, re.IGNORECASE)
    usage = platform.get("/_localstack/usage").json()
    assert usage["services"] == ["sts"]
    assert usage["memory_bytes"] > 1_000_000
    assert document["usage"].keys() == usage.keys()


def test_settings_can_be_changed_when_that_is_enabled(start: Callable[..., Platform], home: Home) -> None:
    home.write_extension("reader", CONFIG_EXTENSION)
    platform = start(ENABLE_CONFIG_UPDATES="1")
    url = "/_localstack/config"
    assert platform.request("POST", url, json={"variable": "OWN_LIMIT", "value": "12"}).json() == {
        "variable": "OWN_LIMIT",
        "value": 12.0,
    }
    assert platform.request("POST", url, json={"variable": "DEBUG", "value": True}).status_code == 200
    assert platform.get("/seen").json() == ["True", "12.0"]
    assert platform.get(url).json()["DEBUG"] is True
    bad = [{"variable": "a-b", "value": 1}, {"variable": "", "value": 1}, {"variable": "A"}, [1], {"variable": 3}]
    for data in bad:
        answer = platform.request("POST", url, json=data)
        assert (answer.status_code, answer.json()) == (400, {})


def test_without_these_settings_there_is_diagnose_alone(start: Callable[..., Platform]) -> None:
    platform = start()
    assert "services" in platform.get("/_localstack/diagnose").json()
    for path in ("usage", "config"):
        assert platform.get(f"/_localstack/{path}").status_code == 404
    assert platform.request("POST", "/_localstack/config", json={"variable": "A", "value": 1}).status_code == 404
