"""The rules of fault injection, and their JSON form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class RuleError(ValueError):
    """A rule that can't be used; the text says which one, and why."""


@dataclass(frozen=True)
class Rule:
    """Which AWS calls fail, how often, and how; ``None`` fits every service, operation or region."""

    service: str | None = None
    operation: str | None = None
    region: str | None = None
    probability: float = 1.0
    status_code: int = 503
    code: str = "ServiceUnavailable"

    def fits(self, service: str, operation: str, region: str | None) -> bool:
        wanted = (self.service, service), (self.operation, operation), (self.region, region)
        return all(own in (None, called) for own, called in wanted)

    def document(self) -> dict[str, Any]:
        """E.g. ``{"service": "sqs", "probability": 0.5, "error": {"statusCode": 503, "code": "Busy"}}``."""
        where = {"service": self.service, "operation": self.operation, "region": self.region}
        error = {"statusCode": self.status_code, "code": self.code}
        return {key: value for key, value in where.items() if value} | {
            "probability": self.probability,
            "error": error,
        }

    @classmethod
    def parse_list(cls, documents: Any) -> tuple[Rule, ...]:
        """Rules from their JSON form, in which every member may be missing.

        :raises RuleError: when a member has a value that is none
        """
        if not isinstance(documents, list):
            raise RuleError('rules come as a JSON list, such as [{"service": "sqs"}]')
        return tuple(cls._parse(number, document) for number, document in enumerate(documents, 1))

    @classmethod
    def _parse(cls, number: int, document: Any) -> Rule:
        error = document.get("error", {}) if isinstance(document, dict) else None
        if not isinstance(error, dict):
            raise RuleError(f'rule {number}: it has to look like {{"service": "sqs", "error": {{"statusCode": 503}}}}')
        members = {name: document.get(name) for name in ("service", "operation", "region", "probability")}
        members |= {"status_code": error.get("statusCode"), "code": error.get("code")}
        rule = cls(**{name: value for name, value in members.items() if value is not None})
        texts = rule.service, rule.operation, rule.region, rule.code
        if not all(isinstance(text, str | None) for text in texts):
            raise RuleError(f"rule {number}: service, operation, region and code are texts")
        if not (isinstance(rule.probability, int | float) and 0 <= rule.probability <= 1):
            raise RuleError(f"rule {number}: probability is {rule.probability!r} and has to be from 0 to 1")
        if not (isinstance(rule.status_code, int) and 400 <= rule.status_code <= 599):
            raise RuleError(f"rule {number}: statusCode is {rule.status_code!r} and has to be from 400 to 599")
        return rule
