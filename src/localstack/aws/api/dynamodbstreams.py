"""Types of the API of DynamoDB's streams that extensions use."""

__all__ = ["TableName"]

TableName = str
