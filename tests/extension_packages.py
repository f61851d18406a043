"""Real projects, wheels and source archives of extensions, and a package index on loopback that keeps a record."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from uv import find_uv_bin

SEED_SETUP_CFG = """\
[metadata]
name = localstack-extension-ready-announcer
description = LocalStack extension that logs when LocalStack is ready to receive requests
author = Your Name
author_email = your@email.com
url = https://link-to-your-project

[options]
zip_safe = False
packages = find:
install_requires =
    localstack>=1.0.0

[options.entry_points]
localstack.extensions =
    my_ready_annoucer = localstack_annoucer.extension:ReadyAnnoucerExtension
"""
"""To the letter what LocalStack's documentation shows."""

SEED_EXTENSION = """\
import logging
from localstack.extensions.api import Extension

LOG = logging.getLogger(__name__)

class ReadyAnnoucerExtension(Extension):
    name = "my_ready_annoucer"

    def on_platform_ready(self):
        LOG.info("my plugin is laded and localstack is ready to roll!")
"""

SETUP_PY = "from setuptools import setup\n\nsetup()\n"


def write_seed_project(folder: Path, setup_py: str | None = SETUP_PY) -> Path:
    """The extension of LocalStack's documentation, with or without a ``setup.py`` beside its ``setup.cfg``."""
    package = folder / "localstack_annoucer"
    package.mkdir(parents=True)
    (folder / "setup.cfg").write_text(SEED_SETUP_CFG)
    if setup_py is not None:
        (folder / "setup.py").write_text(setup_py)
    (package / "__init__.py").touch()
    (package / "extension.py").write_text(SEED_EXTENSION)
    return folder


@dataclass(frozen=True)
class Project:
    """A project to be written and built; ``plugin`` is the extension's name, ``None`` for a mere library."""

    distribution: str
    version: str = "0.1.0"
    requires: tuple[str, ...] = ()
    plugin: str | None = "greeter"
    requires_python: str = ">=3.8"
    build_requires: tuple[str, ...] = ("setuptools",)

    @property
    def module(self) -> str:
        return self.distribution.replace("-", "_")

    def write(self, folder: Path) -> Path:
        """Write it into ``folder``, which is made."""
        package = folder / self.module
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"VERSION = {self.version!r}\n")
        (package / "extension.py").write_text(
            "from localstack.extensions.api import Extension\n\n\n"
            f"class TheExtension(Extension):\n    name = {self.plugin!r}\n"
        )
        entry_points = (
            f'[project.entry-points."localstack.extensions"]\nentry = "{self.module}.extension:TheExtension"\n'
            if self.plugin
            else ""
        )
        (folder / "pyproject.toml").write_text(
            f"[build-system]\nrequires = {list(self.build_requires)!r}\nbuild-backend = 'setuptools.build_meta'\n\n"
            f"[project]\nname = '{self.distribution}'\nversion = '{self.version}'\n"
            f"description = 'Greets'\nauthors = [{{name = 'Jane Doe', email = 'jane@example.com'}}]\n"
            f"requires-python = '{self.requires_python}'\ndependencies = {list(self.requires)!r}\n\n{entry_points}"
            f"[tool.setuptools]\npackages = ['{self.module}']\n"
        )
        return folder

    def wheel(self, target: Path) -> Path:
        """Build a wheel of it below ``target``."""
        return build(self.write(target / f"{self.distribution}-{self.version}-source"), target, "wheel")


def build(project: Path, target: Path, kind: str) -> Path:
    """Build ``project`` into a ``"wheel"`` or ``"sdist"`` below ``target`` with the setuptools of this environment."""
    out = target / f"built-{kind}-{project.name}"
    options = ["--no-build-isolation", "--offline", "--python", sys.executable, "--out-dir", str(out)]
    command = [find_uv_bin(), "build", f"--{kind}", *options, str(project)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    built = next(out.glob("*-*"))
    return Path(shutil.move(built, target / built.name))


class IndexFault(Enum):
    """What an index does instead of sending a file."""

    RESET = "resets the connection"
    CUT_SHORT = "sends half of it"
    SILENT = "sends nothing and keeps the connection"


@dataclass
class LocalIndex:
    """A package index (PEP 691) of the wheels and archives in ``folder``; ``requested`` are all paths asked for.

    ``credentials`` are the values of ``Authorization`` that came with requests.

    Who asks for ``stuck`` sets ``is_stuck`` and gets no answer until ``may_go_on`` is set. ``faults`` are by path,
    ``wrong_hashes`` are names of files whose hash the index does not know.
    """

    folder: Path
    url: str = ""
    requested: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)
    stuck: str = "/leanto-test-stuck/"
    is_stuck: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    faults: dict[str, IndexFault] = field(default_factory=dict)
    wrong_hashes: set[str] = field(default_factory=set)

    def add(self, file: Path) -> None:
        name = (parse_wheel_filename if file.suffix == ".whl" else parse_sdist_filename)(file.name)[0]
        page = self.folder / canonicalize_name(name)
        page.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, page)

    def page(self, name: str) -> bytes | None:
        """What the index says of ``name``, ``None`` when it has nothing of it."""
        folder = self.folder / name
        if not name or not folder.is_dir():
            return None
        files = [
            {
                "filename": file.name,
                "url": file.name,
                "size": file.stat().st_size,
                "hashes": {"sha256": "0" * 64 if file.name in self.wrong_hashes else _sha256(file)},
            }
            for file in sorted(folder.iterdir())
        ]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode()

    def names_asked_for(self) -> set[str]:
        return {path.strip("/").partition("/")[0] for path in self.requested}


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextmanager
def serve_index(folder: Path) -> Iterator[LocalIndex]:
    index = LocalIndex(folder)
    folder.mkdir(parents=True, exist_ok=True)

    class _Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            index.requested.append(self.path)
            index.credentials += self.headers.get_all("Authorization", [])
            if self.path == index.stuck:
                index.is_stuck.set()
                index.may_go_on.wait(60)
            if fault := index.faults.get(self.path):
                self._fail(fault)
                return
            page = index.page(self.path.strip("/"))
            if page is None:
                super().do_GET()
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
            self.send_header("Cache-Control", "max-age=600")  # as PyPI does
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def _fail(self, fault: IndexFault) -> None:
            self.close_connection = True
            match fault:
                case IndexFault.RESET:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                case IndexFault.CUT_SHORT:
                    content = Path(self.translate_path(self.path)).read_bytes()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content[: len(content) // 2])
                case IndexFault.SILENT:
                    index.may_go_on.wait(60)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    index.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield index
    finally:
        index.may_go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
