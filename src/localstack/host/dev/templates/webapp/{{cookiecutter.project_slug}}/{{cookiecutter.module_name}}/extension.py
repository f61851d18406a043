from collections import deque

from localstack.extensions.api import aws
from localstack.extensions.patterns.webapp import WebAppExtension
from localstack.http import Request, route
from rolo import Response


class {{ cookiecutter.class_name }}(WebAppExtension):
    """Shows the last AWS calls at http://localhost:4566/_extension/{{ cookiecutter.project_slug }}/."""

    name = "{{ cookiecutter.project_slug }}"

    def __init__(self) -> None:
        super().__init__()
        self.calls: deque[str] = deque(maxlen=100)

    @route("/")
    def index(self, request: Request, **_: str) -> Response:
        return self.render_template_response("index.html", name=self.name)

    @route("/calls")
    def list_calls(self, request: Request, **_: str) -> list[str]:
        return list(self.calls)

    def update_response_handlers(self, handlers: aws.CompositeResponseHandler) -> None:
        handlers.append(self.note_call)

    def note_call(
        self,
        chain: aws.HandlerChain[aws.RequestContext],
        context: aws.RequestContext,
        response: Response,
    ) -> None:
        if context.service and context.operation:
            call = f"{context.service.service_name}.{context.operation.name}"
            self.calls.appendleft(f"{call} => {response.status_code}")
