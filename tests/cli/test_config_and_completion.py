"""config show, config validate, completion."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from platforms import Home


def test_config_show_names_every_setting_by_its_variable(home: Home) -> None:
    given = {
        "DEBUG": "1",
        "LS_LOG": "debug",
        "GATEWAY_LISTEN": "127.0.0.1:4600,127.0.0.1:4601",
        "MAIN_CONTAINER_NAME": "other",
        "SHUTDOWN_TIMEOUT": "7",
        "CLEAR_TMP_FOLDER": "0",
        "SERVICES": "s3,sqs",
        "LOG_LEVEL_OVERRIDES": "a.b=DEBUG",
        "EXTERNAL_SERVICE_PORTS_START": "5000",
        "LOCALSTACK_RESPONSE_HEADER_ENABLED": "0",
    }
    shown = json.loads(home.run("config", "show", "-f", "json", cwd=home.path, text="", **given).stdout)
    assert shown["GATEWAY_LISTEN"] == ["127.0.0.1:4600", "127.0.0.1:4601"]
    assert (shown["DEBUG"], shown["CLEAR_TMP_FOLDER"], shown["LOCALSTACK_RESPONSE_HEADER_ENABLED"]) == (
        True,
        False,
        False,
    )
    assert (shown["MAIN_CONTAINER_NAME"], shown["LS_LOG"]) == ("other", "debug")
    assert (shown["SHUTDOWN_TIMEOUT"], shown["EXTERNAL_SERVICE_PORTS_START"]) == (7, 5000)
    assert (shown["SERVICES"], shown["LOG_LEVEL_OVERRIDES"]) == (["s3", "sqs"], ["a.b=DEBUG"])
    assert shown["LOCALSTACK_VOLUME_DIR"] == str(home.volume)


def test_config_show_has_all_its_formats_and_wraps_none_for_programs(home: Home) -> None:
    long = ",".join(f"localstack-extension-number-{n}" for n in range(20))
    plain = home.run("config", "show", "-f", "plain", EXTENSION_AUTO_INSTALL=long).stdout.splitlines()
    assert f"EXTENSION_AUTO_INSTALL={long}" in plain
    assert "DEBUG=false" in plain
    shown = ast.literal_eval(home.run("config", "show", "-f", "dict", EXTENSION_AUTO_INSTALL=long).stdout)
    assert shown["EXTENSION_AUTO_INSTALL"] == long.split(",")
    assert long in home.run("config", "show", EXTENSION_AUTO_INSTALL=long).stdout


def test_config_show_shows_no_secret(home: Home) -> None:
    secrets = {
        "LOCALSTACK_AUTH_TOKEN": "ls-secret-token",
        "LOCALSTACK_API_KEY": "secret-api-key",
        "EXTENSION_AUTO_INSTALL": "git+https://me:secret-password@example.com/x.git",
    }
    for output_format in ("table", "plain", "dict", "json"):
        result = home.run("config", "show", "-f", output_format, cwd=home.path, text="", **secrets)
        assert result.returncode == 0
        assert "secret" not in result.stdout


def test_config_show_takes_the_profile_into_account(home: Home) -> None:
    home.config.mkdir()
    (home.config / "dev.env").write_text("PERSISTENCE=1\n")
    shown = json.loads(home.run("config", "show", "-f", "json", "--profile", "dev").stdout)
    assert (shown["PERSISTENCE"], shown["CONFIG_PROFILE"]) == (True, ["dev"])


def test_a_profile_that_is_not_there_is_no_valid_configuration(home: Home) -> None:
    result = home.run("config", "validate", "--profile", "ci")
    assert (result.returncode, result.stdout) == (1, "✖ validation error\n")
    assert "there is no profile ci" in result.stderr
    assert str(home.config / "ci.env") in result.stderr


def test_a_start_names_a_profile_that_is_not_there(home: Home) -> None:
    home.volume.write_text("so that it goes no further")
    result = home.run("--profile", "ci", "start")
    assert (
        f"WARN --- [  MainThread] localstack.host.cli.start  : there is no profile ci: {home.config}" in result.stderr
    )


def test_a_good_configuration_is_valid(home: Home) -> None:
    (home.path / "good.env").write_text("DEBUG=1\nGATEWAY_LISTEN=:4600\n")
    for arguments in (["config", "validate"], ["config", "validate", "-f", "good.env"]):
        result = home.run(*arguments)
        assert (result.returncode, result.stdout) == (0, "✔ config valid\n")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("bad.env", "GATEWAY_LISTEN=127.0.0.1:port\n", "the port 'port'"),
        ("bad.env", "SHUTDOWN_TIMEOUT=soon\n", "SHUTDOWN_TIMEOUT='soon'"),
        ("bad.env", "DEBUG\n", "'DEBUG' has no value"),
        ("bad.env", "LS_LOG=loud\n", "LS_LOG='loud' is not known"),
        ("docker-compose.yml", "services: {}\n", "no profile file"),
    ],
)
def test_what_is_wrong_in_a_profile_file_is_said(home: Home, name: str, content: str, reason: str) -> None:
    (home.path / name).write_text(content)
    result = home.run("config", "validate", "-f", name)
    assert (result.returncode, result.stdout) == (1, "✖ validation error\n")
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_profile_file_is_wrong_usage(home: Home) -> None:
    assert home.run("config", "validate", "-f", "missing.env").returncode == 2


def test_a_wrong_setting_in_the_environment_is_not_valid(home: Home) -> None:
    result = home.run("config", "validate", GATEWAY_LISTEN="nonsense:x")
    assert result.returncode == 1
    assert "GATEWAY_LISTEN='nonsense:x'" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_of_each_shell_is_printed(home: Home, shell: str) -> None:
    result = home.run("completion", shell)
    assert result.returncode == 0
    assert f"_LOCALSTACK_COMPLETE={shell}_complete" in result.stdout


@pytest.mark.parametrize("name", ["localstack", "leanto"])
def test_bash_completes_commands_after_the_script_is_read(home: Home, name: str) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not there")
    script = (
        f'eval "$({name} completion bash)"\n'
        f"COMP_WORDS=({name} st); COMP_CWORD=1\n"
        f'_{name}_completion {name}; echo "${{COMPREPLY[*]}}"; complete -p {name}'
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = home.environ(PATH=path)
    result = subprocess.run([bash, "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert result.stdout.splitlines()[0] == "start stop status", result.stderr


def test_an_unknown_shell_is_wrong_usage(home: Home) -> None:
    assert home.run("completion", "tcsh").returncode == 2
