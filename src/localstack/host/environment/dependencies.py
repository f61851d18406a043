"""What a project requires that runs from its source, installed apart from all extensions.

It is resolved against what the host has, as any install, and kept as generations of its own, below the volume's cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from localstack.host.environment.change import changing
from localstack.host.environment.generation import Generation, Generations
from localstack.host.environment.progress import Report, Reporter
from localstack.host.environment.provided import PROVIDED_NAMES, active_requirements, host_distributions
from localstack.host.environment.request import Request, Requests, SourceKind, now, read_requests
from localstack.host.settings import Settings
from localstack.host.version import LOCALSTACK_VERSION


def installed_dependencies(project: Path, requires: Iterable[str], settings: Settings, report: Report) -> Path | None:
    """The folder with what a project requires, installed when that has changed; ``None`` where the host has it all.

    :param requires: lines as in ``Requires-Dist``; what their markers leave out here is passed over
    :param report: gets what is being installed
    :raises LeantoError: when no versions satisfy them and the host, or they can't be fetched
    """
    requirements = list(active_requirements(requires))
    if all(map(_is_met_by_host, requirements)):
        return None
    requests = tuple(map(_request, requirements))
    digest = hashlib.sha256(str(project).encode()).hexdigest()[:12]
    generations = Generations(settings.volume_dir / "cache" / "developed" / f"{project.name}-{digest}")
    current = generations.hold_current()
    if not _is_for(current, requests):
        action, name = f"installing what {project.name} requires", f"dev enable {project}"
        reporter = Reporter(report, explains=False)
        with changing(generations, settings.environ, reporter, action, name, project.name) as change:
            if not _is_for(change.before.generation, requests):  # another platform may have just installed it
                change.carry_through(change.resolve(requests))
        current = generations.hold_current()
    assert current is not None
    return current.site_packages


def _is_met_by_host(requirement: Requirement) -> bool:
    name = canonicalize_name(requirement.name)
    version = LOCALSTACK_VERSION if name in PROVIDED_NAMES else host_distributions().get(name)
    is_plain = not requirement.url and not requirement.extras
    return version is not None and is_plain and requirement.specifier.contains(version, prereleases=True)


def _request(requirement: Requirement) -> Request:
    requirement.marker = None
    kind = SourceKind.REMOTE if requirement.url else SourceKind.INDEX
    name = canonicalize_name(requirement.name)
    return Request(name, str(requirement), kind, str(requirement), requested_at=now())


def _is_for(generation: Generation | None, requests: Requests) -> bool:
    if generation is None or not generation.is_usable():
        return False
    return {one.requirement for one in read_requests(generation.requests_file)} == {one.requirement for one in requests}
