"""An enabled folder whose files tests save, as an editor does."""

from __future__ import annotations

from doors import wait_until
from platforms import Home, Platform

EXTENSION = """
from pathlib import Path
from localstack.extensions.api import Extension
from .version import VERSION

class TheExtension(Extension):
    name = "developed"

    def on_platform_start(self):
        print("developed", VERSION, "started", flush=True)

    def update_gateway_routes(self, router):
        text = Path(__file__).with_name("page.txt").read_text()
        router.add("/developed", lambda request: {"version": VERSION, "page": text})

    def update_response_handlers(self, handlers):
        handlers.append(self.mark)

    def mark(self, chain, context, response):
        response.headers["X-Developed"] = str(VERSION)

    def on_platform_ready(self):
        print("developed", VERSION, "ready", flush=True)

    def on_platform_shutdown(self):
        print("developed", VERSION, "shut down", flush=True)
"""


class Project:
    """An enabled folder with an extension that shows its version, and a page."""

    def __init__(self, home: Home, extension: str = EXTENSION) -> None:
        self.folder = home.write_extension("developed", "", 'entry = "developed.extension:TheExtension"')
        self.package = self.folder / "developed"
        self.package.mkdir()
        self.save("__init__.py", "")
        self.save("page.txt", "a page")
        self.save("version.py", "VERSION = 1\n")
        self.save("extension.py", extension)

    def save(self, name: str, text: str) -> None:
        """As most editors do: the whole file at once, under its name."""
        path = self.package / name
        path.with_suffix(".tmp~").write_text(text)
        path.with_suffix(".tmp~").replace(path)


def serves(platform: Platform, **expected: object) -> None:
    wait_until(
        lambda: platform.get("/developed").json() == {"version": 1, "page": "a page"} | expected,
        f"never served {expected}",
    )
