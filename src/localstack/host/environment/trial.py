"""Resolving something else than what was asked for, to explain what came of that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Protocol

from packaging.requirements import Requirement
from packaging.version import Version

from localstack.host.environment.failure import Failure
from localstack.host.environment.request import Request, Requests, SourceKind
from localstack.host.errors import ConflictError


class Trials(Protocol):
    """What a resolver can be asked besides; nothing is remembered of it.

    :ivar action: what is done, for errors, e.g. ``"installing extension"``
    """

    @property
    def action(self) -> str: ...

    def failure_of(self, requests: Requests) -> Failure | None:
        """Why ``requests`` can't be had together on this host; ``None`` when they can."""

    def newest(self, requests: Requests) -> Mapping[str, str]:
        """The newest release that each allows, whatever it needs, by canonical name; none when that can't be told."""


@dataclass(frozen=True)
class PassedOver:
    """A newer release that was not chosen.

    :ivar reason: in words for people, e.g. ``"ext==2.0 needs werkzeug<2, this host has werkzeug 3.1.8"``
    """

    name: str
    version: str
    chosen: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} was passed over for {self.chosen}: {self.reason}"


def contradiction(trials: Trials, requests: Requests) -> ConflictError | None:
    """The first two requests that can't be had together, though each can alone."""
    alone = [request for request in requests if trials.failure_of((request,)) is None]
    for pair in combinations(alone, 2):
        failure = trials.failure_of(pair)
        if failure is not None:
            needs = failure.opposing_needs()
            reason = f"{pair[0].name} and {pair[1].name} contradict each other{f': {needs}' if needs else ''}"
            hint = "ask for versions of them that go together, or uninstall one"
            return ConflictError(f"Error while {trials.action}: {reason}", hint)
    return None


def passed_over(
    trials: Trials, requests: Requests, chosen: Mapping[str, str], names: Collection[str]
) -> Iterator[PassedOver]:
    """Of the requests ``names`` those of which an older release was chosen than the newest that would be allowed.

    :param chosen: versions by canonical name
    """
    free = {
        one.name: one
        for one in requests
        if one.name in names and one.name in chosen and one.kind is SourceKind.INDEX and not _is_pinned(one)
    }
    newest = trials.newest(tuple(free.values())) if free else {}
    for name, version in newest.items():
        if Version(version) <= Version(chosen[name]):
            continue
        others = tuple(other for other in requests if other.name != name)
        failure = trials.failure_of((*others, _pinned(free[name], version)))
        if failure is not None:
            yield PassedOver(name, version, chosen[name], _reason(failure, trials.action))


def _reason(failure: Failure, action: str) -> str:
    error = failure.error()
    needs = "" if isinstance(error, ConflictError) else failure.opposing_needs()
    return needs or error.message.removeprefix(f"Error while {action}: ")


def _is_pinned(request: Request) -> bool:
    return any(one.operator in ("==", "===") for one in Requirement(request.requirement).specifier)


def _pinned(request: Request, version: str) -> Request:
    requirement = Requirement(request.requirement)
    requirement.specifier &= f"=={version}"
    return replace(request, requirement=str(requirement))
