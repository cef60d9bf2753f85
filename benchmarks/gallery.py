"""The gallery of a large project: how soon the server has answered a turn of the page, a filter, an order.

In a real browser on the same machine, from the message that a click sends to the
last one that answers it. The thumbnails of the page before load meanwhile, as they
would. The 50,000 pictures are rows of a manifest; their thumbnails are links to a
hundred real ones.
"""

from __future__ import annotations

import math
import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page

from benchmarks.conversation import answered, heard_page, required_browser
from benchmarks.figures import Figure, Target
from benchmarks.options import Options
from benchmarks.photographs import write_photographs
from benchmarks.server import Server
from core.data.dataset import thumbnail_path, write_version
from core.data.labels.layout import Split
from core.data.manifest import complete_manifest
from core.data.pixels.decoding import PictureFacts, examine_picture
from core.data.version_record import Edit, EditKind
from core.workspace import Project, open_staging, publish_project
from tests.support.browser import settled

MOST_MILLISECONDS = 300.0
_PICTURES, _QUICK_PICTURES = 50_000, 500
_CLASSES = 100
_THUMBNAILS = 100
_TURNS, _QUICK_TURNS = 60, 3
_REPEATS, _QUICK_REPEATS = 8, 1
LARGE_PROJECT = "Large"


def run(options: Options) -> list[Figure]:
    executable = required_browser()
    pictures = _QUICK_PICTURES if options.quick else _PICTURES
    turns = _QUICK_TURNS if options.quick else _TURNS
    repeats = _QUICK_REPEATS if options.quick else _REPEATS
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["DARKROOM_HOME"] = str(folder / "home")
        write_large_project(folder / "photographs", pictures)
        with heard_page(executable, folder / "home") as (page, server):
            page.goto(f"{server.address}/data?project={LARGE_PROJECT}&section=browse")
            settled(page)
            page.locator(".dr-tile").first.wait_for()
            return [
                *_turned(page, server, f"among {pictures:,} pictures", turns),
                *_chosen(page, f"among {pictures:,} pictures", repeats),
                _figure("resident memory of the server after that", server.resident_megabytes, unit="MB"),
            ]


def write_large_project(folder: Path, pictures: int, classes: int = _CLASSES) -> Project:
    """A project of so many pictures and classes: real thumbnails, and a manifest that looks real.

    Args:
        folder: for the photographs that the thumbnails are made of.
    """
    write_photographs(folder, _THUMBNAILS)
    photographs = sorted(path for path in folder.rglob("*") if path.is_file())
    facts = [examine_picture(path.read_bytes()) for path in photographs]
    staging = open_staging()
    dataset = staging / "dataset"
    masters = [dataset / "thumbnails" / f"{number}.jpg" for number in range(len(facts))]
    for master, fact in zip(masters, facts, strict=True):
        master.parent.mkdir(parents=True, exist_ok=True)
        master.write_bytes(fact.thumbnail)
    manifest = _manifest(facts, pictures, classes)
    for row, digest in enumerate(manifest["sha256"]):
        path = thumbnail_path(dataset, digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(masters[row % len(masters)])
    names = sorted(set(manifest["label"]))
    write_version(dataset, manifest, names, [], Edit(kind=EditKind.STARTED_EMPTY), who="benchmark")
    return publish_project(staging, LARGE_PROJECT)


def _manifest(facts: Sequence[PictureFacts], pictures: int, classes: int) -> pd.DataFrame:
    """Rows in the order of an import: class by class, named by a camera's counter."""
    generator = np.random.default_rng(0)
    seen = pd.DataFrame([_columns(fact) for fact in facts])
    rows = seen.iloc[np.arange(pictures) % len(seen)].reset_index(drop=True)
    digests = [sha256(str(row).encode()).hexdigest() for row in range(pictures)]
    labels = [f"species {1 + row * classes // pictures:03d}" for row in range(pictures)]
    names = [f"{label}/IMG_{row}.jpg" for row, label in enumerate(labels)]
    split = generator.choice([part.value for part in Split], size=pictures, p=[0.7, 0.15, 0.15])
    noise = generator.normal(0, 0.01, pictures)  # so that hardly two are equally bright
    return complete_manifest(
        rows.assign(
            id=[digest[:16] for digest in digests],
            sha256=digests,
            name=names,
            label=labels,
            group=digests,
            supplied_split="",
            split=split,
            excluded=generator.random(pictures) < 0.01,  # one in a hundred
            brightness=rows["brightness"] + noise,
        )
    )


def _columns(fact: PictureFacts) -> dict[str, object]:
    """Columns of a manifest that describe a picture."""
    kept = ("width", "height", "format", "extension", "frames", "camera")
    size_bytes = fact.width * fact.height // 10  # about what a photograph takes as JPEG
    return {name: getattr(fact, name) for name in kept} | asdict(fact.statistics) | {"size_bytes": size_bytes}


def _turned(page: Page, server: Server, where: str, turns: int) -> list[Figure]:
    """Page after page, with what their thumbnails cost the server."""
    answered(page, partial(_turn, page))  # warms up
    before = server.cpu_milliseconds
    each = [answered(page, partial(_turn, page)) for _ in range(turns)]
    cpu = (server.cpu_milliseconds - before) / turns
    return [
        _figure(f"page change {where}, 95th percentile", _percentile(each, 0.95), each, target=True),
        _figure(f"page change {where}, median", statistics.median(each), each),
        _figure("processor time of the server for each, thumbnails included", cpu),
    ]


def _chosen(page: Page, where: str, repeats: int) -> list[Figure]:
    """Other orders, and other classes."""
    first = answered(page, partial(_order, page, "Sorted by name"))
    orders = [
        answered(page, partial(_order, page, word))
        for word in ("Sorted by class", "Sorted by name") * repeats
    ]
    classes = [answered(page, partial(_filter, page, number)) for number in range(1, repeats + 1)]
    return [
        _figure(f"by name {where}, the first time", first),
        _figure(f"another order {where}, median", statistics.median(orders), orders),
        _figure(f"another class {where}, median", statistics.median(classes), classes),
    ]


def _figure(
    name: str, measured: float, each: Sequence[float] = (), *, unit: str = "ms", target: bool = False
) -> Figure:
    return Figure(
        name=name,
        measured=measured,
        unit=unit,
        less_is_better=True,
        target=Target(at_most=MOST_MILLISECONDS) if target else None,
        details={"each": [round(one, 1) for one in each]} if each else {},
    )


def _percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of all stays at or below."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _turn(page: Page) -> None:
    page.get_by_role("button", name="Next page").click()


def _order(page: Page, words: str) -> None:
    _choose(page, "gallery-order", words)


def _filter(page: Page, number: int) -> None:
    _choose(page, "filter-class", f"species {number:03d}")


def _choose(page: Page, key: str, words: str) -> None:
    page.locator(f"[class*='st-key-{key}'] input").click()
    page.get_by_role("option", name=words).first.click()
