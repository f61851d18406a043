"""Nine hooks of real extensions in a real platform."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from platforms import Home, Platform

HOOKS = (
    "on_extension_load",
    "on_platform_start",
    "update_gateway_routes",
    "update_request_handlers",
    "update_response_handlers",
    "update_exception_handlers",
    "update_finalizers",
    "on_platform_ready",
    "on_platform_shutdown",
)

RECORDER = """
import threading
from localstack.aws import handlers as singletons
from localstack.extensions.api import Extension
from localstack.services.edge import ROUTER

EXPECTED = {
    "update_gateway_routes": ROUTER,
    "update_request_handlers": singletons.serve_custom_service_request_handlers,
    "update_response_handlers": singletons.run_custom_response_handlers,
    "update_exception_handlers": singletons.serve_custom_exception_handlers,
    "update_finalizers": singletons.run_custom_finalizers,
}

def recording(hook):
    def call(self, *arguments):
        same = [argument is EXPECTED[hook] for argument in arguments]
        print(f"HOOK {self.name} {hook} {threading.current_thread().name} {same}", flush=True)
    return call

class TheExtension(Extension):
    name = "%s"
    def __init__(self):
        print("CONSTRUCTED", flush=True)

for hook in %r:
    setattr(TheExtension, hook, recording(hook))
"""

GREETER = """
from localstack.extensions.api import Extension

class TheExtension(Extension):
    name = "greeter"
    def update_gateway_routes(self, router):
        router.add("/greet/<who>", lambda request, who: f"hello {who}")
    def on_platform_ready(self):
        print("greeter is ready", flush=True)
"""


def test_nine_hooks_are_called_once_each_in_order_with_the_singletons_on_their_threads(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("recorder", RECORDER % ("recorder", HOOKS))
    platform = start()
    platform.wait_for("HOOK recorder on_platform_ready")
    assert platform.signal() == 0
    calls = re.findall(r"^HOOK recorder (\w+) (.*) (\[.*\])$", platform.output, re.MULTILINE)
    assert [hook for hook, _, _ in calls] == list(HOOKS)
    assert {same for hook, _, same in calls if hook.startswith("update_")} == {"[True]"}
    threads = {hook: thread for hook, thread, _ in calls}
    assert {threads[hook] for hook in HOOKS[:7]} == {"MainThread"}
    assert threads["on_platform_ready"].endswith("(_run_ready_monitor)")
    assert threads["on_platform_shutdown"] == "Runtime-Shutdown"
    assert platform.output.count("CONSTRUCTED") == 1


def test_on_platform_ready_comes_after_the_ready_marker_and_phases_go_across_extensions(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("bravo", RECORDER % ("bravo", HOOKS))
    home.write_extension("alpha", RECORDER % ("alpha", HOOKS))
    platform = start()
    platform.wait_for("HOOK bravo on_platform_ready")
    lines = platform.stdout
    assert lines.index("Ready.") < next(i for i, line in enumerate(lines) if "HOOK alpha on_platform_ready" in line)
    starts = [line.split()[1:3] for line in lines if line.startswith("HOOK")]
    assert starts[:4] == [
        ["alpha", "on_extension_load"],
        ["bravo", "on_extension_load"],
        ["alpha", "on_platform_start"],
        ["bravo", "on_platform_start"],
    ]
    assert lines.count("Ready.") == 1
    assert re.search(r"INFO --- \[  MainThread\] l\.extensions\.platform +: loaded 2 extensions", platform.log)


@pytest.mark.parametrize("hook", ["import", "constructor", "should_load", *HOOKS])
def test_an_extension_that_raises_anywhere_is_reported_with_its_own_line_and_hinders_nobody(
    hook: str, home: Home, start: Callable[..., Platform]
) -> None:
    method = {"constructor": "__init__"}.get(hook, hook)
    source = f"""
    from localstack.extensions.api import Extension

    def boom():
        raise ValueError("this is broken")

    class TheExtension(Extension):
        name = "broken"
        def {method}(self, *args):
            boom()
    """
    if hook == "import":
        source = "from localstack.extensions.api import Extension\nraise ValueError('this is broken')\n"
    home.write_extension("broken", source)
    home.write_extension("greeter", GREETER)
    platform = start()
    assert platform.get("/greet/world").text == "hello world"
    platform.wait_for("greeter is ready")
    assert platform.signal() == 0
    fault = re.search(
        r"ERROR --- .*extension broken failed in (\S+): ValueError: this is broken \((.*)\)", platform.log
    )
    assert fault is not None, platform.log
    assert fault[1] == hook
    assert fault[2].startswith("broken_ext.py:")
    assert "Traceback" not in platform.log
    loaded = 2 if hook in HOOKS[1:] else 1
    assert f"loaded {loaded} extensions" in platform.log


def test_a_hook_of_a_library_is_named_by_the_librarys_own_line(home: Home, start: Callable[..., Platform]) -> None:
    project = home.write_extension(
        "inheriting", "from shared_base import Base\nclass TheExtension(Base):\n    name = 'inheriting'\n"
    )
    (project / "shared_base.py").write_text(
        "from localstack.extensions.api import Extension\nfrom localstack.utils.run import run\n"
        "class Base(Extension):\n    def on_platform_start(self):\n        run('exit 3', print_error=False)\n"
    )
    platform = start()
    platform.wait_for(r"inheriting failed in on_platform_start: .*\(shared_base\.py:5 in on_platform_start\)")


def test_an_extension_that_exits_ends_neither_the_platform_nor_a_request_of_others(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("quitter", "import sys\nsys.exit('not today')\n")
    home.write_extension(
        "leaver",
        """
        import asyncio, sys
        from localstack.extensions.api import Extension
        def cancel(request):
            raise asyncio.CancelledError("given up")
        class TheExtension(Extension):
            name = "leaver"
            def on_platform_start(self):
                raise KeyboardInterrupt
            def update_gateway_routes(self, router):
                router.add("/leave", lambda request: sys.exit("gone\\nfor good"))
                router.add("/cancel", cancel)
            def update_response_handlers(self, handlers):
                handlers.append(lambda chain, context, response: sys.exit(3))
        """,
    )
    home.write_extension("greeter", GREETER)
    platform = start()
    assert platform.get("/greet/world").text == "hello world"
    answer = platform.get("/leave")
    assert answer.status_code == 500
    assert "extension leaver failed in route /leave: SystemExit: gone for good" in answer.json()["message"]
    answer = platform.get("/cancel")
    assert answer.status_code == 500
    assert "extension leaver failed in route /cancel: CancelledError: given up" in answer.json()["message"]
    assert platform.get("/greet/world").text == "hello world"
    for text in (
        "extension quitter failed in import: SystemExit: not today (quitter_ext.py:2",
        "extension leaver failed in on_platform_start: KeyboardInterrupt",
        "extension leaver failed in route /leave: SystemExit: gone for good",
        "extension leaver failed in response handler: SystemExit: 3",
    ):
        assert text in platform.log
    assert "Traceback" not in platform.log
    assert platform.signal() == 0


def test_debug_shows_the_authors_own_frames(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension(
        "broken",
        """
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "broken"
            def on_platform_start(self):
                {}["missing"]
        """,
    )
    platform = start(DEBUG="1")
    traceback = platform.log[platform.log.index("Traceback") :]
    assert "broken_ext.py" in traceback
    assert "guard.py" not in traceback.partition("KeyError")[0]


def test_an_extension_that_asks_not_to_be_loaded_is_silent_and_not_counted(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension(
        "shy",
        """
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "shy"
            def should_load(self):
                return False
        """,
    )
    platform = start()
    assert "loaded 0 extensions" in platform.log
    assert "shy" not in platform.log
    assert [(e["name"], e["state"]) for e in platform.get("/_localstack/extensions/list").json()] == [
        ("shy", "disabled")
    ]


def test_of_two_extensions_with_one_name_the_first_distribution_wins_and_both_are_named(
    home: Home, start: Callable[..., Platform]
) -> None:
    for distribution in ("zulu-dist", "alpha-dist"):
        module = distribution.replace("-", "_")
        home.write_extension(
            module,
            f"""
            from localstack.extensions.api import Extension
            class TheExtension(Extension):
                name = "twin"
                def update_gateway_routes(self, router):
                    router.add("/who", lambda request: "{distribution}")
            """,
            distribution=distribution,
        )
    platform = start()
    assert platform.get("/who").text == "alpha-dist"
    assert "loaded 1 extensions" in platform.log
    warning = next(line for line in platform.stderr if "WARN" in line and "twin" in line)
    assert "alpha-dist" in warning
    assert "zulu-dist" in warning
    listed = platform.get("/_localstack/extensions/list").json()
    assert {(e["distribution"]["name"], e["state"], *e["contributions"]) for e in listed} == {
        ("alpha-dist", "loaded", "route: /who"),
        ("zulu-dist", "refused"),
    }


def test_a_broken_neighbour_whose_entry_point_has_the_same_name_takes_nothing_away(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension(
        "early",
        """
        from localstack.extensions.api import Extension
        from localstack.services.edge import ROUTER
        class TheExtension(Extension):
            name = "twin"
            def on_extension_load(self):
                ROUTER.add("/early", lambda request: "still here")
        """,
        distribution="alpha-dist",
    )
    home.write_extension("late", "raise RuntimeError", 'twin = "late_ext:TheExtension"', distribution="zulu-dist")
    platform = start()
    assert "extension twin failed in import: RuntimeError" in platform.log
    assert platform.get("/early").text == "still here"


def test_a_plugin_spec_is_an_extension_too_and_the_class_attribute_is_its_name(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension(
        "spec",
        """
        from plux import PluginSpec
        from localstack.extensions.api import Extension
        class Hidden(Extension):
            name = "by-spec"
            def update_gateway_routes(self, router):
                router.add("/spec", lambda request: {"from": "spec"})
        spec = PluginSpec(Hidden.namespace, Hidden.name, Hidden)
        """,
        entry_points='another-name = "spec_ext:spec"',
    )
    platform = start()
    assert platform.get("/spec").json() == {"from": "spec"}
    assert [e["name"] for e in platform.get("/_localstack/extensions/list").json()] == ["by-spec"]


def test_what_an_extension_adds_is_listed_under_its_name(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension(
        "owner",
        """
        from localstack.aws.handlers import preprocess_request
        from localstack.aws.handlers.cors import ALLOWED_CORS_ORIGINS
        from localstack.extensions.api import Extension
        from localstack.http import Resource
        from localstack.services.internal import get_internal_apis

        def on_request(chain, context, response): ...

        class Info:
            def on_get(self, request):
                return {"own": "resource"}

        class TheExtension(Extension):
            name = "owner"
            def on_platform_start(self):
                ALLOWED_CORS_ORIGINS.append("http://example.test:9999")
                preprocess_request.append(on_request)
                get_internal_apis().add(Resource("/_localstack/owner", Info()))
            def update_gateway_routes(self, router):
                router.add("/owned", lambda request: "mine", methods=["GET"])
            def update_request_handlers(self, handlers):
                handlers.handlers.insert(0, on_request)
            def update_response_handlers(self, handlers):
                handlers.append(on_request)
            def update_finalizers(self, handlers):
                handlers.handlers += [on_request]
        """,
    )
    platform = start()
    assert platform.get("/_localstack/owner").json() == {"own": "resource"}
    listed = platform.get("/_localstack/extensions/list").json()
    assert listed[0]["distribution"]["name"] == "owner"
    assert set(listed[0]["contributions"]) == {
        "CORS origin: http://example.test:9999",
        "preprocessor: owner_ext.on_request",
        "internal resource: GET /_localstack/owner",
        "route: GET /owned",
        "request handler: owner_ext.on_request",
        "response handler: owner_ext.on_request",
        "finalizer: owner_ext.on_request",
    }, json.dumps(listed, indent=1)


def test_an_extension_that_requires_twisted_is_pointed_to_the_server_that_it_may_need(
    home: Home, start: Callable[..., Platform]
) -> None:
    project = home.write_extension("patching", GREETER.replace("greeter", "patching"))
    metadata = project / "patching.egg-info"
    metadata.mkdir()
    (metadata / "PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: patching\nVersion: 0.1.0\nRequires-Dist: Twisted[http2]>=24\n"
    )
    (metadata / "entry_points.txt").write_text("[localstack.extensions]\npatching = patching_ext:TheExtension\n")
    hint = "start with GATEWAY_SERVER=twisted"
    assert hint in start(GATEWAY_SERVER="leanto").log
    assert hint not in start(GATEWAY_SERVER="twisted", MAIN_CONTAINER_NAME="second").log
