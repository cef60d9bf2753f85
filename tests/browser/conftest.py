"""Servers of their own and a real browser for the browser tests."""

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
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.delivery.formats.web.browser import ARGUMENTS, find_browser
from tests.support.browser import PATIENCE_MS, screenshot

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180
OWN_HOSTS = {"127.0.0.1", "localhost", "::1", "[::1]"}
BROWSER_ARGUMENTS = (
    *ARGUMENTS,
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
expect.set_options(timeout=PATIENCE_MS)
_REPORTS: pytest.StashKey[dict[str, bool]] = pytest.StashKey()


# A server of one script, with the routes that components need.
_APP = """
import streamlit as st
from core.http.server import routes_under

app = st.App("script.py", routes=routes_under(st.get_option("server.baseUrlPath")))
"""


class Servers:
    """Streamlit servers with one workspace, until ``end``."""

    def __init__(self, folder: Path, home: Path) -> None:
        """Write logs and scripts below ``folder``."""
        self.home = home
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._addresses: dict[tuple[str, str], str] = {}

    def start(self, app: Path = ROOT / "app.py", base_path: str = "") -> str:
        """Start ``streamlit run app.py`` (or another app) and get its address."""
        port = free_port()
        log = self._folder / f"server-{port}.log"
        environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
        environment |= {"DARKROOM_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        arguments = ["--server.headless=true", f"--server.port={port}", f"--server.baseUrlPath={base_path}"]
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", str(app), *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        self._processes.append(process)
        address = f"http://127.0.0.1:{port}/{base_path}".rstrip("/")
        wait_until_healthy(process, address, log)
        return address

    def serve(self, script: str, base_path: str = "") -> str:
        """Get the address of a page of this script; it is started once."""
        key = script, base_path
        if key not in self._addresses:
            folder = self._folder / f"script-{len(self._addresses)}"
            folder.mkdir()
            (folder / "script.py").write_text(script)
            (folder / "app.py").write_text(_APP)
            self._addresses[key] = self.start(folder / "app.py", base_path)
        return self._addresses[key]

    def end(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def servers(tmp_path: Path, workspace: Path) -> Iterator[Servers]:
    """Servers of this test alone."""
    started = Servers(tmp_path, workspace)
    yield started
    started.end()


@pytest.fixture(scope="module")
def _servers_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    started = Servers(folder, folder / "home")
    yield started
    started.end()


@pytest.fixture
def script_servers(_servers_of_module: Servers, workspace: Path) -> Servers:
    """Servers that the tests of a module share; their workspace is that of the test that runs."""
    home = _servers_of_module.home
    home.unlink(missing_ok=True)
    home.symlink_to(workspace)
    return _servers_of_module


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
    executable = find_browser()
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
