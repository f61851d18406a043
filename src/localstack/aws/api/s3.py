"""Types of S3's API that extensions use."""

from __future__ import annotations

from typing import Any

__all__ = ["PutObjectRequest"]

PutObjectRequest = dict[str, Any]
"""The parameters of ``PutObject`` by their names in the API: ``{"Bucket": "b", "Key": "k", "Body": <BytesIO>}``."""
