"""Taking over changes of the installed extensions: ``/_localstack/extensions/preview`` and ``…/apply``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rolo import Request, Router
from werkzeug.exceptions import BadRequest

from localstack.host.manage.protection import Protection


@dataclass(frozen=True)
class Takeover:
    """What became of a change of the installed extensions in the running platform.

    :ivar loaded: extensions that came or changed, ``"name version"``
    :ivar unloaded: extensions that went
    :ivar failed: extensions that are installed now and could not be loaded
    :ivar left: what of that goes on working until the platform is restarted, e.g. ``"the thread poll still runs"``
    :ivar obstacles: why the platform goes on as it was, and needs a restart; then nothing else is set
    """

    loaded: tuple[str, ...] = ()
    unloaded: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()


class LiveExtensions(Protocol):
    """What the resources ask of the platform."""

    def obstacles_to(self, generation: str) -> Sequence[str]:
        """Why a generation can't be taken over without a restart; empty when it can.

        :param generation: the name of its folder below ``generations``
        :raises ValueError: when there is none of that name
        """

    def take_over(self) -> Takeover:
        """Go on with the extensions of the generation that is in force."""


@dataclass(frozen=True)
class ExtensionResources:
    """For the command line, which changes what is installed."""

    extensions: LiveExtensions
    protection: Protection

    def add_to(self, router: Router[Any]) -> None:
        router.add("/_localstack/extensions/preview", self.preview, methods=["POST"])
        router.add("/_localstack/extensions/apply", self.apply, methods=["POST"])

    def preview(self, request: Request) -> dict[str, Any]:
        """``{"generation": "8"}`` → ``{"obstacles": [...]}``; nothing is changed."""
        self.protection.check(request)
        data = request.get_json(force=True, silent=True)
        name = data.get("generation") if isinstance(data, dict) else None
        if not isinstance(name, str):
            raise BadRequest('the body must be {"generation": "<its folder\'s name>"}')
        try:
            return {"obstacles": list(self.extensions.obstacles_to(name))}
        except ValueError as error:
            raise BadRequest(str(error)) from None

    def apply(self, request: Request) -> dict[str, Any]:
        """Take over the generation in force."""
        self.protection.check(request)
        return vars(self.extensions.take_over())
