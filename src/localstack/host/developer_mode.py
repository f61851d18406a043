"""Developer mode of a platform: enabled folders run from their source, and what is saved is served."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from localstack.host import shared
from localstack.host.dev.activation import EnabledProject, activate, banner
from localstack.host.dev.overlay import Overlay
from localstack.host.dev.registry import DevRegistry
from localstack.host.dev.reload import DevReload
from localstack.host.dev.status import StatusResource
from localstack.host.dev.watching import fingerprint
from localstack.host.extension.discovery import Candidate, DistributionInfo, Origin
from localstack.host.extension.exchange import Exchange
from localstack.host.extension.modules import compile_from_source
from localstack.host.redaction import redacted
from localstack.host.settings import Settings

LOG = logging.getLogger(__name__)


class DeveloperMode:
    """The enabled folders of a run, from now on on ``sys.path``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        enabled = DevRegistry(settings.config_dir).enabled() if settings.extension_dev_mode else ()
        paths = tuple(dict.fromkeys((*enabled, *settings.extension_dev_paths)))
        print(banner(paths), flush=True)  # noqa: T201
        compile_from_source(paths)
        self._fingerprints = {path: fingerprint(path) for path in paths}
        self._activation = activate(paths, self._dependencies_of)
        self._reload: DevReload | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """What was added to ``sys.path``."""
        projects = self._reload.projects if self._reload else self._activation.projects
        return tuple(path for project in projects for path in project.paths)

    def candidates(self) -> list[Candidate]:
        return list(chain.from_iterable(map(_candidates_of, self._activation.projects)))

    def serve(self, exchange: Exchange) -> None:
        """Show how the folders do; ``start`` begins to reload them."""
        if not self._fingerprints:
            return
        containers = shared.extensions()
        self._reload = DevReload(exchange, self._activation, _candidates_of, self._fingerprints, self._dependencies_of)
        StatusResource(self._reload.statuses).add_to(containers.internal_apis)
        containers.edge_router.on_answer = Overlay(self._reload.broken_save_of).add_to

    def start(self) -> None:
        """Reload what is saved from now on."""
        if self._reload is not None:
            self._reload.start()

    def stop(self) -> None:
        if self._reload is not None:
            self._reload.stop()

    def _dependencies_of(self, project: Path, requires: Sequence[str]) -> Path | None:
        """What an enabled folder requires, installed; see ``installed_dependencies``."""
        if not requires:
            return None
        from packaging.requirements import InvalidRequirement, Requirement

        from localstack.host.environment.dependencies import installed_dependencies

        for text in requires:
            try:
                Requirement(text)
            except InvalidRequirement:
                LOG.warning("%s requires %r, which is no requirement and is passed over", project, redacted(text))
        return installed_dependencies(project, requires, self._settings, LOG.info)


def _candidates_of(project: EnabledProject) -> list[Candidate]:
    about = DistributionInfo(project.name, project.version, project.summary, project.author)
    return [Candidate(entry_point, about, Origin.DEVELOPED) for entry_point in project.entry_points]
