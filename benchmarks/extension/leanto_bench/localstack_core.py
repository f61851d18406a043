"""The same routes and handlers on ``localstack-core`` in host mode; runs in an environment of its own.

python -m leanto_bench.localstack_core
"""

from __future__ import annotations

import runpy

from localstack.aws.handlers import run_custom_response_handlers
from localstack.services.edge import ROUTER

from .routes import HANDLERS, add_routes, pass_by

if __name__ == "__main__":
    add_routes(ROUTER)
    for _ in range(HANDLERS):
        run_custom_response_handlers.append(pass_by)
    runpy.run_module("localstack.runtime.main", run_name="__main__")
