"""What requests of AWS clients say of their sender."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["mock_aws_request_headers"]


def mock_aws_request_headers(service: str, aws_access_key_id: str, region_name: str) -> dict[str, str]:
    """Headers that make a request look signed: for ``service``, by the owner of the key, in the region.

    The signature itself is made up, which is enough for a platform that verifies none.

    :param service: name with which the service's requests are signed, e.g. ``"sqs"``
    """
    now = datetime.now(UTC)
    scope = f"{aws_access_key_id}/{now:%Y%m%d}/{region_name}/{service}/aws4_request"
    return {
        "Content-Type": "application/x-amz-json-1.0",
        "Accept-Encoding": "identity",
        "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
    }
