"""URLs that moto keeps or sends on, and that would lead to AWS: in messages of SNS, of queues made by CloudFormation.

They begin with the origin of the call that moto is answering, where it has one, else with that of the platform.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import quote, urlsplit

from localstack import config
from localstack.host.emulation.returned_urls import Origin

CERTIFICATES_PATH = "/_localstack/sns"
"""Where the certificates of SNS are found, under the names that moto gave: ``SimpleNotificationService-….pem``."""

CERTIFICATES_KEPT = 10_000
"""How many certificates of the last messages can be asked for, per region; moto makes one for each message."""

ORIGIN_OF_CALL: ContextVar[Origin] = ContextVar("origin of the AWS call that moto is answering")


def apply() -> None:
    """Replace the URLs of services whose modules are imported; call it again after others were."""
    for module, replace in _OF_MODULES.items():
        if module in sys.modules:
            replace()


def signing_certificate(name: str) -> bytes | None:
    """The certificate, in PEM, with which SNS signed a message.

    :param name: last segment of the message's ``SigningCertURL``
    """
    accounts = getattr(sys.modules.get("moto.sns.models"), "sns_backends", None)  # absent while it is being imported
    regions = [backend for backends in list((accounts or {}).values()) for backend in list(backends.values())]
    found = (backend._message_public_keys.get(name) for backend in regions)
    return next((certificate for certificate in found if certificate is not None), None)


def _url(path: str) -> str:
    origin = ORIGIN_OF_CALL.get(None)
    if origin is None:  # moto has threads of its own
        scheme, host, *_ = urlsplit(config.external_service_url())
        origin = Origin(scheme, host)
    return f"{origin.scheme}://{origin.host}{path}"


@cache
def _apply_to_sns() -> None:
    from moto.sns.models import Subscription

    Subscription.get_post_data = _with_urls(Subscription.get_post_data)


def _with_urls(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def get_post_data(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """moto's unsubscribe URL names a subscription that does not exist."""
        message = original(self, *args, **kwargs)
        _forget_old_certificates(self.topic.sns_backend.region_name)
        certificate = urlsplit(message["SigningCertURL"]).path.rpartition("/")[2]
        subscription = quote(self.arn, safe=":")
        return message | {
            "SigningCertURL": _url(f"{CERTIFICATES_PATH}/{certificate}"),
            "UnsubscribeURL": _url(f"/?Action=Unsubscribe&SubscriptionArn={subscription}"),
        }

    return get_post_data


def _forget_old_certificates(region: str) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.sns.models import sns_backends

    certificates = sns_backends[DEFAULT_ACCOUNT_ID][region]._message_public_keys
    for name in list(islice(certificates, max(0, len(certificates) - CERTIFICATES_KEPT))):
        certificates.pop(name, None)


@cache
def _apply_to_sqs() -> None:
    from moto.sqs.models import Queue

    Queue.physical_resource_id = property(lambda self: _url(f"/{self.account_id}/{self.name}"))


_OF_MODULES: dict[str, Callable[[], None]] = {"moto.sns.models": _apply_to_sns, "moto.sqs.models": _apply_to_sqs}
