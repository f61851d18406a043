"""The few settings of LocalStack's closed part that extensions read and set, under all their names."""

from __future__ import annotations

import importlib

import pytest

from localstack.pro.core import config
from localstack.pro.core.bootstrap import auth, licensingv2
from platforms import Home


@pytest.mark.parametrize("name", ["localstack_ext.config", "localstack_cli.pro.core.config"])
def test_what_is_set_under_one_name_is_set_under_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = importlib.import_module(name)
    monkeypatch.setattr(other, "SMTP_HOST", "localhost:2525")
    assert config.SMTP_HOST == "localhost:2525"
    parent, _, child = name.rpartition(".")
    assert getattr(importlib.import_module(parent), child) is config


def test_nothing_is_kept_from_those_without_a_token(home: Home) -> None:
    assert home.run("auth", "show-token").returncode != 0
    assert config.is_auth_token_configured()
    assert config.is_api_key_configured()


def test_a_stored_token_is_given_to_nobody(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home.run("auth", "set-token", "ls-secret").returncode == 0
    monkeypatch.setenv("HOME", str(home.path))
    monkeypatch.setenv("CONFIG_DIR", str(home.config))
    assert auth.get_platform_auth_headers() == auth.get_auth_headers() == {}


def test_the_variables_of_credentials_have_their_names_under_both_paths() -> None:
    former = importlib.import_module("localstack_ext.bootstrap.licensingv2")
    names = (licensingv2.ENV_LOCALSTACK_AUTH_TOKEN, licensingv2.ENV_LOCALSTACK_API_KEY)
    assert names == ("LOCALSTACK_AUTH_TOKEN", "LOCALSTACK_API_KEY")
    assert names == (former.ENV_LOCALSTACK_AUTH_TOKEN, former.ENV_LOCALSTACK_API_KEY)
