"""The way of a newcomer through all pages, clicked in a real browser.

Finds everything by widget key, so that it works in any language and design.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.browser import settled

IMPORT_SECONDS, TRAIN_SECONDS, PAGE_SECONDS = 300, 1200, 60
SLIDER_STEPS = 3


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the journey, named after its page."""

    name: str
    walk: Callable[[Page, list[Path]], None]


def first_page(page: Page, pictures: list[Path]) -> None:
    settled(page)
    _expect(page, "sample-digits")


def import_digits(page: Page, pictures: list[Path]) -> None:
    page.locator(".st-key-sample-digits button").click()
    _expect(page, "next-augment", IMPORT_SECONDS)
    settled(page)


def augment(page: Page, pictures: list[Path]) -> None:
    """Turn the rotation up, and wait for the changed pictures."""
    _next(page, "augment")
    after = page.locator(".st-key-after img").first
    unchanged = after.get_attribute("src")
    slider = page.locator("[class*='st-key-rotation']").get_by_role("slider")
    for _ in range(SLIDER_STEPS):
        slider.press("ArrowRight")
    expect(after).not_to_have_attribute("src", unchanged or "", timeout=1000 * PAGE_SECONDS)
    settled(page)


def model(page: Page, pictures: list[Path]) -> None:
    _next(page, "model")
    _expect(page, "backbone-efficientnet_lite0")


def train(page: Page, pictures: list[Path]) -> None:
    """Press the button and watch to the end."""
    _next(page, "train")
    page.locator(".st-key-start button").click()
    _expect(page, "next-evaluate", TRAIN_SECONDS)
    settled(page)


def evaluate(page: Page, pictures: list[Path]) -> None:
    """Look at the accuracy, then at the confusion matrix."""
    _next(page, "evaluate")
    _expect(page, "accuracy")
    page.locator("[class*='st-key-evaluate-section']").get_by_role("radio").nth(1).click()
    _expect(page, "confusion")
    settled(page)


def predict(page: Page, pictures: list[Path]) -> None:
    """Upload the pictures, and wait for an answer to each."""
    _next(page, "predict")
    page.locator(".file-input").set_input_files(pictures)
    expect(page.locator(".dr-bars")).to_have_count(len(pictures), timeout=1000 * PAGE_SECONDS)
    settled(page)


def export(page: Page, pictures: list[Path]) -> None:
    """Download the bundle."""
    _next(page, "export")
    with page.expect_download(timeout=1000 * PAGE_SECONDS) as downloading:
        page.locator(".st-key-download-bundle a").click()
    if not Path(downloading.value.path()).stat().st_size:
        raise RuntimeError("the downloaded bundle is empty")


STEPS = (
    Step(name="first page", walk=first_page),
    Step(name="import", walk=import_digits),
    Step(name="augment", walk=augment),
    Step(name="model", walk=model),
    Step(name="train", walk=train),
    Step(name="evaluate", walk=evaluate),
    Step(name="predict", walk=predict),
    Step(name="export", walk=export),
)


def _next(page: Page, name: str) -> None:
    """Follow the link at the foot of a page to the next one."""
    page.locator(f".st-key-next-{name} a").click()
    page.wait_for_url(f"**/{name}*", timeout=1000 * PAGE_SECONDS)
    settled(page)


def _expect(page: Page, key: str, seconds: float = PAGE_SECONDS) -> None:
    expect(page.locator(f".st-key-{key}").first).to_be_visible(timeout=1000 * seconds)
