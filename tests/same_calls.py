"""Calls that are answered twice: with moto's own request and answer layers, and without. Both answers must be the same.

A parameter that begins with ``URL/`` names a queue of the platform.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

CORS_RULE = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposeHeaders": ["ETag"]}
LOCK = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
NOBODY_GETS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
        ],
    }
)

OBJECTS: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "put_object", {"Bucket": "missing", "Key": "k", "Body": b"x"}),
    ("s3", "get_object", {"Bucket": "missing", "Key": "k"}),
    ("s3", "head_object", {"Bucket": "missing", "Key": "k"}),
    ("s3", "delete_object", {"Bucket": "missing", "Key": "k"}),
    ("s3", "list_objects_v2", {"Bucket": "missing"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "empty"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "empty"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "plain", "Body": b"0123456789"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "plain", "Body": b"x", "IfNoneMatch": "*"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "plain", "Body": b"0123456789", "IfMatch": "other"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "a//b/./c %2F+?&ü", "Body": b"odd"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "a//b/./c %2F+?&ü"}),
    ("s3", "head_object", {"Bucket": "bucket", "Key": "a//b/./c %2F+?&ü"}),
    (
        "s3",
        "put_object",
        {
            "Bucket": "bucket",
            "Key": "told",
            "Body": b"<RequestId>x</RequestId>",
            "ACL": "public-read",
            "CacheControl": "no-cache",
            "ContentDisposition": "attachment",
            "ContentEncoding": "gzip",
            "ContentLanguage": "de",
            "ContentType": "text/plain; charset=utf-8",
            "Expires": "2030-01-01",
            "Metadata": {"Some-Name": "a value", "other_name": "x"},
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": "key",
            "BucketKeyEnabled": True,
            "StorageClass": "STANDARD_IA",
            "Tagging": "a=1&b=2",
            "WebsiteRedirectLocation": "/elsewhere",
        },
    ),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "told"}),
    ("s3", "head_object", {"Bucket": "bucket", "Key": "told", "ChecksumMode": "ENABLED"}),
    ("s3", "get_object_tagging", {"Bucket": "bucket", "Key": "told"}),
    ("s3", "get_object_acl", {"Bucket": "bucket", "Key": "told"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "k", "Body": b"x", "StorageClass": "GLACIER"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "k"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "k", "Body": b"x", "Tagging": "aws:a=1"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "k", "Body": b"x", "ACL": "private", "GrantRead": "id=1"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "k", "Body": b"x", "ObjectLockLegalHoldStatus": "ON"}),
    *(
        ("s3", "put_object", {"Bucket": "bucket", "Key": name, "Body": b"summed", "ChecksumAlgorithm": name})
        for name in ("CRC32", "SHA1", "SHA256")
    ),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "SHA256", "ChecksumMode": "ENABLED"}),
    *(
        ("s3", operation, {"Bucket": "bucket", "Key": "plain", "Range": f"bytes={given}"})
        for operation in ("get_object", "head_object")
        for given in ("2-4", "2-", "-3", "0-0", "0-100", "100-", "0-1,4-5", "x")
    ),
    *(
        ("s3", operation, {"Bucket": "bucket", "Key": "plain", **condition})
        for operation in ("get_object", "head_object")
        for condition in (
            {"IfMatch": "781e5e245d69b566979b86e28d23f2c7"},
            {"IfMatch": "other"},
            {"IfNoneMatch": '"781e5e245d69b566979b86e28d23f2c7"'},
            {"IfNoneMatch": "other"},
            {"IfModifiedSince": datetime(2000, 1, 1, tzinfo=UTC)},
            {"IfModifiedSince": datetime(2100, 1, 1, tzinfo=UTC)},
            {"IfUnmodifiedSince": datetime(2000, 1, 1, tzinfo=UTC)},
            {"PartNumber": 1},
            {"PartNumber": 2},
            {"VersionId": "missing"},
        )
    ),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "plain", "ResponseContentType": "text/x", "ResponseExpires": 0}),
    ("s3", "list_objects_v2", {"Bucket": "bucket", "Prefix": "a//", "Delimiter": "/", "FetchOwner": True}),
    ("s3", "list_objects_v2", {"Bucket": "bucket", "MaxKeys": 2, "StartAfter": "SHA1", "EncodingType": "url"}),
    ("s3", "list_objects_v2", {"Bucket": "bucket", "Prefix": "c %2F+"}),
    ("s3", "list_objects_v2", {"Bucket": "bucket", "ContinuationToken": ""}),
    ("s3", "list_objects", {"Bucket": "bucket", "Delimiter": "/"}),
    ("s3", "copy_object", {"Bucket": "bucket", "Key": "copy", "CopySource": "bucket/plain"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "copy"}),
    ("s3", "delete_object", {"Bucket": "bucket", "Key": "copy", "IfMatch": "other"}),
    ("s3", "delete_object", {"Bucket": "bucket", "Key": "copy"}),
    ("s3", "delete_object", {"Bucket": "bucket", "Key": "copy"}),
    ("s3", "put_bucket_cors", {"Bucket": "bucket", "CORSConfiguration": {"CORSRules": [CORS_RULE]}}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "plain"}),
    ("s3", "put_bucket_versioning", {"Bucket": "bucket", "VersioningConfiguration": {"Status": "Enabled"}}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "plain", "Body": b"newer"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "plain"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "plain", "VersionId": "null"}),
    ("s3", "delete_object", {"Bucket": "bucket", "Key": "plain"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "plain"}),
    ("s3", "head_object", {"Bucket": "bucket", "Key": "plain"}),
    ("s3", "delete_object", {"Bucket": "bucket", "Key": "plain", "VersionId": "null"}),
    ("s3", "list_object_versions", {"Bucket": "bucket"}),
    ("s3", "put_bucket_policy", {"Bucket": "bucket", "Policy": NOBODY_GETS}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "told"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "k", "Body": b"x"}),
    ("s3", "create_bucket", {"Bucket": "locked", "ObjectLockEnabledForBucket": True}),
    ("s3", "put_object_lock_configuration", {"Bucket": "locked", "ObjectLockConfiguration": LOCK}),
    ("s3", "put_object", {"Bucket": "locked", "Key": "k", "Body": b"x"}),
    ("s3", "head_object", {"Bucket": "locked", "Key": "k"}),
    ("s3", "delete_object", {"Bucket": "locked", "Key": "k"}),
]
"""Objects in every way that S3's short path may meet them; what it does not cover is among them."""

ITEM = {"id": {"S": "2"}, "count": {"N": "1"}, "names": {"SS": ["a", "b"]}, "deep": {"M": {"x": {"L": [{"B": b"1"}]}}}}
ITEMS: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "batch_write_item", {"RequestItems": {"table": [{"PutRequest": {"Item": ITEM}}]}}),
    ("dynamodb", "batch_write_item", {"RequestItems": {"table": [{"DeleteRequest": {"Key": {"id": {"S": "9"}}}}]}}),
    ("dynamodb", "batch_write_item", {"RequestItems": {"missing": [{"PutRequest": {"Item": ITEM}}]}}),
    ("dynamodb", "batch_get_item", {"RequestItems": {"table": {"Keys": [{"id": {"S": "2"}}, {"id": {"S": "9"}}]}}}),
    ("dynamodb", "batch_get_item", {"RequestItems": {"missing": {"Keys": [{"id": {"S": "2"}}]}}}),
    ("dynamodb", "update_item", {"TableName": "missing", "Key": {"id": {"S": "2"}}}),
    *(
        ("dynamodb", "update_item", {"TableName": "table", "Key": {"id": {"S": key}}, **change})
        for key in ("2", "new")
        for change in (
            {
                "UpdateExpression": "SET #c = if_not_exists(#c, :one) + :one REMOVE deep",
                "ExpressionAttributeNames": {"#c": "count"},
                "ExpressionAttributeValues": {":one": {"N": "1"}},
                "ReturnValues": "ALL_NEW",
            },
            {
                "UpdateExpression": "ADD names :names",
                "ExpressionAttributeValues": {":names": {"SS": ["c"]}},
                "ReturnValues": "UPDATED_OLD",
            },
            {
                "UpdateExpression": "SET names = :names",
                "ConditionExpression": "attribute_exists(nothing)",
                "ExpressionAttributeValues": {":names": {"S": "x"}},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
            {"AttributeUpdates": {"old": {"Value": {"S": "way"}, "Action": "PUT"}}},
            {"UpdateExpression": "nonsense"},
        )
    ),
    *(
        (
            "dynamodb",
            "query",
            {"TableName": "table", "ExpressionAttributeValues": {":id": {"S": "2"}}, **asked},
        )
        for asked in (
            {"KeyConditionExpression": "id = :id"},
            {"KeyConditionExpression": "id = :id", "Select": "COUNT", "ReturnConsumedCapacity": "TOTAL"},
            {"KeyConditionExpression": "id = :id", "ProjectionExpression": "names"},
            {"KeyConditionExpression": "id = :id", "FilterExpression": "attribute_not_exists(names)"},
            {"KeyConditionExpression": "other = :id"},
            {"KeyConditionExpression": "id = :id", "IndexName": "missing"},
            {},
        )
    ),
    ("dynamodb", "query", {"TableName": "missing", "KeyConditions": {"id": {"ComparisonOperator": "EQ"}}}),
    ("dynamodb", "scan", {"TableName": "table", "Limit": 1}),
    ("dynamodb", "scan", {"TableName": "table", "FilterExpression": "nonsense"}),
    ("dynamodb", "scan", {"TableName": "missing"}),
]

CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("sts", "get_caller_identity", {}),
    ("sqs", "create_queue", {"QueueName": "plain", "Attributes": {"DelaySeconds": "0"}}),
    ("sqs", "create_queue", {"QueueName": "plain", "Attributes": {"DelaySeconds": "5"}}),
    ("sqs", "create_queue", {"QueueName": "f.fifo", "Attributes": {"FifoQueue": "true"}}),
    ("sqs", "receive_message", {"QueueUrl": "URL/plain"}),
    ("sqs", "send_message", {"QueueUrl": "URL/plain", "MessageBody": "one"}),
    ("sqs", "send_message", {"QueueUrl": "URL/plain", "MessageBody": "late", "DelaySeconds": 600}),
    ("sqs", "send_message", {"QueueUrl": "URL/f.fifo", "MessageBody": "no group"}),
    (
        "sqs",
        "send_message",
        {"QueueUrl": "URL/f.fifo", "MessageBody": "m", "MessageGroupId": "g", "MessageDeduplicationId": "d"},
    ),
    ("sqs", "get_queue_attributes", {"QueueUrl": "URL/plain", "AttributeNames": ["All"]}),
    ("sqs", "get_queue_attributes", {"QueueUrl": "URL/f.fifo", "AttributeNames": ["All"]}),
    ("sqs", "receive_message", {"QueueUrl": "URL/plain", "MaxNumberOfMessages": 10}),
    (
        "sqs",
        "get_queue_attributes",
        {
            "QueueUrl": "URL/plain",
            "AttributeNames": ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        },
    ),
    ("sqs", "get_queue_url", {"QueueName": "missing"}),
    ("sqs", "get_queue_url", {"QueueName": "plain"}),
    ("sqs", "send_message", {"QueueUrl": "URL/missing", "MessageBody": "x"}),
    ("sqs", "send_message", {"QueueUrl": "URL/plain", "MessageBody": "x" * 2_000_000}),
    (
        "sqs",
        "send_message",
        {
            "QueueUrl": "URL/plain",
            "MessageBody": "with attributes <&>",
            "MessageAttributes": {
                "text": {"DataType": "String", "StringValue": "ü"},
                "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
            },
        },
    ),
    (
        "sqs",
        "receive_message",
        {"QueueUrl": "URL/plain", "MessageAttributeNames": ["All"], "AttributeNames": ["SenderId"]},
    ),
    ("sqs", "receive_message", {"QueueUrl": "URL/plain", "MaxNumberOfMessages": 11}),
    ("sqs", "receive_message", {"QueueUrl": "URL/plain", "VisibilityTimeout": 50_000}),
    ("sqs", "delete_message", {"QueueUrl": "URL/plain", "ReceiptHandle": "missing"}),
    ("sqs", "create_queue", {"QueueName": "short", "Attributes": {"VisibilityTimeout": "0"}}),
    (
        "sqs",
        "send_message_batch",
        {"QueueUrl": "URL/short", "Entries": [{"Id": str(number), "MessageBody": "x"} for number in range(3)]},
    ),
    ("sqs", "receive_message", {"QueueUrl": "URL/short", "AttributeNames": ["All"], "MaxNumberOfMessages": 10}),
    ("sqs", "receive_message", {"QueueUrl": "URL/short", "AttributeNames": ["All"], "MaxNumberOfMessages": 2}),
    (
        "sqs",
        "delete_message_batch",
        {"QueueUrl": "URL/short", "Entries": [{"Id": "1", "ReceiptHandle": "missing"}]},
    ),
    (
        "sqs",
        "send_message_batch",
        {
            "QueueUrl": "URL/short",
            "Entries": [
                {"Id": "1", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "1"}}},
                {"Id": "1", "MessageBody": "twice"},
            ],
        },
    ),
    ("sqs", "send_message_batch", {"QueueUrl": "URL/missing", "Entries": [{"Id": "1", "MessageBody": "x"}]}),
    (
        "sqs",
        "send_message_batch",
        {"QueueUrl": "URL/short", "Entries": [{"Id": "1", "MessageBody": "x", "DelaySeconds": 9}]},
    ),
    ("sqs", "get_queue_attributes", {"QueueUrl": "URL/short", "AttributeNames": ["Odd"]}),
    ("sqs", "get_queue_attributes", {"QueueUrl": "URL/short"}),
    ("sqs", "change_message_visibility", {"QueueUrl": "URL/short", "ReceiptHandle": "missing", "VisibilityTimeout": 1}),
    ("sqs", "purge_queue", {"QueueUrl": "URL/short"}),
    ("sqs", "receive_message", {"QueueUrl": "URL/short"}),
    ("sns", "create_topic", {"Name": "topic"}),
    (
        "sns",
        "publish",
        {"TopicArn": "arn:aws:sns:us-east-1:000000000000:missing", "Message": "<RequestId>x</RequestId>"},
    ),
    ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:topic", "Message": "m", "Subject": "s"}),
    (
        "sns",
        "publish",
        {
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:topic",
            "Message": "m",
            "MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": b"\x01"}},
        },
    ),
    ("sns", "publish", {"PhoneNumber": "no number", "Message": "m"}),
    (
        "sns",
        "publish_batch",
        {
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:topic",
            "PublishBatchRequestEntries": [{"Id": "1", "Message": "m"}, {"Id": "2", "Message": "n", "Subject": "s"}],
        },
    ),
    (
        "sns",
        "publish_batch",
        {
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:missing",
            "PublishBatchRequestEntries": [{"Id": "1", "Message": "m"}],
        },
    ),
    (
        "dynamodb",
        "create_table",
        {
            "TableName": "table",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    ),
    ("dynamodb", "put_item", {"TableName": "missing", "Item": {"id": {"S": "1"}}}),
    ("dynamodb", "put_item", {"TableName": "table", "Item": {"id": {"S": ""}}}),
    (
        "dynamodb",
        "put_item",
        {
            "TableName": "table",
            "Item": {
                "id": {"S": "1"},
                "bytes": {"B": b"\x00\xff"},
                "set": {"BS": [b"a", b"b"]},
                "nested": {"M": {"list": {"L": [{"N": "1.50"}, {"NULL": True}, {"BOOL": False}]}}},
            },
            "ReturnConsumedCapacity": "TOTAL",
        },
    ),
    ("dynamodb", "put_item", {"TableName": "table", "Item": {"id": {"S": "1"}}, "ReturnValues": "ALL_OLD"}),
    (
        "dynamodb",
        "put_item",
        {"TableName": "table", "Item": {"id": {"S": "1"}}, "ConditionExpression": "attribute_not_exists(id)"},
    ),
    ("dynamodb", "get_item", {"TableName": "table", "Key": {"id": {"S": "1"}}, "ReturnConsumedCapacity": "INDEXES"}),
    ("dynamodb", "get_item", {"TableName": "table", "Key": {"id": {"S": "missing"}}}),
    ("dynamodb", "get_item", {"TableName": "table", "Key": {"other": {"S": "1"}}}),
    (
        "dynamodb",
        "get_item",
        {
            "TableName": "table",
            "Key": {"id": {"S": "1"}},
            "ProjectionExpression": "#i",
            "ExpressionAttributeNames": {"#i": "id"},
        },
    ),
    ("dynamodb", "delete_item", {"TableName": "table", "Key": {"id": {"S": "1"}}, "ReturnValues": "ALL_OLD"}),
    ("dynamodb", "scan", {"TableName": "table"}),
    *ITEMS,
    ("ssm", "put_parameter", {"Name": "/a/b", "Value": "v", "Type": "SecureString"}),
    ("ssm", "get_parameter", {"Name": "/a/b"}),
    ("ssm", "get_parameter", {"Name": "/a/b", "WithDecryption": True}),
    ("ssm", "get_parameter", {"Name": "/a/b:7"}),
    ("ssm", "put_parameter", {"Name": "/a/c", "Value": "v", "Type": "StringList"}),
    ("ssm", "get_parameters", {"Names": ["/a/b", "missing"], "WithDecryption": True}),
    ("ssm", "get_parameters", {"Names": ["/a/c:1", "/a/c:1"]}),
    ("ssm", "get_parameters_by_path", {"Path": "/a"}),
    ("ssm", "get_parameters_by_path", {"Path": "/", "Recursive": True, "MaxResults": 1}),
    ("ssm", "get_parameters_by_path", {"Path": "a"}),
    (
        "ssm",
        "get_parameters_by_path",
        {"Path": "/a", "ParameterFilters": [{"Key": "Type", "Option": "Equals", "Values": ["StringList"]}]},
    ),
    ("ssm", "get_parameter", {"Name": "/aws/reference/secretsmanager/x"}),
    ("s3", "create_bucket", {"Bucket": "bucket"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "a/b c+ü", "Body": b"x"}),
    ("s3", "list_objects_v2", {"Bucket": "bucket"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "missing"}),
    ("iam", "get_user", {"UserName": "nobody"}),
    ("iam", "list_policies", {"Scope": "AWS", "MaxItems": 3}),
    ("iam", "create_policy", {"PolicyName": "own", "PolicyDocument": NOBODY_GETS}),
    ("iam", "create_role", {"RoleName": "role", "AssumeRolePolicyDocument": NOBODY_GETS}),
    ("iam", "attach_role_policy", {"RoleName": "role", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
    ("iam", "attach_role_policy", {"RoleName": "role", "PolicyArn": "arn:aws:iam::aws:policy/Missing"}),
    ("iam", "list_attached_role_policies", {"RoleName": "role"}),
    ("iam", "list_policies", {"OnlyAttached": True}),
    ("iam", "list_policies", {"Scope": "Local"}),
    ("ec2", "describe_vpcs", {}),
    ("lambda", "get_function", {"FunctionName": "missing"}),
    ("ssm", "get_parameter", {"Name": "missing"}),
    *OBJECTS,
]
