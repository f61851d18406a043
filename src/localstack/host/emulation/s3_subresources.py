"""Which operations of S3 moto has.

moto's S3 looks for the subresources that it knows in the query string and takes anything else for the plain operation:
``DELETE /bucket?analytics`` would delete the bucket, ``GET /bucket/key?retention`` would answer the object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from botocore.model import OperationModel

_BUCKET_READ = (
    "accelerate acl cors encryption inventory lifecycle list-type location logging notification object-lock "
    "ownershipControls policy policyStatus publicAccessBlock replication tagging uploads versioning versions website"
)
_BUCKET_WRITTEN = (
    "accelerate acl cors encryption inventory lifecycle logging notification object-lock ownershipControls policy "
    "publicAccessBlock replication tagging versioning website"
)
_BUCKET_DELETED = "cors encryption lifecycle ownershipControls policy publicAccessBlock replication tagging website"
_KNOWN_TO_MOTO = {
    ("bucket", "GET"): frozenset(_BUCKET_READ.split()),
    ("bucket", "PUT"): frozenset(_BUCKET_WRITTEN.split()),
    ("bucket", "DELETE"): frozenset(_BUCKET_DELETED.split()),
    ("bucket", "POST"): frozenset({"delete"}),
    ("key", "GET"): frozenset({"acl", "attributes", "legal-hold", "tagging", "uploadId"}),
    ("key", "PUT"): frozenset({"acl", "legal-hold", "partNumber", "retention", "tagging", "uploadId"}),
    ("key", "DELETE"): frozenset({"tagging", "uploadId"}),
    ("key", "POST"): frozenset({"restore", "select", "uploadId", "uploads"}),
}


def is_in_moto(operation: OperationModel) -> bool:
    """Whether moto tells the operation apart from the plain one on the same path; it has no directory buckets."""
    if operation.name == "ListDirectoryBuckets":
        return False
    path, _, query = operation.http["requestUri"].partition("?")
    subresources = {name for name, _ in parse_qsl(query, keep_blank_values=True)} - {"x-id"}
    kind = "key" if "{Key" in path else "bucket"
    return not subresources or bool(subresources & _KNOWN_TO_MOTO.get((kind, operation.http["method"]), frozenset()))
