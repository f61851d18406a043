"""Which folders run in developer mode: the list that ``extensions dev enable`` and ``disable`` keep.

<CONFIG_DIR>/extensions-dev.json    {"version": 1, "extensions": [{"path": "/home/jane/my-extension"}]}
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from localstack.host.errors import DevModeError

PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")

_FORMAT_VERSION = 1
_PATH_KEYS = ("path", "host_path")
"""``host_path`` is how files that other tools wrote name the folder."""


class DevRegistry:
    """The enabled folders, kept in one file. Every change is one rename, and two commands at once lose nothing."""

    def __init__(self, config_dir: Path) -> None:
        self.file = config_dir / "extensions-dev.json"

    def enable(self, path: Path) -> Path:
        """Add a project's folder and return it absolute and without symbolic links; adding it again changes nothing.

        :raises DevModeError: when there is no such folder, it holds no Python project, or the list can't be kept
        """
        folder = project_folder(path)
        with self._changing() as folders:
            if folder not in folders:
                folders.append(folder)
        return folder

    def disable(self, text: str) -> Path:
        """Take a folder out, by its path or by its bare name; it need not exist any more.

        :raises DevModeError: when it is not enabled, the name fits several folders, or the list can't be kept
        """
        with self._changing() as folders:
            folder = _find(text, folders)
            folders.remove(folder)
        return folder

    def enabled(self) -> tuple[Path, ...]:
        """The enabled folders, in the order in which they were enabled.

        :raises DevModeError: when the file can't be read or is damaged
        """
        try:
            text = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._damaged(error.strerror or str(error)) from error
        except UnicodeDecodeError as error:
            raise self._damaged(str(error)) from error
        return tuple(dict.fromkeys(self._parse(text)))

    @contextmanager
    def _changing(self) -> Iterator[list[Path]]:
        """Hold the list alone, and write it if it was changed."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.file.with_suffix(".lock")):
                before = self.enabled()
                folders = list(before)
                yield folders
                if tuple(folders) != before:
                    self._write(folders)
        except OSError as error:
            hint = "make it writable, or set CONFIG_DIR to another directory"
            raise DevModeError(f"can't write {self.file}: {error.strerror or error}", hint) from error

    def _write(self, folders: Sequence[Path]) -> None:
        record = {"version": _FORMAT_VERSION, "extensions": [{"path": str(folder)} for folder in folders]}
        descriptor, name = tempfile.mkstemp(dir=self.file.parent, prefix=self.file.name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(record, stream, indent=2)
                stream.write("\n")
            Path(name).replace(self.file)
        finally:
            Path(name).unlink(missing_ok=True)

    def _parse(self, text: str) -> Iterator[Path]:
        try:
            record = json.loads(text)
        except ValueError as error:
            raise self._damaged(str(error)) from error
        entries = record.get("extensions") if isinstance(record, dict) else None
        if not isinstance(entries, list):
            raise self._damaged('it has no list "extensions"')
        if record.get("version", _FORMAT_VERSION) != _FORMAT_VERSION:
            raise self._damaged(f"its version {record['version']!r} is not known")
        for entry in entries:
            paths = [entry[key] for key in _PATH_KEYS if key in entry] if isinstance(entry, dict) else []
            if not paths or not isinstance(paths[0], str) or not Path(paths[0]).is_absolute():
                raise self._damaged(f"{json.dumps(entry)} names no absolute path")
            yield Path(paths[0])

    def _damaged(self, cause: str) -> DevModeError:
        hint = "repair it, or delete it and enable your extensions again"
        return DevModeError(f"can't read the list of enabled extensions {self.file}: {cause}", hint)


def project_folder(path: Path) -> Path:
    """The folder, absolute and without symbolic links.

    :raises DevModeError: when there is none, or it holds no Python project
    """
    try:
        folder = path.resolve(strict=True)
        entries = {entry.name for entry in folder.iterdir()}
    except FileNotFoundError as error:
        hint = "give the path of an extension's folder, or make one with `localstack extensions dev new`"
        raise DevModeError(f"there is no folder {path.absolute()}", hint) from error
    except NotADirectoryError as error:
        raise DevModeError(f"{path.absolute()} is no folder", "give the folder that holds the extension") from error
    except (OSError, RuntimeError) as error:  # RuntimeError: how Python before 3.13 reports a loop of symbolic links
        raise DevModeError(f"can't read {path.absolute()}: {error}", "give a folder that you can read") from error
    if not entries.intersection(PROJECT_FILES):
        hint = "give the project's top folder, or make a project with `localstack extensions dev new`"
        raise DevModeError(f"{folder} is no Python project: it has none of {', '.join(PROJECT_FILES)}", hint)
    return folder


def _find(text: str, folders: Sequence[Path]) -> Path:
    path = Path(text)
    by_path = [folder for folder in folders if folder in (path.absolute(), path.resolve())]
    found = by_path or [folder for folder in folders if folder.name == text.rstrip("/")]
    if not found:
        hint = "`localstack extensions dev list` shows what is enabled"
        raise DevModeError(f"{text!r} is not enabled for developer mode", hint)
    if len(found) > 1:
        raise DevModeError(f"{text!r} fits several enabled extensions", f"give one path: {', '.join(map(str, found))}")
    return found[0]
