"""All extensions at once: one environment, one start, everybody answers, and the platform ends well."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import requests

from corpus import inspector
from corpus.interpreters import Interpreter
from corpus.published import Published
from corpus.trial import Outcome, Result, describe, end_of_log, fresh_home, requirements_of, settings_of
from corpus.visit import Visit
from platforms import Home, Platform, platforms_of


@dataclass
class Together:
    """What came of all of them together.

    :ivar start_seconds: from the command to the first answer
    :ivar again_seconds: the same when the platform is started once more
    :ivar problems: what is wrong with the platform as a whole
    """

    outcomes: list[Outcome] = field(default_factory=list)
    start_seconds: float = 0.0
    again_seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def run_together(extensions: Sequence[Published], interpreter: Interpreter, folder: Path, **settings: str) -> Together:
    """Install all with one command, start, call each, uninstall all, and look for what is left.

    :param settings: more settings of the platform
    :raises NotRun: when a port or a program is missing
    """
    with requirements_of(extensions):
        return _run_together(extensions, interpreter, folder, settings)


def _run_together(
    extensions: Sequence[Published], interpreter: Interpreter, folder: Path, more: Mapping[str, str]
) -> Together:
    result = Together()
    home = fresh_home(folder, interpreter)
    versions = install_all(home, extensions)
    settings = {**settings_of(extensions, home), **more}
    patience = max(published.patience_seconds for published in extensions)
    with platforms_of(home) as start:
        result.start_seconds = seconds_to_answer(platform := start(ready=False, patience_seconds=patience, **settings))
        platform.wait_for(r"^Ready\.$", platform.stdout)
        for published in extensions:
            version = versions.get(published.distribution, "")
            result.outcomes.append(call(published, interpreter, Visit(platform, home), version))
        if (code := platform.signal()) != 0:
            result.problems.append(f"the platform ended with {code}")
        result.again_seconds = seconds_to_answer(platform := start(ready=False, patience_seconds=patience, **settings))
        platform.wait_for(r"^Ready\.$", platform.stdout)
        result.problems += end(platform, home, interpreter)
    return result


def install_all(home: Home, extensions: Sequence[Published]) -> dict[str, str]:
    """Install all in one resolution; versions by distribution."""
    wanted = home.path / "extensions.txt"
    wanted.write_text("".join(f"{published.distribution}\n" for published in extensions))
    done = home.run("extensions", "sync", str(wanted))
    assert done.returncode == 0, f"sync: {done.stdout}{done.stderr}"
    return dict(re.findall(r"^\s*\+ (\S+) (\S+)", done.stdout, re.MULTILINE))


def conflict(published: Published, platform: Platform) -> str:
    """What the platform says of an extension that claims what another one has."""
    listed = {one["name"]: one for one in platform.get("/_localstack/extensions/list").json()}
    fault: str = listed[published.name]["last_fault"] or ""
    assert f"is refused: extension {published.conflicts_with} has it already" in fault, listed
    return fault


def seconds_to_answer(platform: Platform) -> float:
    """Ask until a platform that was started just now answers; it listens only when it is about to be ready."""
    began = time.monotonic()
    while platform.process.poll() is None:
        try:
            platform.get("/_localstack/health")
        except requests.ConnectionError:
            time.sleep(0.02)
        else:
            return time.monotonic() - began
    raise AssertionError(f"the platform ended: {platform.log}")


def call(published: Published, interpreter: Interpreter, visit: Visit, version: str) -> Outcome:
    try:
        if published.conflicts_with is not None:
            return Outcome(published, interpreter, Result.REPORTED, version, conflict(published, visit.platform))
        published.check(visit)
        return Outcome(published, interpreter, Result.RUNS, version, called=tuple(visit.called))
    except Exception as error:  # noqa: BLE001 - whatever went wrong is the outcome
        detail = f"{describe(error)}\n{end_of_log(visit)}"
        return Outcome(published, interpreter, Result.FAILED, version, detail, called=tuple(visit.called))


def end(platform: Platform, home: Home, interpreter: Interpreter) -> list[str]:
    """Uninstall all and stop; what was left behind, and what went wrong."""
    nothing = home.path / "nothing.txt"
    nothing.write_text("")
    done = home.run("extensions", "sync", "--prune", str(nothing))
    if done.returncode != 0:
        return [f"sync --prune: {done.stdout}{done.stderr}"]
    if "Restart needed" in done.stdout:
        home.run("restart")
        platform.wait_for(r"^Ready\.$", platform.stdout, count=2)
    problems = [f"left behind: {one}" for one in inspector.leftovers(platform, interpreter.bare)]
    if (code := platform.signal()) != 0:
        problems.append(f"the platform ended with {code}")
    return problems
