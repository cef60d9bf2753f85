"""The process that serves the pages: how soon it answers, and how much memory it keeps.

Reference is the least that Streamlit can do: a server with one empty page, in
the same browser, measured in turn.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from benchmarks.figures import Figure, Reference, Target
from benchmarks.journey import STEPS, Step
from benchmarks.options import Options
from benchmarks.photographs import write_photographs
from benchmarks.server import ROOT, serving
from core.delivery.formats.web.browser import find_browser
from core.delivery.prediction import Classifier
from tests.support.browser import settled

MOST_SECONDS_TO_FIRST_PAGE = 3.0
MOST_MEGABYTES = 400.0
MOST_MILLISECONDS_A_PICTURE = 12.0
_STARTS = 5
_UPLOADS = 3
_EMPTY_PAGE = "import streamlit as st\n\nst.title('Empty')\n"
_BROWSER_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
_EMPTY_PAGE_NAME = "an empty Streamlit page"


def run(options: Options) -> list[Figure]:
    executable = find_browser()
    if executable is None:
        raise RuntimeError("no Chromium here: install one, or set DARKROOM_BROWSER to its path")
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        empty = folder / "empty.py"
        empty.write_text(_EMPTY_PAGE, encoding="utf-8")
        pictures = _photographs(folder / "photographs")
        browser = playwright.chromium.launch(executable_path=executable, args=_BROWSER_ARGUMENTS)
        starts = _first_page_figure(browser, empty, folder, 1 if options.quick else _STARTS)
        after_journey = _journey_figures(browser, empty, folder, pictures)
        browser.close()
        trained = next((folder / "journey" / "projects").glob("*/runs/*"))
        return [starts, *after_journey, _prediction_figure(trained, pictures)]


def _first_page_figure(browser: Browser, empty: Path, folder: Path, starts: int) -> Figure:
    """The first start of each reads the disk and does not count."""
    pairs = []
    for number in range(starts + 1):
        _log(f"start {number}")
        ours = seconds_to_first_page(
            browser, ROOT / "app.py", folder / f"start-{number}", ".st-key-sample-digits"
        )
        theirs = seconds_to_first_page(browser, empty, folder / f"empty-{number}", "h1")
        pairs.append((ours, theirs))
    ours, theirs = (statistics.median(column) for column in zip(*pairs[1:], strict=True))
    return Figure(
        name="first page drawn after streamlit run",
        measured=ours,
        unit="s",
        reference=Reference(name=_EMPTY_PAGE_NAME, value=theirs),
        less_is_better=True,
        target=Target(at_most=MOST_SECONDS_TO_FIRST_PAGE),
        details={"each": [pair[0] for pair in pairs], "each_empty": [pair[1] for pair in pairs]},
    )


def seconds_to_first_page(browser: Browser, script: Path, home: Path, element: str) -> float:
    """From ``streamlit run`` until ``element`` is drawn and the page's script has run through.

    In a browser that is open already and has nothing in its cache.
    """
    page = _new_page(browser)
    with serving(script, home) as server:
        page.goto(server.address)
        page.locator(element).first.wait_for()
        settled(page)
        seconds = time.perf_counter() - server.started
        page.context.close()
    return seconds


def _journey_figures(browser: Browser, empty: Path, folder: Path, pictures: list[Path]) -> list[Figure]:
    page = _new_page(browser)
    with serving(empty, folder / "empty") as server:
        settled(_visit(page, server.address))
        least = Reference(name=_EMPTY_PAGE_NAME, value=server.resident_megabytes)
    figures = []
    with serving(ROOT / "app.py", folder / "journey") as server:
        _visit(page, server.address)
        for step in STEPS:
            _log(step.name)
            _walk(step, page, pictures[:_UPLOADS])
            is_last = step is STEPS[-1]
            figures.append(
                Figure(
                    name=f"resident memory after {step.name}",
                    measured=server.resident_megabytes,
                    unit="MB",
                    reference=least,
                    less_is_better=True,
                    target=Target(at_most=MOST_MEGABYTES) if is_last else None,
                )
            )
        mapped = server.mapped_files("tensorflow")
    page.context.close()
    return [
        *figures,
        Figure(
            name="TensorFlow files in the web process",
            measured=len(mapped),
            unit="files",
            less_is_better=True,
            target=Target(at_most=0),
            details={"files": mapped},
        ),
    ]


def _walk(step: Step, page: Page, pictures: list[Path]) -> None:
    """One step; should it fail, a picture of the page is kept."""
    try:
        step.walk(page, pictures)
    except (AssertionError, PlaywrightError):
        page.screenshot(path=Path(__file__).parent / "artifacts" / f"failed-{step.name}.png")
        raise


def _prediction_figure(trained: Path, pictures: list[Path]) -> Figure:
    """Without TensorFlow, as in the web process: from a photograph's bytes to its calibrated answer."""
    _log("predictions")
    contents = [path.read_bytes() for path in pictures]
    classifier = Classifier(trained)
    answer(classifier, contents[0])
    times = []
    for data in contents:
        began = time.perf_counter()
        answer(classifier, data)
        times.append(1000 * (time.perf_counter() - began))
    return Figure(
        name="prediction of a photograph, from file to answer",
        measured=statistics.median(times),
        unit="ms",
        reference=Reference(name="Keras predict", value=_keras_milliseconds(trained, pictures)),
        less_is_better=True,
        target=Target(at_most=MOST_MILLISECONDS_A_PICTURE),
        details={"slowest_ms": max(times), "pictures": len(times)},
    )


def answer(classifier: Classifier, data: bytes) -> tuple[list[str], list[str] | None, bool, bool]:
    """Labels, prediction set, and if the picture is a stranger or the answer unsure."""
    prediction = classifier.prediction(data)
    return (
        classifier.chosen_labels(prediction.guesses),
        classifier.prediction_set(prediction),
        classifier.is_stranger(prediction),
        classifier.is_unsure(prediction),
    )


def _keras_milliseconds(trained: Path, pictures: list[Path]) -> float:
    """In a process of its own, because it needs TensorFlow."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.keras_prediction", str(trained), *map(str, pictures)],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(ended.stdout.split()[-1])


def _photographs(folder: Path) -> list[Path]:
    """A hundred pictures of mixed sizes and formats to be classified."""
    write_photographs(folder, 100)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _new_page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US").new_page()


def _visit(page: Page, address: str) -> Page:
    page.goto(address)
    return page


def _log(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)
