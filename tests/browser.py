"""Pages in a real browser: Chromium without a window, spoken to by its DevTools protocol."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

DEADLINE_SECONDS = 60
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The program, ``None`` where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One page; what goes wrong in it, and the failures of its requests, are in ``complaints``."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.complaints: list[str] = []
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Go to an address, and wait until all that the page refers to is there."""
        self._ask("Page.navigate", url=url)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, of what it promises if it is a promise.

        :raises AssertionError: when it throws
        """
        answer = self._ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """The value of an expression as soon as it is true: looked at whenever something changes on the page."""
        return self.evaluate(
            f"""new Promise((resolve) => {{
                const look = () => {{ const value = {expression}; if (value) resolve(value); }};
                new MutationObserver(look).observe(document, {{subtree: true, childList: true, characterData: true}});
                look();
            }})"""
        )

    def _ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters} | session))
        while (message := self._next()).get("id") != number:
            pass
        assert "error" not in message, message
        return message["result"]

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(DEADLINE_SECONDS))
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(message["params"]["exceptionDetails"].get("text", ""))
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(message["params"]["entry"]["text"])
        return message


@contextmanager
def open_browser(profile: Path) -> Iterator[Page]:
    """A browser with an empty page; ``profile`` is a folder for what it writes."""
    program = chromium()
    assert program is not None
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    command = [program, *options, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stderr is not None
            found = (line for line in process.stderr if line.startswith("DevTools listening on "))
            address = next(found).removeprefix("DevTools listening on ").strip()
            with connect(address, max_size=None, open_timeout=DEADLINE_SECONDS) as socket:
                yield Page(socket)
        finally:
            process.terminate()
