"""The Search page with many trials: how soon the server has answered a choice of chart, trial, filter or search.

In a real browser on the same machine, from the message that a click sends to the
last one that answers it; a browser that is busy drawing hears late, so that this is
more than the server takes, whose processor time stands beside it. The trials are written as a worker writes them; none was trained.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.conversation import answered, heard_page, required_browser
from benchmarks.figures import Figure, Target
from benchmarks.options import Options
from benchmarks.server import Server
from core.data.importing import import_dataset
from core.data.sources.samples import write_digits
from core.workspace import Project
from pages.ui.search.charts import CHART_NAMES
from tests.support.browser import settled
from tests.support.searches import many_trials, search_config, write_search

MOST_MILLISECONDS = 500.0
_TRIALS, _QUICK_TRIALS = 1_000, 50
_REPEATS, _QUICK_REPEATS = 8, 1
_PROJECT = "Searched"
_CHARTS = tuple(words for name, words in CHART_NAMES.items() if name != "pareto")
_SEARCHES = ("search-20260901-120000-aaaa", "search-20260902-120000-bbbb")
_IMPORTANCES = {"l2": 0.5, "pooling": 0.3, "hidden_layers": 0.2}


def run(options: Options) -> list[Figure]:
    executable = required_browser()
    trials = _QUICK_TRIALS if options.quick else _TRIALS
    repeats = _QUICK_REPEATS if options.quick else _REPEATS
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["DARKROOM_HOME"] = str(folder / "home")
        write_searches(folder / "digits", trials)
        with heard_page(executable, folder / "home") as (page, server):
            page.goto(f"{server.address}/search?project={_PROJECT}")
            settled(page)
            page.locator(".st-key-trial-card").wait_for()
            return _figures(page, server, f"of {trials:,} trials", repeats)


def write_searches(folder: Path, trials: int) -> Project:
    """A project with two searches of so many trials each."""
    write_digits(folder)
    project = import_dataset(folder, _PROJECT).project
    for seed, name in enumerate(_SEARCHES):
        found = many_trials(search_config(project), trials, seed=seed)
        write_search(project, name, trials=found, importances=_IMPORTANCES)
    return project


def _figures(page: Page, server: Server, what: str, repeats: int) -> list[Figure]:
    before = server.cpu_milliseconds
    searches = [answered(page, partial(_other_search, page)) for _ in range(2 * repeats)]
    cpu = (server.cpu_milliseconds - before) / (2 * repeats)
    charts = {words: _repeated(page, words, repeats) for words in _CHARTS}
    marks = [answered(page, partial(_filter, page)) for _ in range(2 * repeats)]
    slowest = max(charts, key=lambda words: statistics.median(charts[words]))
    return [
        _figure(f"whole page with another search {what}, slowest", max(searches), searches),
        _figure(
            f"whole page with another search {what}, median",
            statistics.median(searches),
            searches,
            target=True,
        ),
        _figure("processor time of the server for each of them", cpu, target=True),
        *(
            _figure(f"chart “{words}” {what}, median", statistics.median(each), each, target=words == slowest)
            for words, each in charts.items()
        ),
        _figure(f"table filtered by state {what}, median", statistics.median(marks), marks, target=True),
    ]


def _repeated(page: Page, words: str, repeats: int) -> list[float]:
    """Times to draw a chart; between them another one is looked at."""
    other = next(one for one in _CHARTS if one != words)
    times = []
    for _ in range(repeats):
        _show(page, other)()
        settled(page)
        times.append(answered(page, _show(page, words)))
    return times


def _show(page: Page, words: str) -> Callable[[], None]:
    group = page.locator("[class*='st-key-chart-search']")
    return group.get_by_text(words, exact=True).click


def _filter(page: Page) -> None:
    """Press, or let go, a state."""
    page.locator("[class*='st-key-states-search'] button").first.click()


def _other_search(page: Page) -> None:
    page.locator("[class*='st-key-search-picker'] input").click()
    options = page.get_by_role("option")
    chosen = [options.nth(place) for place in range(options.count())]
    next(one for one in chosen if one.get_attribute("aria-selected") != "true").click()


def _figure(name: str, measured: float, each: Sequence[float] = (), *, target: bool = False) -> Figure:
    return Figure(
        name=name,
        measured=measured,
        unit="ms",
        less_is_better=True,
        target=Target(at_most=MOST_MILLISECONDS) if target else None,
        details={"each": [round(one, 1) for one in each]} if each else {},
    )
