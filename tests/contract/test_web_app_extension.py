"""``WebAppExtension``: served by a gateway over HTTP, by path and by host name."""

from __future__ import annotations

import importlib
import logging
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from rolo.gateway import Gateway, RequestContext
from rolo.gateway.handlers import RouterHandler
from rolo.gateway.wsgi import WsgiGateway
from werkzeug.serving import make_server

from localstack import config
from localstack.aws import handlers
from localstack.aws.handlers import cors
from localstack.extensions.patterns.webapp import WebAppExtension
from localstack.http import Router
from localstack.http.dispatcher import handler_dispatcher
from platforms import Home, Platform

EXTENSION = """
    from localstack.extensions.patterns.webapp import WebAppExtension
    from localstack.http import route

    class Api:
        @route("/api/things", methods=["GET"])
        def things(self, request):
            return {"things": [1, 2]}

    class Notes(WebAppExtension):
        name = "notes"

        def collect_routes(self, routes):
            routes.append(Api())

        @route("/")
        def index(self, request, **kwargs):
            return self.render_template_response("index.html", title="<Notes>")

        @route("/check", methods=["HEAD"])
        def a_head(self, request):
            from localstack.http import Response
            return Response(headers={"X-Head": "own"})

        @route("/check", methods=["GET"])
        def check(self, request):
            return "got"
"""


class Package:
    """An extension's package in a temporary folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.name = name
        self.write("__init__.py", "")

    def write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text))

    def load(self, class_name: str, **kwargs: Any) -> Any:
        module = importlib.import_module(f"{self.name}.extension")
        return getattr(module, class_name)(**kwargs)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Package]:
    name = f"package_of_{request.node.originalname}"
    monkeypatch.syspath_prepend(tmp_path)
    package = Package(tmp_path, name)
    package.write("extension.py", EXTENSION)
    package.write("templates/index.html", "<h1>{{ title }}</h1>")
    package.write("static/__init__.py", "")
    package.write("static/css/style.css", "body {}")
    yield package
    for module in [each for each in sys.modules if each.partition(".")[0] == name]:
        del sys.modules[module]


@pytest.fixture(autouse=True)
def gateway_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take out of the platform's lists what a test adds to them."""
    monkeypatch.setattr(config, "LOCALSTACK_HOST", config.HostAndPort("localhost.localstack.cloud", 4566))
    before = list(handlers.preprocess_request.handlers), list(cors.ALLOWED_CORS_ORIGINS)
    yield
    handlers.preprocess_request.handlers[:], cors.ALLOWED_CORS_ORIGINS[:] = before


@pytest.fixture
def router() -> Router[Any]:
    return Router(dispatcher=handler_dispatcher())


@pytest.fixture
def url(router: Router[Any]) -> Iterator[str]:
    """A gateway with the platform's first handlers and the router, on a free port."""
    gateway = Gateway(
        request_handlers=[handlers.preprocess_request, RouterHandler(router, respond_not_found=True)],
        context_class=RequestContext,
    )
    server = make_server("127.0.0.1", 0, WsgiGateway(gateway), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def get(url: str, host: str | None = None, method: str = "GET") -> requests.Response:
    return requests.request(method, url, headers={"Host": host} if host else {}, allow_redirects=False, timeout=10)


def mount(extension: WebAppExtension, router: Router[Any]) -> None:
    extension.on_extension_load()
    extension.update_gateway_routes(router)


def test_routes_are_served_by_path_and_by_host_name(package: Package, router: Router[Any], url: str) -> None:
    mount(package.load("Notes"), router)
    host = "notes.localhost.localstack.cloud:4566"
    for base, name in ((f"{url}/_extension/notes", None), (url, host), (url, "notes.localhost.localstack.cloud")):
        page = get(f"{base}/", name)
        assert (page.status_code, page.text) == (200, "<h1>&lt;Notes&gt;</h1>")
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert get(f"{base}/api/things", name).json() == {"things": [1, 2]}
    assert get(f"{url}/", "other.localhost.localstack.cloud:4566").status_code == 404


def test_static_files_are_served_with_their_type(package: Package, router: Router[Any], url: str) -> None:
    mount(package.load("Notes"), router)
    answer = get(f"{url}/_extension/notes/static/css/style.css")
    assert (answer.text, answer.headers["Content-Type"]) == ("body {}", "text/css; charset=utf-8")
    assert get(f"{url}/_extension/notes/static/none.css").status_code == 404
    assert get(f"{url}/_extension/notes/static/..%2f..%2fextension.py").status_code == 404
    assert get(f"{url}/static/css/style.css", "notes.localhost.localstack.cloud:4566").text == "body {}"


def test_a_rule_for_head_is_not_answered_by_one_for_get(package: Package, router: Router[Any], url: str) -> None:
    mount(package.load("Notes"), router)
    assert get(f"{url}/_extension/notes/check", method="HEAD").headers["X-Head"] == "own"
    assert get(f"{url}/_extension/notes/check").text == "got"


def test_the_bare_path_is_redirected_with_its_query(package: Package, router: Router[Any], url: str) -> None:
    mount(package.load("Notes"), router)
    answer = get(f"{url}/_extension/notes?a=1&b=%2F")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{url}/_extension/notes/?a=1&b=%2F")
    assert get(f"{url}/_extension/notes").headers["Location"] == f"{url}/_extension/notes/"
    assert get(f"{url}/_extension/notes/").status_code == 200


def test_pages_of_the_extensions_host_may_call_the_gateway_and_its_urls_are_logged(
    package: Package, router: Router[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        mount(package.load("Notes"), router)
    assert cors.ALLOWED_CORS_ORIGINS[-2:] == [
        "http://notes.localhost.localstack.cloud:4566",
        "https://notes.localhost.localstack.cloud:4566",
    ]
    assert caplog.messages == [
        "notes extension available at https://localhost.localstack.cloud:4566/_extension/notes",
        "notes extension available at https://notes.localhost.localstack.cloud:4566",
    ]


def test_path_and_host_name_can_be_chosen(package: Package, router: Router[Any], url: str) -> None:
    extension = package.load("Notes", submount="/own/path", subdomain="memo")
    mount(extension, router)
    assert get(f"{url}/own/path/").status_code == 200
    assert get(f"{url}/", "memo.localhost.localstack.cloud:4566").status_code == 200
    assert get(f"{url}/_extension/notes/").status_code == 404
    assert extension.get_submount_url("http") == "http://localhost.localstack.cloud:4566/own/path"
    assert extension.get_subdomain_url("http") == "http://memo.localhost.localstack.cloud:4566"
    assert package.load("Notes", mount="pad").submount == "/_extension/pad"


def test_path_and_host_name_can_be_left_out(package: Package, router: Router[Any], url: str) -> None:
    only_host = package.load("Notes", submount=None)
    mount(only_host, router)
    assert get(f"{url}/_extension/notes/").status_code == 404
    assert get(f"{url}/", "notes.localhost.localstack.cloud:4566").status_code == 200
    with pytest.raises(ValueError, match="no submount"):
        only_host.get_submount_url()
    with pytest.raises(ValueError, match="no subdomain"):
        package.load("Notes", subdomain=None).get_subdomain_url()


def test_an_extension_without_static_files_is_told_so_and_served(
    package: Package, router: Router[Any], url: str, caplog: pytest.LogCaptureFixture
) -> None:
    mount(package.load("Notes", static_package_path="assets"), router)
    assert "disabling static resources for extension notes" in caplog.messages
    assert caplog.messages.count("disabling static resources for extension notes") == 1
    assert get(f"{url}/_extension/notes/").status_code == 200
    assert get(f"{url}/_extension/notes/static/css/style.css").status_code == 404


def test_a_static_package_that_can_not_be_imported_is_an_error(package: Package) -> None:
    package.write("static/__init__.py", "import not_installed_anywhere")
    with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
        package.load("Notes").on_extension_load()


def test_an_extension_may_replace_the_load_hook(package: Package, router: Router[Any], url: str) -> None:
    package.write("extension.py", textwrap.dedent(EXTENSION) + "\n    def on_extension_load(self): pass\n")
    mount(package.load("Notes"), router)
    assert get(f"{url}/_extension/notes/static/css/style.css").text == "body {}"


def test_an_extension_without_templates_needs_no_folder_for_them(
    package: Package, router: Router[Any], url: str
) -> None:
    extension = package.load("Notes", template_package_path=None, static_url_path="/files")
    mount(extension, router)
    assert get(f"{url}/_extension/notes/files/css/style.css").text == "body {}"
    with pytest.raises(ValueError, match="has no templates"):
        extension.render_template("index.html")


def test_templates_render_to_text_and_plain_ones_to_plain_responses(package: Package) -> None:
    package.write("templates/note.txt", "{{ text }}")
    extension = package.load("Notes")
    assert extension.render_template("note.txt", text="<b>") == "<b>"
    assert extension.render_template_response("note.txt", text="x").mimetype == "text/plain"
    package.write("templates/note", "no suffix")
    assert extension.render_template_response("note").mimetype == "text/plain"


@pytest.mark.parametrize(("debug", "level"), [(True, logging.DEBUG), (False, logging.INFO)])
def test_the_extensions_own_log_follows_debug(
    package: Package, monkeypatch: pytest.MonkeyPatch, debug: bool, level: int
) -> None:
    monkeypatch.setattr(config, "DEBUG", debug)
    package.load("Notes").on_extension_load()
    assert logging.getLogger(package.name).level == level


def test_a_web_app_in_a_running_platform(home: Home, start: Callable[..., Platform]) -> None:
    project = home.write_extension("notes", "", entry_points='notes = "webnotes.extension:Notes"')
    package = Package(project, "webnotes")
    package.write("extension.py", EXTENSION)
    package.write("templates/index.html", "<h1>{{ title }}</h1>")
    platform = start()
    host = "notes.localhost.localstack.cloud"
    assert platform.get("/_extension/notes/").text == platform.get("/", host).text == "<h1>&lt;Notes&gt;</h1>"
    assert platform.get("/_extension/notes", allow_redirects=False).status_code == 301
    own = {"Origin": f"http://{host}:{platform.port}"}
    answer = platform.get("/_extension/notes/api/things", headers=own)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, own["Origin"])
    foreign = platform.get("/_extension/notes/api/things", headers={"Origin": "http://elsewhere.test"})
    assert foreign.status_code == 403
    assert "notes extension available at" in platform.log
    assert "disabling static resources for extension notes" in platform.log
