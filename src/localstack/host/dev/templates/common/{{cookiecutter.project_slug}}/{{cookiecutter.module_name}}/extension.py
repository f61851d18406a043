from localstack.extensions.api import Extension, aws, http


class {{ cookiecutter.class_name }}(Extension):
    name = "{{ cookiecutter.project_slug }}"

    def on_extension_load(self) -> None:
        print(f"{self.name}: loaded")

    def on_platform_start(self) -> None:
        print(f"{self.name}: the platform is starting")

    def update_gateway_routes(self, router: http.Router[http.RouteHandler]) -> None:
        # Answer requests of your own, for example at http://localhost:4566/greet:
        # router.add("/greet", lambda request: http.Response("hello"))
        pass

    def update_request_handlers(self, handlers: aws.CompositeHandler) -> None:
        # Look at, or change, each AWS request before its service sees it:
        # handlers.append(lambda chain, context, response: print(context.operation))
        pass

    def update_response_handlers(self, handlers: aws.CompositeResponseHandler) -> None:
        # Look at, or change, each response before the client gets it:
        # handlers.append(lambda chain, context, response: print(response.status))
        pass

    def on_platform_ready(self) -> None:
        print(f"{self.name}: the platform is ready")

    def on_platform_shutdown(self) -> None:
        print(f"{self.name}: the platform is stopping")
