"""Mends what a diagnosis of the environment of installed extensions found."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from localstack.host.environment.change import Change, ChangeResult, Outcome, changing
from localstack.host.environment.diagnosis import (
    CONFIG_SECRETS,
    OF_OTHERS,
    Problem,
    Repair,
    diagnose,
    is_secret,
    problems_of_packages,
)
from localstack.host.environment.generation import Generation, Generations
from localstack.host.environment.installed import InstalledPackages
from localstack.host.environment.link import link
from localstack.host.environment.progress import Reporter
from localstack.host.environment.request import read_requests
from localstack.host.environment.resolution import Resolution
from localstack.host.errors import ConflictError, InstallError, UnhealthyError, VolumeError, reason_of
from localstack.host.settings import Settings

_ACTION = "repairing extensions"
_NAME = "doctor --fix"
_ORDER = (Repair.REMOVE, Repair.SWITCH, Repair.LINK, Repair.REBUILD)
"""Each may bring to light what the next one mends."""
_OWNER_ONLY = 0o600


@dataclass(frozen=True)
class Doctor:
    """For the installed extensions of one volume."""

    settings: Settings
    reporter: Reporter

    @property
    def _generations(self) -> Generations:
        return Generations(self.settings.extensions_dir)

    def diagnose(self) -> tuple[Problem, ...]:
        """What is wrong; changes nothing.

        :raises VolumeError: when the volume can't be looked at
        """
        try:
            return diagnose(self._generations, self._secrets, self.settings.environ)
        except OSError as error:
            hint = "make it readable for you, or set LOCALSTACK_VOLUME_DIR to another folder"
            raise VolumeError(f"{error.filename} can't be read: {reason_of(error)}", hint) from error

    def treat(self, problems: tuple[Problem, ...]) -> tuple[tuple[Problem, ...], ChangeResult]:
        """Mend what can be mended.

        :return: what is left, and whether another generation is in force now
        :raises LeantoError: when something can't be mended; what is in force is as before then, or better
        """
        problems = self._mend(problems, Repair.MODE)  # first: nothing can be told of closed folders
        before = self._generations.current()
        for repair in _ORDER:
            problems = self._mend(problems, repair)
        after = self._generations.current()
        outcome = Outcome.UNCHANGED if after == before else Outcome.CHANGED
        return problems, ChangeResult(outcome, None, _number(after), _number(before))

    def _mend(self, problems: tuple[Problem, ...], repair: Repair) -> tuple[Problem, ...]:
        """Carry ``repair`` out while that helps; what is left then."""
        while wanted := [problem for problem in problems if problem.repair is repair]:
            self._carry_out(repair, wanted)
            problems, earlier = self.diagnose(), problems
            if set(problems) >= set(earlier):
                break
        return problems

    @property
    def _secrets(self) -> tuple[Path, ...]:
        return tuple(self.settings.config_dir / name for name in CONFIG_SECRETS)

    def _carry_out(self, repair: Repair, problems: Iterable[Problem]) -> None:
        match repair:
            case Repair.MODE:
                for problem in problems:
                    _open(Path(problem.where))
            case Repair.REMOVE:
                with self._generations.locked(_NAME, self.reporter.line):
                    pass  # who holds the lock has removed what others left
            case Repair.SWITCH:
                self._switch()
            case Repair.LINK:
                current = self._generations.current()
                if current is not None:
                    link(current.path)
            case Repair.REBUILD:
                with self._changing() as change:
                    resolution, check = _locked(change), self._refuse_the_same(change.before.packages)
                    is_bundled = change.resolver.has_wheels_of(resolution)
                    change.carry_through(resolution, check=check, is_bundled=is_bundled)

    def _switch(self) -> None:
        """Put the newest generation in force that can be; an empty one where there is none."""
        with self._generations.locked(_NAME, self.reporter.line):
            candidates = [one for one in self._generations.complete() if one.is_usable() and _has_record(one)]
            if candidates:
                self._generations.switch_to(candidates[-1])
                return
        with self._changing() as change:
            change.carry_through(change.resolve(()))

    def _refuse_the_same(self, before: InstalledPackages) -> Callable[[InstalledPackages], None]:
        """A check that refuses what was built when that has all the faults of what is there."""

        def check(packages: InstalledPackages) -> None:
            faults = set(problems_of_packages(packages, self.settings.environ))
            if faults and faults >= set(problems_of_packages(before, self.settings.environ)):
                message = next(iter(sorted(fault.message for fault in faults)))
                raise UnhealthyError(
                    f"to install it again does not help: {message}",
                    "uninstall it, or ask its author for another release",
                )

        return check

    def _changing(self) -> AbstractContextManager[Change]:
        return changing(self._generations, self.settings.environ, self.reporter, _ACTION, _NAME)


def _locked(change: Change) -> Resolution:
    """What the lock of the current generation says; resolved anew where that is for another Python or host."""
    requests, generation = change.before.requests, change.before.generation
    if generation is None or not generation.is_for_this_python():
        return change.resolve(requests, prefers_cache=True)
    try:
        change.resolver.take_over_wheels(generation.wheels)
        return change.resolver.resolution_of(requests, generation.lock_file.read_text(encoding="utf-8"))
    except (OSError, ValueError, ConflictError):
        return change.resolve(requests, prefers_cache=True)


def _has_record(generation: Generation) -> bool:
    try:
        read_requests(generation.requests_file)
    except InstallError:
        return False
    return True


def _open(path: Path) -> None:
    """Let the owner use it, and nobody else where it may have a password in it."""
    try:
        mode = path.stat().st_mode
        if path.is_dir():
            path.chmod(mode | stat.S_IRWXU)
        else:
            path.chmod(mode & ~OF_OTHERS | _OWNER_ONLY if is_secret(path) else mode | _OWNER_ONLY)
    except OSError as error:
        message = f"the permissions of {path} can't be set: {error.strerror}"
        raise UnhealthyError(message, "set them as its owner") from error


def _number(generation: Generation | None) -> int | None:
    return generation.number if generation is not None else None
