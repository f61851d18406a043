"""Images by ``DOCKER_CLIENT``: built, named, pushed and removed with a real engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from container_engine import Engine
from container_registry import registry
from localstack.utils.container_utils.container_client import (
    AccessDenied,
    ContainerClient,
    ContainerException,
    NoSuchContainer,
    NoSuchImage,
    RegistryConnectionError,
)
from localstack.utils.net import get_free_tcp_port

IMAGE = "leanto/busybox"


@pytest.fixture(autouse=True)
def _no_images_are_left(client: ContainerClient) -> Iterator[None]:
    before = set(client.get_docker_image_names(strip_latest=False))
    yield
    for name in set(client.get_docker_image_names(strip_latest=False)) - before:
        client.remove_image(name)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a file that describes an image, and one that goes into it."""
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "Dockerfile").write_text(f'FROM {IMAGE}\nCOPY note.txt /\nENTRYPOINT ["cat", "/note.txt"]\n')
    (tmp_path / "image" / "note.txt").write_text("built")
    return tmp_path / "image"


def test_an_image_is_built_from_a_folder(client: ContainerClient, source: Path) -> None:
    with (source / "Dockerfile").open("a") as dockerfile:
        dockerfile.write('ENV GREETING=hello\nEXPOSE 81\nRUN echo was here\nCMD ["-"]\n')
    log = client.build_image(str(source), "leanto/built")
    assert "was here" in log
    assert client.run_container("leanto/built", stdin=" and run", remove=True) == (b"built and run", b"")
    assert client.get_image_cmd("leanto/built", pull=False) == ["-"]
    assert client.get_image_entrypoint("leanto/built") == "cat /note.txt"
    assert client.get_image_entrypoint(IMAGE) == ""
    about = client.inspect_image("leanto/built")["Config"]
    assert "GREETING=hello" in about["Env"]
    assert "81/tcp" in about["ExposedPorts"]


def test_the_file_of_an_image_may_be_anywhere(client: ContainerClient, source: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "note.txt").write_text("of the other folder")
    client.build_image(dockerfile_path=str(source / "Dockerfile"), image_name="leanto/built:2", context_path=str(other))
    with pytest.raises(NotADirectoryError, match=r"built:3 can't be built: its context \S+/Dockerfile is no folder"):
        client.build_image(str(source), "leanto/built:3", context_path=str(source / "Dockerfile"))
    assert client.run_container("leanto/built:2", remove=True)[0] == b"of the other folder"


def test_a_build_that_fails_says_what_and_has_its_output(client: ContainerClient, source: Path) -> None:
    (source / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN echo begun\nRUN sh -c 'exit 5'\n")
    with pytest.raises(ContainerException, match=r"the image leanto/broken can't be built: .*5") as caught:
        client.build_image(str(source), "leanto/broken")
    assert "begun" in str(caught.value.stdout)
    (source / "Dockerfile").unlink()
    with pytest.raises(FileNotFoundError, match="Dockerfile"):
        client.build_image(str(source), "leanto/broken")


def test_an_image_has_several_names(client: ContainerClient) -> None:
    for name in ("leanto/other", "leanto/other:1", "example.com:4510/leanto/other:2"):
        client.tag_image(IMAGE, name)
    names = set(client.get_docker_image_names())
    assert {"leanto/other", "leanto/other:latest", "leanto/other:1", "example.com:4510/leanto/other:2"} <= names
    assert "leanto/other" not in client.get_docker_image_names(strip_latest=False)
    without = client.get_docker_image_names(include_tags=False)
    assert {"leanto/other", "example.com:4510/leanto/other"} <= set(without)
    assert not any(name.endswith((":1", ":latest")) for name in without)
    client.remove_image("leanto/other:1")
    assert "leanto/other:1" not in client.get_docker_image_names()
    for ask in (client.remove_image, lambda name: client.tag_image(name, "leanto/more")):
        with pytest.raises(NoSuchImage, match="there is no image leanto/nothing"):
            ask("leanto/nothing")


def test_an_image_is_made_of_what_a_container_has_become(client: ContainerClient) -> None:
    client.run_container(IMAGE, name="box", command=["sh", "-c", "echo changed > /state"])
    client.commit("box", "leanto/changed", "1")
    assert client.run_container("leanto/changed:1", command=["cat", "/state"], remove=True)[0] == b"changed\n"
    with pytest.raises(NoSuchContainer):
        client.commit("nobody", "leanto/changed", "1")


def test_an_image_is_pushed_to_its_registry_and_comes_back(client: ContainerClient, engine: Engine) -> None:
    with engine.network(), registry(engine.root_file_system({})) as host:
        name = f"{host}/mine:1"
        client.tag_image(IMAGE, name)
        client.push_image(name)
        client.remove_image(name)
        assert client.run_container(name, command=["cat", "/etc/motd"], remove=True)[0] == b"welcome\n"
        client.tag_image(IMAGE, f"{host}/private/one")
        with pytest.raises(AccessDenied, match=f"the image {host}/private/one can't be pushed"):
            client.push_image(f"{host}/private/one")
        with pytest.raises(NoSuchImage, match=f"the image {host}/nothing can't be pushed"):
            client.push_image(f"{host}/nothing")


def test_who_logs_in_may_push(client: ContainerClient, engine: Engine) -> None:
    with engine.network(), registry(engine.root_file_system({}), user="me:secret") as host:
        name = f"{host}/mine"
        client.tag_image(IMAGE, name)
        with pytest.raises(AccessDenied):
            client.push_image(name)
        client.push_image(name, auth_config={"username": "me", "password": "secret"})
        with pytest.raises(AccessDenied, match=f"me can't be logged in at {host}: "):
            client.login("me", "wrong", registry=host)
        client.login("me", "secret", registry=host)
        client.push_image(name)
        client.pull_image(name)


def test_what_a_credential_helper_does_not_find_is_not_the_image(
    client: ContainerClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    helper = tmp_path / "docker-credential-broken"
    helper.write_text("#!/bin/sh\necho its key was not found; exit 1\n")
    helper.chmod(0o755)
    (tmp_path / "config.json").write_text('{"credHelpers": {"registry.test": "broken"}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for use in (client.pull_image, lambda image: client.login("me", "secret", registry="registry.test")):
        with pytest.raises(ContainerException, match=r"docker-credential-broken .*its key was not found") as caught:
            use("registry.test/mine")
        assert type(caught.value) is ContainerException


def test_a_registry_that_is_not_there_is_named(client: ContainerClient) -> None:
    host = f"127.0.0.1:{get_free_tcp_port()}"
    client.tag_image(IMAGE, f"{host}/mine")
    with pytest.raises(RegistryConnectionError, match=f"the image {host}/mine can't be pushed: .*refused"):
        client.push_image(f"{host}/mine")
