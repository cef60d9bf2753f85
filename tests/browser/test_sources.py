"""Pictures come from files, the camera and unsorted folders, by the hands of a person in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.data.dataset import open_dataset
from core.data.importing import ImportConfig, import_dataset
from core.workspace import Project, get_project
from tests.browser.conftest import StartServer
from tests.browser.driving import screenshot, settled
from tests.pictures import class_folders, digit, write_folder

SLOW_MS = 60_000


def button(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key} button").last


def source(page: Page, name: str) -> None:
    """Say how the pictures come."""
    page.get_by_role("radio", name=name, exact=True).click()
    settled(page)


def labels(project: Project) -> dict[str, int]:
    counts: dict[str, int] = open_dataset(project).all_pictures["label"].value_counts().to_dict()
    return counts


@pytest.mark.timeout(120)
def test_a_project_grows_from_nothing_by_files_and_camera(
    server: StartServer, page: Page, tmp_path: Path
) -> None:
    """As with Teachable Machine: name classes, hold the shutter, go on."""
    page.goto(server())
    settled(page)
    source(page, "Camera or files")
    page.get_by_label("Project name").fill("Desk")
    page.get_by_label("Classes, one on each line").fill("pens\ncups")
    button(page, "start-empty").click()
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    settled(page)

    write_folder(tmp_path, {f"{number}.png": digit(number) for number in range(4)})
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(sorted(tmp_path.glob("*.png")))
    page.get_by_role("button", name="Add 4 pictures").click()
    expect(page.get_by_text("Added to “pens”. Pictures: 4")).to_be_visible(timeout=SLOW_MS)
    settled(page)
    project = get_project("Desk")
    assert labels(project) == {"pens": 4}

    source(page, "Camera")
    choice = page.get_by_role("combobox", name="Class")
    choice.fill("mugs")
    choice.press("Enter")
    settled(page)
    page.get_by_role("button", name="Turn on the camera").click()
    shutter = page.get_by_role("button", name="Take a picture")
    expect(shutter).to_be_enabled()
    shutter.hover()
    page.mouse.down()
    expect(page.get_by_text(re.compile(r"^([4-9]|\d\d) pictures taken"))).to_be_visible()
    page.mouse.up()
    page.get_by_role("button", name=re.compile("Add .* pictures to “.*mugs.*”")).click()
    expect(page.get_by_text("Added to “mugs”. Pictures:")).to_be_visible(timeout=SLOW_MS)
    settled(page)
    screenshot(page, "c-camera")
    assert labels(project)["mugs"] >= 4
    assert open_dataset(project).all_class_names == ("pens", "cups", "mugs")
