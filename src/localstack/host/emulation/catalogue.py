"""What is known of the AWS services before botocore or moto is imported.

The table ``services.json`` is written by ``tools/generate_services.py`` from the installed botocore and moto.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Service:
    """One AWS service under botocore's name.

    :ivar endpoint: first labels of its host name, e.g. ``"sqs"``, ``"runtime.sagemaker"``
    :ivar signing: its name in the scope of a signature, often shared, e.g. ``"elasticloadbalancing"``
    :ivar target: what stands before the ``.`` in ``X-Amz-Target``, e.g. ``"AmazonSQS"``
    :ivar version: version of its API, e.g. ``"2012-11-05"``
    :ivar emulated: whether moto has it
    :ivar auth: ``"bearer"`` or ``"none"`` for a REST service whose requests, some or all, have no signature
    """

    name: str
    endpoint: str
    signing: str
    protocols: tuple[str, ...]
    version: str
    target: str | None = None
    emulated: bool = False
    auth: str | None = None


class Catalogue:
    """All services, with the look-ups that recognising needs."""

    def __init__(self, services: list[Service], regions: list[str]) -> None:
        self.regions = frozenset(regions)
        self.services = {service.name: service for service in services}
        self.endpoints = {service.endpoint: service for service in sorted(services, key=_preference, reverse=True)}
        self._by_signing: dict[str, list[Service]] = defaultdict(list)
        self._by_target: dict[str, list[Service]] = defaultdict(list)
        for service in sorted(services, key=_preference):
            self._by_signing[service.signing].append(service)
            if service.target:
                self._by_target[service.target].append(service)

    @classmethod
    @cache
    def load(cls) -> Catalogue:
        content = json.loads(Path(__file__).with_name("services.json").read_text())
        services = [
            Service(name=name, **{**entry, "protocols": tuple(entry["protocols"])})
            for name, entry in content["services"].items()
        ]
        return cls(services, content["regions"])

    def signed_as(self, signing_name: str) -> list[Service]:
        """Services with that signing name; the likelier first."""
        return self._by_signing.get(signing_name, [])

    def targeted_as(self, target_prefix: str) -> list[Service]:
        """Services with that prefix in ``X-Amz-Target``; more than one only for Timestream."""
        return self._by_target.get(target_prefix, [])

    def authorised_by(self, auth: str) -> list[Service]:
        """REST services with requests of that kind: ``"bearer"`` or ``"none"``."""
        return [service for service in self.services.values() if service.auth == auth]

    def speaking_query(self) -> list[Service]:
        """Services that take an ``Action`` parameter; the likelier first."""
        found = [service for service in self.services.values() if {"query", "ec2"} & set(service.protocols)]
        return sorted(found, key=_preference)

    def emulated(self) -> list[str]:
        """Names of the services that moto has."""
        return [service.name for service in self.services.values() if service.emulated]


def _preference(service: Service) -> tuple[bool, bool, str]:
    """Among services that share a name: those that moto has, then the namesake, then the alphabet."""
    return not service.emulated, service.name not in (service.signing, service.endpoint), service.name
