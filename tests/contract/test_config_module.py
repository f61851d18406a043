"""``localstack.config``, ``constants`` and ``testing.config``, each read by a Python of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from platforms import Home


def evaluate(home: Home, expression: str, statements: str = "", **environ: str) -> Any:
    """The value of an expression in a new Python that has imported ``config``."""
    code = f"import json\nfrom localstack import config\n{statements}\nprint(json.dumps({expression}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=home.environ(**environ),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def test_urls_of_the_gateway_for_clients_and_for_this_machine(home: Home) -> None:
    expression = (
        "[config.external_service_url(), config.internal_service_url(), config.get_edge_url(),"
        " config.get_edge_url(localstack_hostname='httpbin.example'),"
        " config.external_service_url(host='h', port=1, protocol='https', subdomains='a.b'),"
        " config.internal_service_url(host='h', subdomains='s3')]"
    )
    assert evaluate(home, expression) == [
        "http://localhost.localstack.cloud:4566",
        "http://localhost:4566",
        "http://localhost:4566",
        "http://httpbin.example:4566",
        "https://a.b.h:1",
        "http://s3.h:4566",
    ]


def test_urls_follow_the_environment(home: Home) -> None:
    environ = {"USE_SSL": "1", "LOCALSTACK_HOST": "gateway.test", "GATEWAY_LISTEN": "127.0.0.1:4577,127.0.0.1:4588"}
    expression = (
        "[config.external_service_url(), config.internal_service_url(), config.get_edge_port_http(),"
        " config.LOCALSTACK_HOST.host_and_port(), [str(each) for each in config.GATEWAY_LISTEN],"
        " config.get_protocol()]"
    )
    assert evaluate(home, expression, **environ) == [
        "https://gateway.test:4577",
        "https://localhost:4577",
        4577,
        "gateway.test:4577",
        ["127.0.0.1:4577", "127.0.0.1:4588"],
        "https",
    ]


def test_what_an_extension_assigns_is_what_others_and_the_functions_see(home: Home) -> None:
    statements = (
        "config.LOCALSTACK_HOST = config.HostAndPort('own.test', 80)\n"
        "config.USE_SSL = True\n"
        "config.NEW = 'kept'\n"
        "from localstack.utils.urls import localstack_host"
    )
    expression = "[config.external_service_url(), config.NEW, str(localstack_host()), str(localstack_host(9))]"
    assert evaluate(home, expression, statements) == ["https://own.test:80", "kept", "own.test:80", "own.test:9"]


def test_a_profile_file_sets_values(home: Home) -> None:
    home.config.mkdir()
    (home.config / "default.env").write_text("DEBUG=1\nEXTERNAL_SERVICE_PORTS_START=4520\n")
    expression = "[config.DEBUG, config.EXTERNAL_SERVICE_PORTS_START, config.EXTERNAL_SERVICE_PORTS_END]"
    assert evaluate(home, expression) == [True, 4520, 4560]


def test_values_have_the_documented_types(home: Home) -> None:
    environ = {"EXTRA_CORS_ALLOWED_ORIGINS": "https://a.test, https://b.test", "LS_LOG": "trace"}
    expression = (
        "[config.DEBUG, config.LS_LOG, config.GATEWAY_SERVER, config.EXTRA_CORS_ALLOWED_ORIGINS,"
        " config.PORTS_CHECK_DOCKER_IMAGE, config.is_in_docker, config.load_start_time > 0]"
    )
    assert evaluate(home, expression, **environ) == [
        True,
        "trace",
        "leanto",
        "https://a.test,https://b.test",
        "",
        False,
        True,
    ]


def test_whoever_runs_in_a_container_says_so(home: Home) -> None:
    assert evaluate(home, "config.is_in_docker", OVERRIDE_IN_DOCKER="1") is True


def test_folders_are_text_below_the_volume(home: Home) -> None:
    expression = "[config.dirs.var_libs, config.dirs.tmp, config.dirs.logs, config.dirs.init, config.VOLUME_DIR]"
    volume = str(home.volume)
    folders = evaluate(home, expression)
    assert folders == [f"{volume}/lib", f"{volume}/tmp", f"{volume}/logs", f"{home.config}/init", volume]
    assert not home.volume.exists(), "reading the configuration writes nothing"


def test_folders_are_made_when_that_is_asked_for(home: Home) -> None:
    are_made = "[os.path.isdir(each) for each in vars(config.dirs).values()]"
    assert evaluate(home, are_made, "import os") == [False] * 10
    assert evaluate(home, are_made, "import os; config.dirs.mkdir()") == [True] * 10
    assert evaluate(home, "config.Directories.for_host() == config.dirs") is True


def test_folders_of_localstacks_own_image_are_known(home: Home) -> None:
    folders = evaluate(home, "vars(config.Directories.for_container())")
    assert folders == {
        "static_libs": "/usr/lib/localstack",
        "var_libs": "/var/lib/localstack/lib",
        "cache": "/var/lib/localstack/cache",
        "tmp": "/tmp/localstack",
        "mounted_tmp": "/var/lib/localstack/tmp",
        "functions": "/var/lib/localstack/tmp/functions",
        "data": "/var/lib/localstack/state",
        "config": "/etc/localstack/conf.d",
        "init": "/etc/localstack/init",
        "logs": "/var/lib/localstack/logs",
    }


@pytest.mark.parametrize(("persistence", "folder"), [("0", "tmp/state"), ("1", "state")])
def test_state_outlives_the_run_only_with_persistence(home: Home, persistence: str, folder: str) -> None:
    assert evaluate(home, "config.dirs.data", PERSISTENCE=persistence) == f"{home.volume}/{folder}"


@pytest.mark.parametrize(
    ("value", "is_true", "is_not_false"),
    [("1", True, True), ("TRUE", True, True), ("0", False, False), ("False", False, False), ("yes", False, True)],
)
def test_flags_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, is_true: bool, is_not_false: bool
) -> None:
    from localstack import config

    monkeypatch.setenv("SOME_FLAG", value)
    assert config.is_env_true("SOME_FLAG") is is_true
    assert config.is_env_not_false("SOME_FLAG") is is_not_false


def test_an_unset_flag_is_neither_true_nor_false(monkeypatch: pytest.MonkeyPatch) -> None:
    from localstack import config

    monkeypatch.delenv("SOME_FLAG", raising=False)
    assert not config.is_env_true("SOME_FLAG")
    assert config.is_env_not_false("SOME_FLAG")


def test_addresses_compare_by_value_and_are_read_from_text() -> None:
    from localstack.config import HostAndPort

    address = HostAndPort.parse("[::1]:4566", default_host="localhost", default_port=1)
    assert address == HostAndPort("::1", 4566)
    assert {address, HostAndPort("::1", 4566)} == {address}
    assert address.host_and_port() == "[::1]:4566"
    assert HostAndPort.parse(":80", default_host="localhost", default_port=1) == HostAndPort("localhost", 80)


def test_importing_config_loads_nothing_of_aws(home: Home) -> None:
    statements = "import sys, localstack.constants, localstack.testing.config"
    expression = "sorted({name.partition('.')[0] for name in sys.modules} & {'boto3', 'botocore', 'moto', 'requests'})"
    assert evaluate(home, expression, statements) == []


def test_test_credentials_can_be_overridden(home: Home) -> None:
    statements = "from localstack.testing import config as testing"
    expression = "[testing.TEST_AWS_ACCESS_KEY_ID, testing.TEST_AWS_ACCOUNT_ID]"
    assert evaluate(home, expression, statements) == ["test", "000000000000"]
    assert evaluate(home, expression, statements, TEST_AWS_ACCOUNT_ID="111111111111") == ["test", "111111111111"]


def test_settings_are_read_under_the_names_of_their_variables(home: Home) -> None:
    environ = {
        "CLEAR_TMP_FOLDER": "0",
        "CUSTOM_SSL_CERT_PATH": "/certs/own.pem",
        "EAGER_SERVICE_LOADING": "1",
        "LOCALSTACK_RESPONSE_HEADER_ENABLED": "0",
        "MAIN_CONTAINER_NAME": "mine",
        "SNAPSHOT_FLUSH_INTERVAL": "3",
        "SNAPSHOT_SAVE_STRATEGY": "on_request",
        "STRICT_SERVICE_LOADING": "0",
        "ALLOW_NONSTANDARD_REGIONS": "1",
        "PARITY_AWS_ACCESS_KEY_ID": "1",
        "ENABLE_CONFIG_UPDATES": "1",
        "DISABLE_CORS_CHECKS": "1",
        "DISABLE_CORS_HEADERS": "1",
        "DISABLE_CUSTOM_CORS_APIGATEWAY": "1",
        "DISABLE_CUSTOM_CORS_S3": "1",
        "DISABLE_PREFLIGHT_PROCESSING": "1",
        "EXTRA_CORS_ALLOWED_HEADERS": "X-A,X-B",
        "EXTRA_CORS_EXPOSE_HEADERS": "X-C",
        "DOCKER_BRIDGE_IP": "10.1.0.1",
        "DOCKER_HOST_FROM_CONTAINER": "engine.test",
    }
    names = [*environ, "SNAPSHOT_LOAD_STRATEGY"]
    expression = f"[getattr(config, name) for name in {names}]"
    changed = [False, "/certs/own.pem", True, False, "mine", 3, "ON_REQUEST", False, True, True, True]
    changed += [True] * 5 + ["X-A,X-B", "X-C", "10.1.0.1", "engine.test", "ON_REQUEST"]
    defaults = [True, "", False, True, "localstack-main", 15, "SCHEDULED", True, False, False, False]
    bridge = "172.17.0.1"
    host = "host.docker.internal" if sys.platform == "darwin" else bridge
    defaults += [False] * 5 + ["", "", bridge, host, "ON_REQUEST"]
    assert evaluate(home, expression, **environ) == changed
    assert evaluate(home, expression) == defaults


def test_usage_is_reported_to_nobody_whatever_the_environment_says(home: Home) -> None:
    assert evaluate(home, "config.DISABLE_EVENTS", DISABLE_EVENTS="0") is True


def test_former_names_give_urls_and_ports_of_the_gateway(home: Home) -> None:
    environ = {"GATEWAY_LISTEN": "127.0.0.1:4577", "LOCALSTACK_HOST": "gateway.test:80"}
    expression = (
        "[config.service_url('sqs'), config.service_url('s3', subdomains='b'), config.service_port('sqs'),"
        " config.service_port('sqs', external=True)]"
    )
    assert evaluate(home, expression, **environ) == ["http://localhost:4577", "http://b.localhost:4577", 4577, 80]


def test_collecting_metrics_can_be_switched_on_at_any_time(home: Home) -> None:
    statements = (
        "import os\nbefore = config.is_collect_metrics_mode()\n"
        "os.environ['LOCALSTACK_INTERNAL_TEST_COLLECT_METRIC'] = '1'"
    )
    assert evaluate(home, "[before, config.is_collect_metrics_mode()]", statements) == [False, True]


def test_credentials_of_tests_are_known_by_their_former_place(home: Home) -> None:
    statements = "from localstack import constants"
    expression = (
        "[constants.TEST_AWS_ACCESS_KEY_ID, constants.TEST_AWS_ACCOUNT_ID, constants.TEST_AWS_REGION_NAME,"
        " constants.TEST_AWS_SECRET_ACCESS_KEY]"
    )
    environ = {"TEST_AWS_REGION_NAME": "eu-west-1"}
    assert evaluate(home, expression, statements, **environ) == ["test", "000000000000", "eu-west-1", "test"]


def test_texts_for_true_and_false_mean_what_the_flags_say(monkeypatch: pytest.MonkeyPatch) -> None:
    from localstack import config, constants

    for text in (*constants.TRUE_STRINGS, *constants.FALSE_STRINGS):
        monkeypatch.setenv("SOME_FLAG", text)
        assert config.is_env_true("SOME_FLAG") == (text in constants.TRUE_STRINGS)
        assert config.is_env_not_false("SOME_FLAG") == (text not in constants.FALSE_STRINGS)
