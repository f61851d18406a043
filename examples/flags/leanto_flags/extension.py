"""A service of its own: routes that speak the JSON protocol of AWS."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

from leanto_flags.service import FlagService, ServiceError
from localstack.extensions.api import Extension, http

CREDENTIAL = re.compile(r"Credential=(?P<account>[^/]+)/[^/]+/(?P<region>[^/]+)/")
OPERATIONS = {
    "PutFlag": FlagService.put_flag,
    "GetFlag": FlagService.get_flag,
    "ListFlags": FlagService.list_flags,
    "DeleteFlag": FlagService.delete_flag,
    "EvaluateFlag": FlagService.evaluate_flag,
}


class FlagsExtension(Extension):
    """Serves feature flags under ``/flags`` and the host ``flags.localhost.localstack.cloud``."""

    name = "flags"

    def __init__(self) -> None:
        self._services: defaultdict[tuple[str, str], FlagService] = defaultdict(FlagService)

    def update_gateway_routes(self, router: http.Router[http.RouteHandler]) -> None:
        router.add("/flags", self.serve, methods=["POST"])
        router.add("/", self.serve, host="flags.<__host__>", methods=["POST"])

    def serve(self, request: http.Request) -> http.Response:
        """One call: ``X-Amz-Target: Flags.GetFlag`` and a JSON object, as every SDK sends them."""
        try:
            return _answer(self._call(request))
        except ServiceError as error:
            return _answer({"__type": error.code, "message": str(error)}, status=400)

    def _call(self, request: http.Request) -> dict[str, Any]:
        name = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        operation = OPERATIONS.get(name)
        if operation is None:
            raise ServiceError("UnknownOperationException", f"there is no operation {name!r}")
        parameters = request.get_json(force=True, silent=True)
        if not isinstance(parameters, dict):
            raise ServiceError("SerializationException", "the body has to be a JSON object")
        return operation(self._services[_caller(request)], parameters)


def _caller(request: http.Request) -> tuple[str, str]:
    """Account and region, as in the signature: flags of one are not seen in another."""
    found = CREDENTIAL.search(request.headers.get("Authorization", ""))
    return (found["account"], found["region"]) if found else ("test", "us-east-1")


def _answer(document: dict[str, Any], status: int = 200) -> http.Response:
    return http.Response(json.dumps(document), status, mimetype="application/x-amz-json-1.0")
