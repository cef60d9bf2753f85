"""The page of an exported server: a picture in, the server's answer out."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.delivery.exporter import FinishedModel
from core.delivery.formats.server.server_answers import running_server
from core.delivery.formats.server.server_format import make_server
from core.delivery.prediction import Classifier
from tests.support.pictures import digit, encoded, photograph


@pytest.fixture
def address(finished_run: Path, tmp_path: Path) -> Iterator[str]:
    """Address of the server of a finished run."""
    make_server(FinishedModel(finished_run), tmp_path / "server.zip")
    with zipfile.ZipFile(tmp_path / "server.zip") as archive:
        archive.extractall(tmp_path / "server")
    with running_server(tmp_path / "server", sys.executable) as port:
        yield f"http://127.0.0.1:{port}/"


def test_pictures_that_are_chosen_get_the_servers_answers(
    browser: Browser, finished_run: Path, address: str
) -> None:
    page = browser.new_page(locale="en-GB")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    expect(page.locator("[data-text=about]")).to_contain_text(
        "Recognises: 3, 5, 8. Pictures go to this page's server"
    )
    files, answers = page.locator("#files"), page.locator("#results .dr-answer")
    files.set_input_files({"name": "three.png", "mimeType": "image/png", "buffer": digit(3)})
    expect(answers).to_have_text(Classifier(finished_run).guesses(digit(3))[0].name)
    stranger = encoded(photograph("chelsea"), "JPEG")
    files.set_input_files({"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": stranger})
    expect(answers.first).to_have_text("This does not look like any of the classes.")
    files.set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    expect(page.locator("#message")).to_contain_text(
        "notes.txt: picture cannot be classified: it is not a picture"
    )
    expect(page.locator("#files")).to_be_enabled()
    page.close()
    assert errors == []
