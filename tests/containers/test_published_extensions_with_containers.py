"""Published extensions whose servers run in containers, unmodified, with a real engine.

Their images can't be had without the open internet. In their place are images of the same names that pass on what comes
to the stand-ins of the corpus (or to a real PostgreSQL): everything else is as published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network

import pytest

from container_engine import Engine, EngineClient
from corpus.extensions import keycloak, paradedb, typedb, wiremock
from corpus.published import NotRun, Published
from corpus.trial import requirements_of
from corpus.visit import Visit
from doors import wait_until
from platforms import Home, Platform

BRIDGED = 10000
"""What is added to a server's port for containers to reach it."""


@dataclass(frozen=True)
class WithContainer:
    """An extension, the image that it runs, and the ports of its container."""

    published: Published
    image: str
    ports: tuple[int, ...]

    def __str__(self) -> str:
        return self.published.name


@pytest.mark.index
@pytest.mark.parametrize(
    "case",
    [
        WithContainer(wiremock.PUBLISHED, "wiremock/wiremock", (8080,)),
        WithContainer(keycloak.PUBLISHED, "quay.io/keycloak/keycloak:26.0", (8080, 9000)),
        WithContainer(paradedb.PUBLISHED, "paradedb/paradedb", (5432,)),
        WithContainer(typedb.PUBLISHED, "typedb/typedb", (8000, 1729)),
    ],
    ids=str,
)
def test_it_runs_with_its_container(
    case: WithContainer,
    engine: Engine,
    client: EngineClient,
    package_index: None,
    home: Home,
    start: Callable[..., Platform],
) -> None:
    if engine.namespace is None:
        pytest.skip("NOT RUN: the stand-ins need the ports that the containers publish; unset DOCKER_HOST")
    gateway = ip_network(client.inspect_network("bridge")["IPAM"]["Config"][0]["Subnet"])[1]
    passing_on = [f"nc -ll -p {port} -e nc {gateway} {port + BRIDGED}" for port in case.ports]
    engine.make_image(case.image, ["sh", "-c", " & ".join(passing_on)], keyword="ENTRYPOINT")
    try:
        installed = home.run("extensions", "install", case.published.distribution)
        assert installed.returncode == 0, installed.stdout + installed.stderr
        bridged = {port + BRIDGED: port for port in case.ports}
        with (
            requirements_of([case.published]),
            case.published.backend(home),
            engine.bridge(bridged),
            engine.network(),
        ):
            platform = start(DOCKER_HOST=engine.url, GATEWAY_LISTEN="127.0.0.1:4566")
            name = f"ls-ext-{case.published.name}"
            assert client.is_container_running(name)
            case.published.check(Visit(platform, home))
            (listed,) = platform.get("/_localstack/extensions/list").json()
            assert f"container: {name} ({case.image})" in listed["contributions"]
            assert platform.signal() == 0
    except NotRun as reason:
        pytest.skip(f"NOT RUN: {reason}")
    assert client.new_containers() == []
    assert "failed in" not in platform.log


PROXY_IMAGE_FILES = {
    ".venv/bin/activate": "",
    "bin/bash": '#!/bin/sh\ntrap exit TERM\neval "$2" &\nwait\n',
    "bin/pip": '#!/bin/sh\necho "pip $*" >> /tmp/installed\n',
    "bin/python": '#!/bin/sh\ncase "$*" in *register_proxy*) exec sleep 3600;; esac\n',
}
"""What aws-proxy calls in its container, where LocalStack's own image has Python."""


@pytest.mark.index
def test_aws_proxy_drives_its_container_from_the_web_page(
    engine: Engine, client: EngineClient, package_index: None, home: Home, start: Callable[..., Platform]
) -> None:
    engine.make_image("localstack/localstack-pro", ["false"], PROXY_IMAGE_FILES)
    installed = home.run("extensions", "install", "localstack-extension-aws-proxy")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    platform = start(DOCKER_HOST=engine.url)
    status = "/_localstack/aws/proxies/status"
    assert platform.get(status).json() == {"status": "disabled", "config": None}
    wanted = {"config": "services: {s3: {resources: '.*'}}", "env_vars": {"AWS_ACCESS_KEY_ID": "mine"}}
    port = platform.request("POST", "/_localstack/aws/proxies", json=wanted).json()["port"]
    wait_until(lambda: platform.get(status).json()["config"], "no proxy with a configuration")
    assert platform.get(status).json() == {"status": "enabled", "config": "services:\n  s3:\n    resources: .*\n"}
    (container,) = client.list_containers("name=ls-aws-proxy")
    made = client.inspect_container(container["id"])["HostConfig"]
    assert made["PortBindings"] == {f"{port}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
    assert made["ExtraHosts"] == ["localhost.localstack.cloud:host-gateway"]
    assert client.exec_in_container(container["id"], "cat /tmp/installed")[0].startswith(b"pip install h11")
    platform.request("POST", status, json={"status": "disabled"})
    assert platform.get(status).json()["status"] == "disabled"
    assert client.new_containers() == []
    assert platform.signal() == 0


@pytest.mark.index
def test_authress_is_reached_at_the_address_of_its_container(
    engine: Engine, client: EngineClient, package_index: None, home: Home, start: Callable[..., Platform]
) -> None:
    image = "ghcr.io/authress/authress-local:latest"
    engine.make_image(image, ["httpd", "-f", "-p", "8888", "-h", "/www"], {"www/v1/roles": "none yet"})
    installed = home.run("extensions", "install", "localstack-extension-authress")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    with engine.network():
        platform = start(DOCKER_HOST=engine.url)
        platform.wait_for("Authress API Started on")
        host = "authress.localhost.localstack.cloud"
        # the extension says that it has started and only then turns to its container: a request may come in between
        assert platform.get_until(200, "/v1/roles", host).text == "none yet"
        assert platform.signal() == 0
    assert client.new_containers() == []
    assert "failed in" not in platform.log.replace("failed in route", "")
