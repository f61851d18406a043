"""Amazon Resource Names: ``arn:aws:sqs:us-east-1:000000000000:jobs``.

Each function that makes one takes the name of the resource, an account and a region; the partition follows from the
region. A name that is an ARN already stays as it is.
"""

from __future__ import annotations

from typing import TypedDict

from localstack.aws.connect import connect_to
from localstack.constants import AWS_REGION_US_EAST_1
from localstack.host import shared

__all__ = [
    "ArnData",
    "apigateway_restapi_arn",
    "dynamodb_table_arn",
    "event_bus_arn",
    "get_partition",
    "lambda_function_arn",
    "parse_arn",
    "s3_bucket_arn",
    "secretsmanager_secret_arn",
    "sqs_queue_arn",
    "sqs_queue_url_for_arn",
]


class ArnData(TypedDict):
    """The parts of an ARN; ``region`` and ``account`` are ``""`` where it has none."""

    partition: str
    service: str
    region: str
    account: str
    resource: str


def parse_arn(arn: str) -> ArnData:
    """The parts of an ARN; ``resource`` is all that follows the account, colons included.

    :raises ValueError: when the text is no ARN
    """
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        raise ValueError(f"{arn!r} is no ARN: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE is one")
    _, partition, service, region, account, resource = parts
    return ArnData(partition=partition, service=service, region=region, account=account, resource=resource)


def get_partition(region: str | None) -> str:
    """The partition of a region: ``"aws-cn"`` of ``"cn-north-1"``, ``"aws"`` of most, and of none."""
    return shared.partition_of(region or AWS_REGION_US_EAST_1)


def s3_bucket_arn(bucket_name: str, region: str = AWS_REGION_US_EAST_1) -> str:
    """``arn:aws:s3:::bucket``: bucket names are unique across accounts and regions."""
    return bucket_name if _is_arn(bucket_name) else f"arn:{get_partition(region)}:s3:::{bucket_name}"


def sqs_queue_arn(queue_name: str, account_id: str, region_name: str) -> str:
    """``arn:aws:sqs:us-east-1:000000000000:jobs``.

    :param queue_name: its name or its URL
    """
    return _arn("sqs", queue_name, account_id, region_name, last=queue_name.rpartition("/")[2])


def secretsmanager_secret_arn(
    secret_id: str, account_id: str, region_name: str, random_suffix: str | None = None
) -> str:
    """``arn:aws:secretsmanager:us-east-1:000000000000:secret:password-a1b2c3``.

    :param random_suffix: the six characters that AWS adds to the name
    """
    name = f"{secret_id}-{random_suffix}" if random_suffix else secret_id
    return secret_id if _is_arn(secret_id) else _arn("secretsmanager", "", account_id, region_name, f"secret:{name}")


def dynamodb_table_arn(table_name: str, account_id: str, region_name: str) -> str:
    """``arn:aws:dynamodb:us-east-1:000000000000:table/orders``."""
    return _arn("dynamodb", table_name, account_id, region_name, f"table/{table_name}")


def lambda_function_arn(function_name: str, account_id: str, region_name: str) -> str:
    """``arn:aws:lambda:us-east-1:000000000000:function:resize``."""
    return _arn("lambda", function_name, account_id, region_name, f"function:{function_name}")


def event_bus_arn(bus_name: str, account_id: str, region_name: str) -> str:
    """``arn:aws:events:us-east-1:000000000000:event-bus/default``."""
    return _arn("events", bus_name, account_id, region_name, f"event-bus/{bus_name}")


def apigateway_restapi_arn(api_id: str, account_id: str, region_name: str) -> str:
    """``arn:aws:apigateway:us-east-1:000000000000:/restapis/a1b2c3``, with the account, which AWS leaves out."""
    return _arn("apigateway", api_id, account_id, region_name, f"/restapis/{api_id}")


def sqs_queue_url_for_arn(queue_arn: str) -> str:
    """The URL of a queue of this platform; a URL stays as it is.

    :raises ValueError: when the text is neither
    :raises botocore.exceptions.ClientError: when there is no such queue
    """
    if "://" in queue_arn:
        return queue_arn
    arn = parse_arn(queue_arn)
    sqs = connect_to(aws_access_key_id=arn["account"], region_name=arn["region"]).sqs
    url: str = sqs.get_queue_url(QueueName=arn["resource"])["QueueUrl"]
    return url


def _is_arn(name: str) -> bool:
    return name.startswith("arn:")


def _arn(service: str, name: str, account_id: str, region_name: str, last: str) -> str:
    """:param name: what was asked for, ``last`` what stands for it at the end"""
    return name if _is_arn(name) else f"arn:{get_partition(region_name)}:{service}:{region_name}:{account_id}:{last}"
