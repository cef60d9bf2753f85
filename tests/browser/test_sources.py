"""Pictures come from files, the camera and unsorted folders, by the hands of a person in a real browser."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from core.data.dataset import open_dataset
from core.workspace import Project, get_project
from tests.browser.conftest import Servers
from tests.support.browser import screenshot, settled
from tests.support.pictures import digit, write_folder
from tests.support.trained import Trained

SLOW_MS = 600_000  # ends a wait in vain; work beside the test may slow training ten times


def button(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key} button").last


def source(page: Page, name: str) -> None:
    """Say how the pictures come."""
    page.get_by_role("radio", name=name, exact=True).click()
    settled(page)


def labels(project: Project) -> dict[str, int]:
    return dict(Counter(open_dataset(project).all_pictures["label"]))


def group_size(page: Page) -> int:
    """The number in the heading of the group: the grid below may still show the group before."""
    heading = page.get_by_role("heading", name="pictures that look alike").inner_text()
    return int(heading.split()[0])


def test_a_project_grows_from_nothing_by_files_and_camera(
    servers: Servers, page: Page, tmp_path: Path
) -> None:
    """As with Teachable Machine: name classes, hold the shutter, go on."""
    page.goto(servers.start())
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


def test_an_unsorted_folder_is_labelled_group_by_group(
    servers: Servers, page: Page, trained: Trained, workspace: Path, tmp_path: Path
) -> None:
    """From a folder of loose pictures to labels, by a few keys. The backbone is there already."""
    (workspace / "backbones").symlink_to(trained.home / "backbones")
    holiday = write_folder(tmp_path / "scans", {f"{number:03}.png": digit(number) for number in range(80)})
    page.goto(servers.start())
    settled(page)
    source(page, "Folder")
    page.get_by_text("Advanced").click()
    page.get_by_text("Nothing yet: I label them here").click()
    settled(page)
    page.locator("input.folder-input").set_input_files(holiday)
    expect(page.get_by_text("80 files")).to_be_visible(timeout=SLOW_MS)
    settled(page)
    button(page, "import").click()
    expect(page.get_by_text("0 of 80 labelled")).to_be_visible(timeout=SLOW_MS)
    settled(page)
    button(page, "group").click()
    expect(page.get_by_role("heading", name="pictures that look alike")).to_be_visible(timeout=SLOW_MS)
    settled(page)

    project = get_project("scans")
    tiles = page.locator(".dr-tile")
    chosen = page.locator('.dr-tile[aria-selected="true"]')
    size = group_size(page)
    expect(chosen).to_have_count(size)
    tiles.nth(0).click()
    expect(chosen).to_have_count(size - 1)
    screenshot(page, "d-label")
    page.keyboard.press("l")
    page.keyboard.type("round")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{size - 1} of 80 labelled")).to_be_visible(timeout=SLOW_MS)
    settled(page)
    assert labels(project) == {"": 81 - size, "round": size - 1}

    second = group_size(page)
    expect(chosen).to_have_count(second)
    page.keyboard.press("1")
    expect(page.get_by_text(f"{size - 1 + second} of 80 labelled")).to_be_visible(timeout=SLOW_MS)
    settled(page)
    page.keyboard.press("z")
    expect(page.get_by_text(f"{size - 1} of 80 labelled")).to_be_visible(timeout=SLOW_MS)
    settled(page)
    assert labels(project) == {"": 81 - size, "round": size - 1}
