"""Write ``services.json``: what the emulation must know of the AWS services before it imports botocore or moto.

python tools/generate_services.py           write the table from the installed botocore and moto
python tools/generate_services.py --check   exit code 1 when the table no longer says what they say
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.model import ServiceModel
from moto.backends import ALT_SERVICE_NAMES, list_of_moto_modules
from moto.core.utils import get_service_model

MOTO_MODULES = frozenset(list_of_moto_modules())
SIGNED_OTHERWISE = {"importexport": "ingestionservice"}
"""Services whose name in a signature stands with their endpoint, not in the model; in lower case."""
TABLE = Path(__file__).parent.parent / "src" / "localstack" / "host" / "emulation" / "services.json"


def table() -> dict[str, Any]:
    """The regions of the partition ``aws`` and one entry for each service that botocore knows."""
    names = sorted(botocore.session.Session().get_available_services())
    regions = boto3.session.Session().get_available_regions("s3", "aws")
    return {"regions": sorted(regions), "services": {name: _entry(name) for name in names}}


def _entry(name: str) -> dict[str, Any]:
    model = get_service_model(name)
    entry = {
        "endpoint": model.endpoint_prefix,
        "signing": SIGNED_OTHERWISE.get(name, model.signing_name),
        "target": model.metadata.get("targetPrefix"),
        "protocols": model.metadata.get("protocols", [model.protocol]),
        "version": model.api_version,
        "emulated": _has_moto(name),
        "auth": _other_auth(model),
    }
    return {key: value for key, value in entry.items() if value}


def _other_auth(model: ServiceModel) -> str | None:
    """How a REST request that no signature names is sent, where the service has some: ``"bearer"`` or ``"none"``.

    What another protocol sends has a target or an action in it.
    """
    if not model.protocol.startswith("rest-"):
        return None
    if model.signature_version == "bearer":
        return "bearer"
    operations = (model.operation_model(name) for name in model.operation_names)
    return "none" if any(operation.auth_type == "none" for operation in operations) else None


def _has_moto(name: str) -> bool:
    module = name.replace("-", "")
    return ALT_SERVICE_NAMES.get(module, module) in MOTO_MODULES


def _text(content: dict[str, Any]) -> str:
    services = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in content["services"].items())
    return f'{{\n "regions": {json.dumps(content["regions"])},\n "services": {{\n{services}\n }}\n}}\n'


def main(arguments: list[str]) -> int:
    text = _text(table())
    if arguments == ["--check"]:
        return 0 if TABLE.read_text() == text else 1
    TABLE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
