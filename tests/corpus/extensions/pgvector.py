"""pgvector: its wheel lacks a module of its own, so it can't be imported anywhere."""

from __future__ import annotations

from corpus.published import Published, Tier, nothing_to_check

PUBLISHED = Published(
    "localstack-extension-pgvector",
    "pgvector",
    Tier.INTERNALS,
    nothing_to_check,
    refusal=r"No module named 'db_manager' \(extension\.py, line 8\)",
)
