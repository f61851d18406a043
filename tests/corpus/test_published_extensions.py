"""Published extensions, unmodified from the package index: installed by name, called as their READMEs say."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from platforms import Home, Platform

pytestmark = pytest.mark.index


def check_hello_world(platform: Platform) -> None:
    platform.wait_for("hello world: localstack is starting", platform.stdout)
    platform.wait_for("hello world: localstack is running", platform.stdout)


def check_openai(platform: Platform) -> None:
    question = {"model": "gpt-4", "messages": [{"role": "user", "content": "Hello"}]}
    for path, host in (("/_extension/openai", None), ("", "openai.localhost.localstack.cloud")):
        engines = platform.get(f"{path}/v1/engines", host=host)
        assert engines.status_code == 200
        assert engines.json()["object"] == "list"
        answer = platform.request("POST", f"{path}/v1/chat/completions", host=host, json=question).json()
        assert answer["choices"][0]["message"]["content"]
    with platform.request(
        "POST", "/_extension/openai/v1/chat/completions", json={**question, "stream": True}, stream=True
    ) as stream:
        events = [line for line in stream.iter_lines() if line]
    assert events[0].startswith(b"data: {")
    image = platform.request("POST", "/_extension/openai/v1/images/generations", json={"prompt": "a house"})
    assert image.json()["data"]


def check_stripe(platform: Platform) -> None:
    key = ("sk_test_12345", "")
    created = platform.request("POST", "/stripe/v1/customers", auth=key, data={"email": "jane@example.com"})
    assert created.status_code == 200, created.text
    path = f"/v1/customers/{created.json()['id']}"
    found = platform.get(path, host="stripe.localhost.localstack.cloud", auth=key).json()
    assert found["email"] == "jane@example.com"
    assert platform.get("/v1/customers", host="stripe.localhost.localstack.cloud", auth=key).json()["data"]
    script = platform.get("/stripe/js.stripe.com/v3/")
    assert script.status_code == 200
    assert "Stripe" in script.text


def check_diagnosis_viewer(platform: Platform) -> None:
    page = platform.get("/diapretty")
    assert page.status_code == 200, page.text
    assert page.headers["Content-Type"].startswith("text/html")
    assert "4.14.0" in page.text


def check_httpbin(platform: Platform) -> None:
    host = "httpbin.localhost.localstack.cloud"
    platform.get_until(200, "/get", host)  # the extension starts its server and does not wait for it
    assert platform.get("/get?a=1", host=host).json()["args"] == {"a": "1"}
    assert platform.get("/status/418", host=host).status_code == 418
    assert platform.request("POST", "/post", host=host, data={"k": "v"}).json()["form"] == {"k": "v"}
    assert platform.request("PUT", "/anything/deep/path", host=host, json={"x": [1]}).json()["json"] == {"x": [1]}
    assert platform.get("/gzip", host=host).json()["gzipped"] is True
    assert len(platform.get("/stream/2", host=host).text.splitlines()) == 2
    page = platform.get("/", host=host)
    assert page.status_code == 200
    assert "httpbin" in page.text


@dataclass(frozen=True)
class Published:
    """A distribution of the index; ``port`` where the extension insists on one."""

    distribution: str
    name: str
    check: Callable[[Platform], None]
    port: int | None = None


CORPUS = (
    Published("localstack-extension-hello-world", "hello-world", check_hello_world),
    Published("localstack-extension-openai", "openai", check_openai),
    Published("localstack-extension-stripe", "localstripe", check_stripe),
    Published("localstack-extension-diagnosis-viewer", "diagnosis-viewer", check_diagnosis_viewer, port=4566),
    Published("localstack-extension-httpbin", "httpbin", check_httpbin),
)


@pytest.fixture(autouse=True)
def without_earlier_state() -> None:
    """localstripe keeps its state in one file for the whole machine, and one that was killed leaves half of it."""
    Path("/tmp/localstripe.pickle").unlink(missing_ok=True)


def require_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            pytest.skip(f"NOT RUN: port {port}, which the extension has hard-coded, is in use")


@pytest.mark.parametrize("published", CORPUS, ids=lambda published: published.name)
def test_a_published_extension_is_installed_by_name_and_answers(
    published: Published, package_index: None, home: Home, start: Callable[..., Platform]
) -> None:
    if published.port is not None:
        require_port(published.port)
    installed = home.run("extensions", "install", published.distribution)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert "Extension successfully installed" in installed.stdout
    listed = home.run("extensions", "list").stdout
    assert published.distribution in listed
    platform = start(**({"GATEWAY_LISTEN": f"127.0.0.1:{published.port}"} if published.port else {}))
    assert "loaded 1 extensions" in platform.log
    published.check(platform)
    assert [e["distribution"]["name"] for e in platform.get("/_localstack/extensions/list").json()] == [
        published.distribution
    ]
    platform.client("sts").get_caller_identity()
    assert platform.signal() == 0
    assert "Traceback" not in platform.log
    removed = home.run("extensions", "uninstall", published.distribution)
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert "no extensions installed" in home.run("extensions", "list").stdout


@pytest.mark.parametrize("server", ["leanto", "twisted"])
def test_all_of_them_run_side_by_side(
    server: str, package_index: None, home: Home, start: Callable[..., Platform]
) -> None:
    require_port(4566)
    for published in CORPUS:
        assert home.run("extensions", "install", published.distribution).returncode == 0
    platform = start(GATEWAY_LISTEN="127.0.0.1:4566", GATEWAY_SERVER=server)
    assert f"loaded {len(CORPUS)} extensions" in platform.log
    for published in CORPUS:
        published.check(platform)
    states = {e["name"]: e["state"] for e in platform.get("/_localstack/extensions/list").json()}
    assert states == {published.name: "loaded" for published in CORPUS}, json.dumps(states)
    assert platform.signal() == 0
