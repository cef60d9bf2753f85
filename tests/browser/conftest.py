"""A server of its own and a real browser for each browser test."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.executable import find_executable
from tests.support.browser import screenshot

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180
# Longest wait for a state. Other work may run beside these tests on two cores.
PATIENCE_MS = 60_000
OWN_HOSTS = {"127.0.0.1", "localhost", "::1", "[::1]"}
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
expect.set_options(timeout=PATIENCE_MS)
_REPORTS: pytest.StashKey[dict[str, bool]] = pytest.StashKey()


class StartServer(Protocol):
    def __call__(self, home: Path | None = None, *, script: Path = ..., base_path: str = "") -> str: ...


@pytest.fixture
def server(tmp_path: Path, workspace: Path) -> Iterator[StartServer]:
    """Start ``streamlit run app.py`` (or another script) and get its address; all end with the test."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(home: Path | None = None, *, script: Path = ROOT / "app.py", base_path: str = "") -> str:
        port = free_port()
        log = tmp_path / f"server-{port}.log"
        environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
        environment |= {"DARKROOM_HOME": str(home or workspace), "PYTHONPATH": str(ROOT)}
        arguments = ["--server.headless=true", f"--server.port={port}", f"--server.baseUrlPath={base_path}"]
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", str(script), *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        processes.append(process)
        address = f"http://127.0.0.1:{port}/{base_path}".rstrip("/")
        wait_until_healthy(process, address, log)
        return address

    yield start
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def no_worker_survives(workspace: Path) -> Iterator[None]:
    """Workers outlive the server by design; not the test."""
    yield
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if "core.jobs.worker" in command and str(workspace) in command:
            process.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = find_executable()
    assert executable, "no Chromium: install one, or set DARKROOM_BROWSER"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh browser page, 1280 × 900; nothing it loads may come from outside this machine."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    asked: list[str] = []
    context.on("request", lambda asking: asked.append(asking.url))
    opened.on("websocket", lambda socket: asked.append(socket.url))
    yield opened
    if request.node.stash.get(_REPORTS, {}).get("failed"):
        screenshot(opened, "failed-" + re.sub(r"[^\w.-]+", "-", request.node.name))
    context.close()
    outside = [url for url in asked if is_outside(url)]
    assert outside == [], "the page asked other machines"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a failed test, so that ``page`` can keep a picture of it."""
    report = yield
    if report.when == "call":
        item.stash[_REPORTS] = {"failed": report.failed}
    return report


def is_outside(url: str) -> bool:
    """Check that an address names another machine than this one."""
    parts = urlsplit(url)
    return parts.scheme not in {"data", "blob", "about"} and (parts.hostname or "") not in OWN_HOSTS


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return once the server answers; fail with its log if it ends or stays silent."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text(errors='replace')}")
