"""Init scripts, and what an extension adds to run more kinds of them."""

from __future__ import annotations

from pathlib import Path

from plux import Plugin

__all__ = ["ScriptRunner"]


class ScriptRunner(Plugin):  # type: ignore[misc]  # plux is not typed
    """Runs init scripts of one kind. Subclass it, set ``name``, and make it an entry point of its namespace.

    The platform calls ``load`` before the first script that the runner takes. An exception in ``run`` makes the script
    one with the state ERROR; the scripts after it run all the same.

    :ivar suffixes: ends of the file names that it takes, e.g. ``[".tf"]``
    """

    namespace = "localstack.init.runner"
    suffixes: list[str] = []  # noqa: RUF012 - subclasses assign it like this

    def run(self, path: str) -> None:
        """Run the script at ``path`` to its end."""
        raise NotImplementedError

    def should_run(self, script_file: str) -> bool:
        """Whether this runner takes the file, told by its suffix."""
        return Path(script_file).suffix in self.suffixes
