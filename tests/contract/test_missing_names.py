"""What LocalStack has and this host has not is missing with an explanation, and still in Python's own ways."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from extension_packages import Project, build
from platforms import Home, Platform

PRELUDE = """\
import json, sys
from localstack import config
from localstack.host.missing_names import explain_missing_names

explain_missing_names()
explain_missing_names()


def attempt(statement):
    try:
        exec(compile(statement, "extension.py", "exec"), {"__name__": "my_extension.extension"})
    except Exception as error:
        return [type(error).__name__, [kind.__name__ for kind in type(error).__mro__], error.name, str(error)]
    return None


print(json.dumps([attempt(statement) for statement in json.load(sys.stdin)]))
"""

MODULES = {
    "import localstack.pro.core.services.ecs.models": "localstack.pro.core.services.ecs.models",
    "from localstack.pro.core.services.ecs.models import ecs_stores": "localstack.pro.core.services.ecs.models",
    "import localstack_ext.nowhere": "localstack_ext.nowhere",
    "from localstack.services.sqs.provider import sqs_stores": "localstack.services.sqs.provider",
    "import localstack_cli.nowhere": "localstack_cli.nowhere",
    "import importlib; importlib.import_module('localstack.utils.nowhere')": "localstack.utils.nowhere",
    "__import__('localstack.nowhere.deep')": "localstack.nowhere.deep",
}
NAMES = {
    "from localstack.config import NOWHERE": ("NOWHERE", "localstack.config"),
    "from localstack.utils import nowhere": ("nowhere", "localstack.utils"),
    "from localstack import nowhere": ("nowhere", "localstack"),
    "from localstack.pro.core import nowhere": ("nowhere", "localstack.pro.core"),
    "from localstack_ext import config, nowhere": ("nowhere", "localstack_ext"),
    "from localstack.utils.strings import to_str, nowhere": ("nowhere", "localstack.utils.strings"),
    "from localstack.packages import Package, nowhere": ("nowhere", "localstack.packages"),
}
ATTRIBUTES = {
    "from localstack import config; config.NOWHERE": ("NOWHERE", "localstack.config"),
    "import localstack.utils.net; localstack.utils.net.nowhere()": ("nowhere", "localstack.utils.net"),
}
FINE = (
    "try:\n    import localstack.pro.core.nowhere\nexcept ImportError:\n    pass",
    "try:\n    import localstack.pro.core.nowhere\nexcept ModuleNotFoundError:\n    pass",
    "try:\n    from localstack.config import NOWHERE\nexcept ImportError:\n    pass",
    "from localstack import config; assert not hasattr(config, 'NOWHERE')",
    "from localstack import config; assert getattr(config, 'NOWHERE', 1) == 1",
    "import importlib.util as u; assert u.find_spec('localstack.nowhere') is None",
    "import importlib.util as u; assert u.find_spec('localstack_ext.nowhere') is None",
    "import importlib.util as u; assert u.find_spec('localstack.packages').origin.endswith('packages/__init__.py')",
    "from localstack.aws import handlers; from localstack.utils import net, serving",
    "from localstack.packages import *; Package",
    "import inspect, localstack.packages.core as core; assert 'class' in inspect.getsource(core)",
    "import pkgutil, localstack.utils; assert list(pkgutil.iter_modules(localstack.utils.__path__))",
    "import localstack.sdk.aws",
)
ELSEWHERE = {
    "import nowhere": "No module named 'nowhere'",
    "import localstack.host.nowhere": "No module named 'localstack.host.nowhere'",
}
ALL = (*MODULES, *NAMES, *ATTRIBUTES, *FINE, *ELSEWHERE)

Outcome = tuple[str, list[str], str, str] | None


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE], input=json.dumps(ALL), capture_output=True, text=True, check=True, timeout=60
    )
    return dict(zip(ALL, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize(("statement", "module"), MODULES.items())
def test_a_missing_module_is_named_with_who_asks_why_and_what_to_do(
    outcomes: dict[str, Outcome], statement: str, module: str
) -> None:
    outcome = outcomes[statement]
    assert outcome is not None
    kind, kinds, name, message = outcome
    assert kind == "MissingModuleError"
    assert "ModuleNotFoundError" in kinds
    assert module.startswith(name)
    start = f"line 1 of my_extension.extension needs the module {module}, which this host does not have: "
    assert message.startswith(start)
    assert message.endswith("; `localstack extensions check NAME` lists all that is missing")


@pytest.mark.parametrize(("statement", "name", "module"), [(s, *named) for s, named in NAMES.items()])
def test_a_missing_name_is_an_import_error(
    outcomes: dict[str, Outcome], statement: str, name: str, module: str
) -> None:
    outcome = outcomes[statement]
    assert outcome is not None
    kind, kinds, of, message = outcome
    assert (kind, of) == ("MissingNameError", module)
    assert "ImportError" in kinds
    assert "ModuleNotFoundError" not in kinds
    assert f"needs {name} in {module}, which this host does not have: " in message


@pytest.mark.parametrize(("statement", "name", "module"), [(s, *named) for s, named in ATTRIBUTES.items()])
def test_a_missing_attribute_is_an_attribute_error(
    outcomes: dict[str, Outcome], statement: str, name: str, module: str
) -> None:
    outcome = outcomes[statement]
    assert outcome is not None
    assert (outcome[0], outcome[2]) == ("AttributeError", name)
    assert f"needs {name} in {module}, which this host does not have: " in outcome[3]


@pytest.mark.parametrize("statement", FINE)
def test_who_is_prepared_goes_on(outcomes: dict[str, Outcome], statement: str) -> None:
    assert outcomes[statement] is None


@pytest.mark.parametrize(("statement", "message"), ELSEWHERE.items())
def test_what_is_nobodys_contract_keeps_pythons_message(
    outcomes: dict[str, Outcome], statement: str, message: str
) -> None:
    outcome = outcomes[statement]
    assert outcome is not None
    assert (outcome[0], outcome[3]) == ("ModuleNotFoundError", message)


def test_the_reason_tells_closed_code_from_the_inside_of_services(outcomes: dict[str, Outcome]) -> None:
    def reason(statement: str) -> str:
        outcome = outcomes[statement]
        assert outcome is not None
        return outcome[3].partition("does not have: ")[2].partition(";")[0]

    assert reason("import localstack_ext.nowhere") == "it is closed code of LocalStack"
    assert "moto" in reason("from localstack.services.sqs.provider import sqs_stores")
    assert "no extension" in reason("from localstack.config import NOWHERE")


BROKEN = """\
from localstack.extensions.api import Extension

try:
    from localstack.pro.core.services.ecs.models import ecs_stores
except ImportError:
    ecs_stores = None

from localstack.services.lambda_.invocation.event_manager import InvocationResult


class TheExtension(Extension):
    name = "broken"
"""

LATE = """\
from localstack.extensions.api import Extension


class TheExtension(Extension):
    name = "late"

    def on_platform_ready(self):
        from localstack.services.sqs.provider import sqs_stores
"""

REASON = "which this host does not have: it is the inside of LocalStack's own services"


def test_the_log_and_the_list_say_why_an_extension_has_failed(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension("broken", BROKEN)
    home.write_extension("late", LATE)
    platform = start()
    line = platform.wait_for("broken.*MissingModuleError")
    assert "line 8 of broken_ext needs the module localstack.services.lambda_.invocation.event_manager" in line
    assert REASON in line
    assert f"line 8 of late_ext needs the module localstack.services.sqs.provider, {REASON}" in platform.wait_for(
        "extension late failed in on_platform_ready"
    )
    listed = {e["name"]: e for e in platform.get("/_localstack/extensions/list").json()}
    assert (listed["broken"]["state"], listed["late"]["state"]) == ("failed", "loaded")
    assert REASON in listed["broken"]["last_fault"]
    assert REASON in listed["late"]["last_fault"]
    shown = home.run("extensions", "list").stdout.splitlines()
    assert [line.partition(": extension")[0] for line in shown if line.startswith("Running platform: ")] == [
        "Running platform: broken (failed)",
        "Running platform: late (loaded)",
    ]
    assert REASON in shown[-1]


def test_an_installation_is_refused_with_it(home: Home, tmp_path: Path) -> None:
    project = Project("leanto-test-broken", plugin="broken").write(tmp_path / "broken")
    (project / "leanto_test_broken" / "extension.py").write_text(BROKEN)
    wheel = build(project, tmp_path, "wheel")
    refused = home.run("extensions", "install", f"file://{wheel}", UV_OFFLINE="1")
    assert refused.returncode == 1
    assert "MissingModuleError: line 8 of leanto_test_broken.extension needs the module" in refused.stderr
    assert f"{REASON}, and here the services are moto's" in refused.stderr
