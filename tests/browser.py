"""A real service in a process of its own and a real browser before it, for tests that see what a person would see."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Response

ROOT = Path(__file__).resolve().parent.parent
START_S = 180.0
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DRIVER_NOISE = "GPU stall due to ReadPixels"
"""What the software renderer says about itself; no fault of a page."""


def chromium() -> str:
    """Return the browser on this machine."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    assert found, "no Chromium here: run tests/need_chromium.sh"
    return found


@dataclass
class Site:
    """A service that answers at an address."""

    address: str

    def call(self, method: str, path: str, body: Any = None, wait_s: float = 0) -> Any:
        """Call the interface for programs."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **({"Prefer": f"wait={wait_s:g}"} if wait_s else {})}
        asked = urllib.request.Request(self.address + path, data, headers, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(asked, timeout=90) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read() or b"null")

    def made(self, body: dict[str, Any]) -> dict[str, Any]:
        """Post a plan and return it once it has ended."""
        told: dict[str, Any] = self.call("POST", "/v1/plans", body, wait_s=60)
        until = time.monotonic() + 120
        while told["state"] in {"queued", "running"} and time.monotonic() < until:
            time.sleep(0.5)
            told = self.call("GET", f"/v1/plans/{told['id']}")
        return told


@contextmanager
def serving(folder: Path, *, workers: int = 1) -> Iterator[Site]:
    """Run ``fleetplan serve`` on a free port of this machine until the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"FLEETPLAN_DATA_DIR": str(folder), "FLEETPLAN_WORKERS": str(workers), "FLEETPLAN_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "fleetplan", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, **told}, cwd=ROOT)
    site = Site(f"http://127.0.0.1:{port}")
    try:
        _await(site, process)
        yield site
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(site: Site, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, f"the service ended with {process.returncode}"
        try:
            site.call("GET", "/health")
        except OSError:
            time.sleep(0.1)
        else:
            return
    msg = "the service did not answer in time"
    raise AssertionError(msg)


@dataclass
class Witness:
    """Hears everything that goes wrong in a page: console errors, exceptions, answers of 400 and more."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        self.page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and DRIVER_NOISE not in message.text:
            self.faults.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.status} {response.url}")

    def saw_nothing_wrong(self) -> None:
        """Assert that nothing went wrong so far."""
        assert self.faults == []


def judged_by_axe(page: Page) -> list[str]:
    """Return what axe-core finds wrong with contrast, names, roles and keyboard use, a line each."""
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']}: {v['help']}: {n['html'][:160]} ({n['target']})" for v in found for n in v["nodes"][:5]]


def overflows(page: Page) -> bool:
    """Return whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
