"""What Cognito is asked without a signature: to sign up and in, and for the documents that tokens are checked with.

Neither account nor region stand in such a call, and AWS has the region in the host. Here it is that of the pool which
the parameters name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localstack.host.emulation.operations import Operation
from localstack.host.emulation.wire import Wire

if TYPE_CHECKING:
    from botocore.model import ServiceModel

_DOCUMENT = re.compile(r"/(?P<pool>[^/]+)/\.well-known/(?P<name>jwks\.json|openid-configuration)")
_POOL = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+_\w+")
_OPERATIONS = {"jwks.json": "GetSigningKeys", "openid-configuration": "GetOpenIdConfiguration"}
"""Names of ours: botocore's model does not have the documents of a pool."""


def names_document(wire: Wire) -> bool:
    """Whether the path is that of a pool's document: ``/eu-west-1_AbCdEfGhI/.well-known/jwks.json``."""
    match = _DOCUMENT.fullmatch(wire.path)
    return match is not None and wire.method == "GET" and _POOL.fullmatch(match["pool"]) is not None


def find_document(service: ServiceModel, wire: Wire) -> Operation | None:
    """The operation that gives a document of a pool; None when the path is none of those."""
    from botocore.model import OperationModel

    match = _DOCUMENT.fullmatch(wire.path)
    if match is None:
        return None
    name = _OPERATIONS[match["name"]]
    description = {
        "name": name,
        "http": {"method": "GET", "requestUri": f"/{{UserPoolId}}/.well-known/{match['name']}"},
    }
    return Operation(OperationModel(description, service, name))


@dataclass(frozen=True)
class Owner:
    account: str
    region: str


def owner_of(service: str, parameters: Mapping[str, Any]) -> Owner | None:
    """The owner of the pool; None for other services, and for a pool that does not exist.

    :param service: botocore's name
    :param parameters: those of the call, e.g. ``{"ClientId": "…"}``
    """
    if service not in _KINDS:
        return None
    module, backends, is_named = _KINDS[service]
    accounts = getattr(sys.modules.get(module), backends, None)  # absent before somebody has made a pool
    owners = (owner for owner, backend in _backends(accounts or {}) if is_named(backend, parameters))
    return next(owners, None)


def _backends(accounts: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[Owner, Any]]:
    for account, regions in list(accounts.items()):
        for region, backend in list(regions.items()):
            yield Owner(account, region), backend


def _has_user_pool(backend: Any, parameters: Mapping[str, Any]) -> bool:
    pool_id, client, token = (parameters.get(name) for name in ("UserPoolId", "ClientId", "AccessToken"))
    pools = list(backend.user_pools.values())
    return any(pool.id == pool_id or client in pool.clients or token in pool.access_tokens for pool in pools)


def _has_identity_pool(backend: Any, parameters: Mapping[str, Any]) -> bool:
    identity = parameters.get("IdentityId")
    if parameters.get("IdentityPoolId") in backend.identity_pools:
        return True
    pools = list(backend.pools_identities.values())
    return identity is not None and any({"IdentityId": identity} in pool["Identities"] for pool in pools)


_KINDS: dict[str, tuple[str, str, Callable[[Any, Mapping[str, Any]], bool]]] = {
    "cognito-idp": ("moto.cognitoidp.models", "cognitoidp_backends", _has_user_pool),
    "cognito-identity": ("moto.cognitoidentity.models", "cognitoidentity_backends", _has_identity_pool),
}
"""Services to moto's module, the name of its backends, and what knows a pool of theirs."""
