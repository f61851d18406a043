"""Extensions that are a web application under a path and a host name of their own."""

from __future__ import annotations

import importlib
import inspect
import logging
import mimetypes
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from werkzeug.routing import Submount

from localstack import config
from localstack.extensions.api import Extension
from localstack.http import Request, Response
from localstack.http.router import RuleAdapter, WithHost

if TYPE_CHECKING:
    import jinja2

    from localstack.aws.api import RequestContext
    from localstack.aws.chain import HandlerChain
    from localstack.extensions.api.http import RouteHandler, Router

__all__ = ["WebAppExtension"]

LOG = logging.getLogger(__name__)


class WebAppExtension(Extension):
    """An extension whose routes are served under ``/_extension/<name>`` and ``<name>.localhost.localstack.cloud:4566``.

    Its routes are its own methods with ``@route``, what ``collect_routes`` adds, and the files of its ``static``
    package. Pages are rendered from jinja2 templates in its ``templates`` package::

        class Notes(WebAppExtension):
            name = "notes"

            @route("/")
            def index(self, request, **kwargs):
                return self.render_template_response("index.html", title="Notes")
    """

    _default: ClassVar[Any] = object()

    mount: str
    submount: str | None
    """Path under which the routes are served, e.g. ``"/_extension/notes"``."""
    subdomain: str | None
    """Label in front of the platform's host name under which they are served as well, e.g. ``"notes"``."""
    static_url_path: str = "/static"
    """Path of the static files below both."""
    static_resource_module: ModuleType | None = None
    """Package of the static files, ``None`` when there is none."""

    def __init__(
        self,
        mount: str | None = None,
        submount: str | None = _default,
        subdomain: str | None = _default,
        template_package_path: str | None = _default,
        static_package_path: str | None = _default,
        static_url_path: str | None = None,
    ) -> None:
        """
        :param mount: name in the default path and host name, the extension's name without it
        :param submount: path, ``None`` for no path
        :param subdomain: label of the host name, ``None`` for no host name
        :param template_package_path: folder of the templates below the extension's package, ``None`` for no templates
        :param static_package_path: package of the static files below the extension's, ``None`` for no static files
        :param static_url_path: path of the static files
        """
        self.mount = mount or self.name
        self.submount = f"/_extension/{self.mount}" if submount is self._default else submount
        self.subdomain = self.mount if subdomain is self._default else subdomain
        self.template_package_path = "templates" if template_package_path is self._default else template_package_path
        self.static_package_path = "static" if static_package_path is self._default else static_package_path
        self.static_url_path = static_url_path or self.static_url_path

    def collect_routes(self, routes: list[Any]) -> None:
        """Add routes: functions with ``@route``, rules, or objects whose methods have it.

        :param routes: list to append to
        """

    @classmethod
    def get_extension_module_root(cls) -> str:
        """Name of the package that the extension's module is in, e.g. ``"notes"`` for ``notes.extension``."""
        return cls.__module__.rpartition(".")[0] or cls.__module__

    @cached_property
    def template_env(self) -> jinja2.Environment:
        """The templates of the extension.

        :raises ValueError: when it has none
        """
        import jinja2  # only extensions with templates need it

        if self.template_package_path is None:
            raise ValueError(f"extension {self.name} has no templates: template_package_path is None")
        return jinja2.Environment(
            loader=jinja2.PackageLoader(self.get_extension_module_root(), self.template_package_path),
            autoescape=jinja2.select_autoescape(),
        )

    def render_template(self, template_name: str, **context: Any) -> str:
        """The text of a template, e.g. of ``"index.html"``."""
        return self.template_env.get_template(template_name).render(**context)

    def render_template_response(self, template_name: str, **context: Any) -> Response:
        """A response with the text of a template; its mime type follows from the name of the template."""
        mimetype = mimetypes.guess_type(template_name)[0] or "text/plain"
        return Response(self.render_template(template_name, **context), mimetype=mimetype)

    def get_subdomain_url(self, protocol: str = "https") -> str:
        """URL by host name, e.g. ``https://notes.localhost.localstack.cloud:4566``.

        :raises ValueError: when the extension has no host name
        """
        if self.subdomain is None:
            raise ValueError(f"extension {self.name} has no subdomain")
        return config.external_service_url(protocol=protocol, subdomains=self.subdomain)

    def get_submount_url(self, protocol: str = "https") -> str:
        """URL by path, e.g. ``https://localhost.localstack.cloud:4566/_extension/notes``.

        :raises ValueError: when the extension has no path
        """
        if self.submount is None:
            raise ValueError(f"extension {self.name} has no submount")
        return config.external_service_url(protocol=protocol) + self.submount

    def on_extension_load(self) -> None:
        """Set the level of the extension's log and find its static files."""
        level = logging.DEBUG if config.DEBUG else logging.INFO
        logging.getLogger(self.get_extension_module_root()).setLevel(level)
        self._find_static_resources()

    def update_gateway_routes(self, router: Router[RouteHandler]) -> None:
        """Add the routes under the path and the host name."""
        if self.static_resource_module is None:
            self._find_static_resources()  # a subclass may have replaced on_extension_load
        routes = [*self._own_routes(), *self._static_routes()]
        self.collect_routes(routes)
        if self.submount:
            self._serve_under_path(router, self.submount, routes)
        if self.subdomain:
            self._serve_under_host(router, self.subdomain, routes)

    def _serve_under_path(self, router: Router[RouteHandler], submount: str, routes: list[Any]) -> None:
        from localstack.aws.handlers import preprocess_request  # exists once the gateway does

        router.add([Submount(submount, [RuleAdapter(routes)])])
        preprocess_request.append(self._redirect_bare_submount)
        LOG.info("%s extension available at %s", self.name, self.get_submount_url())

    def _serve_under_host(self, router: Router[RouteHandler], subdomain: str, routes: list[Any]) -> None:
        from localstack.aws.handlers import cors

        router.add([WithHost(f"{subdomain}.<__host__>", [RuleAdapter(routes)])])
        cors.ALLOWED_CORS_ORIGINS.append(self.get_subdomain_url("http"))
        cors.ALLOWED_CORS_ORIGINS.append(self.get_subdomain_url("https"))
        LOG.info("%s extension available at %s", self.name, self.get_subdomain_url())

    def _redirect_bare_submount(self, chain: HandlerChain, context: RequestContext, _response: Response) -> None:
        """Send a browser from ``…/notes`` to ``…/notes/``, where relative links of the page lead to its own routes."""
        request = context.request
        if request.path != self.submount:
            return
        query = request.query_string.decode("latin-1")
        location = f"{request.base_url}/?{query}" if query else f"{request.base_url}/"
        chain.respond(301, headers={"Location": location})

    def _own_routes(self) -> list[Any]:
        """The methods with ``@route``; rules for HEAD first, as werkzeug lets a GET rule answer HEAD too."""
        # looked up statically: getattr would run properties, and that of the templates needs a package
        names = [name for name in dir(self) if hasattr(inspect.getattr_static(self, name), "rule_attributes")]
        routes = [getattr(self, name) for name in names]
        return sorted(
            routes, key=lambda route: not any("HEAD" in (each.methods or ()) for each in route.rule_attributes)
        )

    def _static_routes(self) -> list[Any]:
        if self.static_resource_module is None:
            return []
        return [RuleAdapter(f"{self.static_url_path}/<path:path>", self._serve_static_file, methods=["GET"])]

    def _serve_static_file(self, request: Request, path: str, **_kwargs: Any) -> Response:
        response: Response = Response.for_resource(self.static_resource_module, path)
        return response

    def _find_static_resources(self) -> None:
        if self.static_package_path is None:
            return
        package = f"{self.get_extension_module_root()}.{self.static_package_path}"
        try:
            self.static_resource_module = importlib.import_module(package)
        except ModuleNotFoundError as error:
            if not f"{package}.".startswith(f"{error.name}."):
                raise  # the package is there; something that it imports is not
            LOG.warning("disabling static resources for extension %s", self.name)
            self.static_package_path = None
