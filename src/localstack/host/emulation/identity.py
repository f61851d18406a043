"""Who calls, and in which region: read from the credentials of a request. Signatures are never verified."""

from __future__ import annotations

import base64
import binascii
import logging
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote

from localstack.host.emulation.catalogue import Catalogue
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from rolo import Request

DEFAULT_REGION = "us-east-1"
DEFAULT_ACCOUNT = "000000000000"

_LOG = logging.getLogger(__name__)
_INJECTED_KEY = "injectedaccesskey"
_SCOPE = re.compile(
    r"Credential=\s*(?P<key>[^\s,]*?)/(?P<date>[^/\s,]*)/(?:(?P<region>[^/\s,]*)/)?(?P<service>[^/\s,]+)/aws4_request"
)
_SIGV2 = re.compile(r"AWS (?P<key>[^:\s]+):.+")
_SUBSCRIPTION = re.compile(r"arn:[^:]+:sns:(?P<region>[^:]+):(?P<account>[0-9]{12}):.+")
_QUEUE = re.compile(r"/(?:queue/(?P<region>[^/]+)/)?(?P<account>[0-9]{12})/[^/]+/?")
_ENCODED_ACCOUNT_MASK = 0x7FFFFFFFFF80
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
ISSUED_PREFIXES = ("AKIA", "ASIA")


@dataclass(frozen=True)
class Credential:
    """What a request says of its signer.

    :ivar service: signing name, e.g. ``"sqs"``; ``"s3"`` for signatures of version 2, which name none
    :ivar region: as signed; ``""`` for signatures of version 2 and of several regions (``AWS4-ECDSA``)
    """

    access_key: str
    region: str
    service: str


def credential_of(request: Request, of_form: str = "") -> Credential | None:
    """The credential in the header ``Authorization`` or in a pre-signed query; None without a readable one.

    :param of_form: what a form names as its signer: the scope, or just a key

    Links in the messages of SNS and URLs of queues are called unsigned: what they name says whose it is.
    """
    text = request.headers.get("Authorization") or _authorization_of_query(request) or _authorization_of_form(of_form)
    if match := _SCOPE.search(text):
        return Credential(match["key"], match["region"] or "", match["service"].lower())
    if match := _SIGV2.fullmatch(text):
        return Credential(match["key"], "", "s3")
    return None if text else _owner_of_named(request)


def _owner_of_named(request: Request) -> Credential | None:
    if match := _SUBSCRIPTION.fullmatch(request.args.get("SubscriptionArn", "")):
        return Credential(match["account"], match["region"], "sns")
    is_form = request.method == "POST" and request.mimetype == "application/x-www-form-urlencoded"
    if (is_form or "Action" in request.args) and (match := _QUEUE.fullmatch(request.path)):
        return Credential(match["account"], match["region"] or "", "sqs")
    return None


def sign_unsigned(request: Request, signing_name: str, region: str) -> None:
    """Give a request without ``Authorization`` one: that of its pre-signed query, else one of nobody's."""
    if not request.headers.get("Authorization"):
        scope = f"{_INJECTED_KEY}/20130524/{region}/{signing_name}/aws4_request"
        request.headers["Authorization"] = _authorization_of_query(request) or _authorization(scope)


def with_region(authorization: str, region: str) -> str:
    """The header with the region of its scope replaced: moto takes the region from there."""
    return _SCOPE.sub(
        lambda match: f"Credential={match['key']}/{match['date']}/{region}/{match['service']}/aws4_request",
        authorization,
    )


def _authorization_of_query(request: Request) -> str:
    query = request.args
    if credential := query.get("X-Amz-Credential"):
        return _authorization(credential, query.get("X-Amz-Signature", "0"))
    if (key := query.get("AWSAccessKeyId")) and (signature := query.get("Signature")):
        return f"AWS {key}:{quote(signature)}"
    return ""


def _authorization_of_form(credential: str) -> str:
    return _authorization(credential) if "/" in credential else f"AWS {credential}:form" if credential else ""


def _authorization(credential: str, signature: str = "0") -> str:
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={signature}"


class Regions:
    """Which regions there are; a region that AWS does not have becomes us-east-1, with one warning."""

    def __init__(self, settings: Settings) -> None:
        self._are_all_allowed = settings.allow_nonstandard_regions
        self._known = Catalogue.load().regions
        self._warned: set[str] = set()
        self._lock = Lock()

    def usable(self, region: str | None) -> str:
        if not region or region == "aws-global":
            return DEFAULT_REGION
        if region in self._known or self._are_all_allowed:
            return region
        self._warn_once(region)
        return DEFAULT_REGION

    def _warn_once(self, region: str) -> None:
        with self._lock:
            is_new = region not in self._warned
            self._warned.add(region)
        if is_new:
            _LOG.warning(
                "region %r is no region of AWS: its requests go to %s (ALLOW_NONSTANDARD_REGIONS=1 keeps them apart)",
                region,
                DEFAULT_REGION,
            )


@lru_cache(maxsize=1024)
def partition_of(region: str) -> str:
    """E.g. ``"aws"``, ``"aws-cn"`` for ``cn-north-1``."""
    return next((partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def account_of(access_key: str, settings: Settings) -> str:
    """The account of a caller: that whose number the access key is, or that which issued the key; others share one.

    Keys are issued by IAM (``CreateAccessKey``) and by STS, for a role in the role's account (``AssumeRole``).
    With ``PARITY_AWS_ACCESS_KEY_ID`` the number that a real key (``AKIA…``, ``ASIA…``) encodes is taken.
    """
    if match := re.match(r"[0-9]{12}", access_key):
        return match[0]
    prefixes = ("LKIA", "LSIA", "AKIA", "ASIA") if settings.parity_aws_access_key_id else ("LKIA", "LSIA")
    if access_key.startswith(ISSUED_PREFIXES) and (issuer := _issuer_of(access_key)):
        return issuer
    if len(access_key) >= 20 and access_key.startswith(prefixes):
        return _encoded_account(access_key) or DEFAULT_ACCOUNT
    return DEFAULT_ACCOUNT


def _issuer_of(access_key: str) -> str | None:
    """The account in which IAM or STS made the key; None for others, and as long as moto's IAM is not imported."""
    accounts = getattr(sys.modules.get("moto.iam.models"), "iam_backends", None)  # absent while it is being imported
    for account, backends in list(accounts.items()) if accounts is not None else ():
        if any(access_key in backend.access_keys for backend in list(backends.values())):
            return str(account)
    return None


def _encoded_account(access_key: str) -> str | None:
    """The number in the first 48 bits after the prefix: 40 bits of account, shifted by seven; None if not base 32."""
    try:
        encoded = base64.b32decode(access_key[4:20])
    except (binascii.Error, ValueError):
        return None
    return f"{(int.from_bytes(encoded[:6]) & _ENCODED_ACCOUNT_MASK) >> 7:012d}"
