"""Making AWS resources."""

from __future__ import annotations

from typing import Any

from localstack.aws.connect import connect_to

__all__ = ["create_dynamodb_table"]


def create_dynamodb_table(
    table_name: str,
    partition_key: str,
    stream_view_type: str | None = None,
    region_name: str | None = None,
    client: Any = None,
    wait_for_active: bool = True,
) -> dict[str, Any]:
    """Create a table whose key is one text attribute; a table of that name that is there stays.

    :param stream_view_type: makes a stream with e.g. ``"NEW_AND_OLD_IMAGES"``
    :param client: boto3's DynamoDB client, one of this platform without it; ``region_name`` counts only then
    :param wait_for_active: return when the table can be used
    :return: the answer of ``CreateTable``, or of ``DescribeTable`` under ``TableDescription``
    """
    dynamodb = client if client is not None else connect_to(region_name=region_name).dynamodb
    stream = {"StreamEnabled": True, "StreamViewType": stream_view_type}
    try:
        created: dict[str, Any] = dynamodb.create_table(
            TableName=table_name,
            KeySchema=[{"AttributeName": partition_key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": partition_key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            **({"StreamSpecification": stream} if stream_view_type else {}),
        )
    except dynamodb.exceptions.ResourceInUseException:
        created = {"TableDescription": dynamodb.describe_table(TableName=table_name)["Table"]}
    if wait_for_active:
        dynamodb.get_waiter("table_exists").wait(TableName=table_name)
    return created
