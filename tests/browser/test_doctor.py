"""A spoilt set of digits is checked and put right in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.data.dataset import Dataset, open_dataset
from core.data.importing import import_dataset
from core.workspace import Project
from tests.browser.conftest import Servers
from tests.support.browser import screenshot, settled
from tests.support.pictures import digit_scans, encoded, write_folder
from tests.support.trained import Trained

SLOW_MS = 600_000  # ends a wait in vain; work beside the test may slow training ten times
DRAWN = re.compile(r"\d")
NAME = "Spoilt"
SIDE = 64  # pixels: enough for copies to be told from look-alikes
FLIPPED = {"0": "1", "1": "6", "6": "0"}  # what one in ten is called instead


@pytest.fixture
def spoilt(workspace: Path, trained: Trained, tmp_path: Path) -> Project:
    """125 digits: nine under a wrong label, three saved twice, two blank pages. The backbone is there already."""
    from sklearn.datasets import load_digits

    files: dict[str, bytes] = {}
    for digit in FLIPPED:
        numbers = np.flatnonzero(load_digits().target == int(digit))[:40]
        for place, number in enumerate(numbers):
            picture = Image.fromarray(digit_scans()[number]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            label = FLIPPED[digit] if place % 13 == 1 else digit
            files[f"{label}/{number}-is-{digit}.png"] = encoded(picture, "PNG")
            if place == 5:
                files[f"{label}/{number}-is-{digit}-again.jpg"] = encoded(picture, "JPEG", quality=60)
    for shade in (249, 251):
        files[f"0/blank-{shade}.png"] = encoded(np.full((SIDE, SIDE), shade, np.uint8), "PNG")
    (workspace / "backbones").symlink_to(trained.home / "backbones")
    return import_dataset(write_folder(tmp_path / "source", files), NAME).project


def card(page: Page, kind: str) -> Locator:
    return page.locator(f"[class*=st-key-finding-{kind}]").first


def shown_labels(dataset: Dataset) -> dict[str, str]:
    """Map each picture's true class, from its name, to its label."""
    pictures = dataset.all_pictures[dataset.all_pictures["name"].str.contains("-is-")]
    return dict(zip(pictures["name"], pictures["label"], strict=True))


def mistakes(dataset: Dataset) -> int:
    return sum(f"-is-{label}" not in name for name, label in shown_labels(dataset).items())


def test_wrong_labels_are_found_put_right_and_given_back(
    servers: Servers, page: Page, spoilt: Project
) -> None:
    """Check, look, accept, undo; then the map of the same pictures."""
    before = open_dataset(spoilt)
    assert mistakes(before) == 9
    page.goto(f"{servers.start()}/data?project={NAME}&section=check")
    settled(page)
    page.locator(".st-key-check button").click()
    expect(page.locator(".st-key-check-summary")).to_contain_text("checked", timeout=SLOW_MS)
    settled(page)
    screenshot(page, "doctor-report")
    expect(card(page, "near-duplicates")).to_contain_text("Exclude all 3")
    expect(card(page, "blank")).to_contain_text("Exclude all 2")

    keep_the_first_as_right(page)
    card(page, "wrong-labels").get_by_role("button", name="Accept").first.click()
    change = page.locator(".st-key-last-change")
    expect(change).to_contain_text("Suggested labels accepted", timeout=SLOW_MS)
    assert mistakes(open_dataset(spoilt)) <= 3
    change.get_by_role("button", name="Undo").click()
    expect(change).to_contain_text("restored", timeout=SLOW_MS)
    assert shown_labels(open_dataset(spoilt)) == shown_labels(before)
    expect(card(page, "wrong-labels").get_by_role("button", name="Accept").first).to_be_visible()

    enclose_everything_on_the_map(page, len(before.all_pictures))


def keep_the_first_as_right(page: Page) -> None:
    """By keyboard: the picture goes, the next one takes its place."""
    wrong = card(page, "wrong-labels")
    tiles = wrong.locator(".dr-tile")
    expect(tiles.first).to_contain_text("→", timeout=SLOW_MS)
    settled(page)
    # The card names the number of its pictures: a grid that is being drawn may not hold all of them yet.
    headline = wrong.get_by_role("heading").inner_text()
    count = int(re.findall(r"\d+", headline)[0])
    expect(tiles).to_have_count(count)
    tiles.first.focus()
    page.keyboard.press("r")
    expect(wrong).to_contain_text(f"1 of {count} done")
    expect(tiles).to_have_count(count - 1)


def enclose_everything_on_the_map(page: Page, count: int) -> None:
    page.get_by_test_id("stMain").get_by_text("Map", exact=True).click()
    plot = page.locator(".dr-map-plot")
    expect(plot).to_have_attribute("data-drawn", DRAWN, timeout=SLOW_MS)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    x, y, right, bottom = (
        box["x"] + 4,
        box["y"] + 4,
        box["x"] + box["width"] - 4,
        box["y"] + box["height"] - 4,
    )
    page.mouse.move(x, y)
    page.mouse.down()
    for corner in ((right, y), (right, bottom), (x, bottom)):
        page.mouse.move(*corner, steps=4)
    page.mouse.up()
    expect(page.locator(".dr-map-count")).to_have_text(f"{count} selected")
    expect(page.get_by_role("heading", name=f"{count} pictures selected")).to_be_visible(timeout=SLOW_MS)
    settled(page)
    screenshot(page, "doctor-map")
