"""Heatmaps: their price in forward passes, their verdicts, and a planted shortcut that the mean heatmap must show.

The shortcut is a coloured dot in all pictures of one class. The pictures of another class are cut
from the same photographs, so that nothing but the dot tells the two apart.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import ImageDraw

from benchmarks.commands import darkroom, train
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import open_photograph
from core.data.labels.layout import Split
from core.data.sources.samples import write_digits
from core.delivery.explaining import Explainer
from core.delivery.files import tflite_file
from core.delivery.mean_heatmaps_job import explain_run
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.mean_heatmaps import MeanHeatmaps, read_mean_heatmaps
from core.evaluation.explanations.network import ExplainedNetwork
from core.evaluation.explanations.occlusion import CELLS, occluded_pictures
from core.evaluation.explanations.verdict import Trust, judge
from core.formatting import percent_interval
from core.models.litert.engine import FeatureExtractor
from core.progress import QuietProgress
from core.statistics import wilson_interval

MOST_PASSES, LEAST_RATE, LEAST_MASS = 3.0, 0.8, 60.0
PICTURES, QUICK_PICTURES = 60, 24  # of each class
JUDGED, QUICK_JUDGED = 20, 2  # test pictures of each kind
# Share of maps with shuffled cells that may be trusted. The test's level is 4.3%; of 60 maps, up to 10%
# are within chance.
MOST_FALSELY_TRUSTED = 10.0
_SOURCES = {
    "dotted": ("grass", "gravel", "flower"),
    "plain": ("grass", "gravel", "flower"),
    "other": ("coffee", "cat", "rocket"),
}
_SIDE, _DOT_AT, _DOT_RADIUS = 224, 48, 28  # pixels; the dot touches 3 × 3 of the 7 × 7 cells
_DOT_CELLS = slice(0, 3)
_DOT_COLOUR = (230, 40, 180)


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_planted(folder / "pictures", QUICK_PICTURES if options.quick else PICTURES)
        home = folder / "home"
        darkroom(home, "import", str(folder / "pictures"), "--project", "planted")
        answer = train(home, "planted").answer
        run_folder = home / "projects" / "planted" / "runs" / str(answer["run"])
        write_digits(folder / "digits")
        darkroom(home, "import", str(folder / "digits"), "--project", "digits")
        digits = home / "projects" / "digits" / "runs" / str(train(home, "digits").answer["run"])
        judged = QUICK_JUDGED if options.quick else JUDGED
        return [
            *_speed_figures(run_folder, options),
            *_shortcut_figures(run_folder),
            *_verdict_figures(run_folder, digits, judged),
        ]


def write_planted(folder: Path, pictures: int) -> None:
    """Write class folders ``dotted``, ``plain`` and ``other``."""
    random = np.random.default_rng(0)
    photographs = {name: open_photograph(name) for names in _SOURCES.values() for name in names}
    for label, names in _SOURCES.items():
        (folder / label).mkdir(parents=True)
        for number in range(pictures):
            photograph = photographs[names[number % len(names)]].convert("RGB")
            side = int(min(photograph.size) * random.uniform(0.4, 0.8))
            left, top = (int(random.integers(0, length - side + 1)) for length in photograph.size)
            picture = photograph.crop((left, top, left + side, top + side)).resize((_SIDE, _SIDE))
            if label == "dotted":
                x, y = random.normal(_DOT_AT, 3, 2)
                box = (x - _DOT_RADIUS, y - _DOT_RADIUS, x + _DOT_RADIUS, y + _DOT_RADIUS)
                ImageDraw.Draw(picture).ellipse(box, fill=_DOT_COLOUR)
            picture.save(folder / label / f"{number}.png")


def _speed_figures(run_folder: Path, options: Options) -> list[Figure]:
    repetitions = 3 if options.quick else 30
    engine, explainer = FeatureExtractor(tflite_file(run_folder)), Explainer(run_folder)
    side = engine.input_size
    pictures = np.random.default_rng(0).integers(0, 256, (CELLS**2, side, side, 3), dtype=np.uint8)
    one_pass = _seconds(lambda: engine.run(pictures[:1]), repetitions)
    heatmap = _seconds(lambda: explainer.network.heatmap(pictures[0], 0), repetitions)
    network = explainer.one_network
    assert network is not None  # not an ensemble
    occluding = ExplainedNetwork(
        tflite_file(run_folder).read_bytes(),
        network.head,
        network.pooling,
        has_local_map=False,
    )
    bare = _seconds(lambda: engine.run(pictures), max(1, repetitions // 10))
    occlusions = _seconds(
        lambda: occluding.probabilities(occluded_pictures(pictures[0])), max(1, repetitions // 10)
    )
    return [
        Figure(
            name="class activation map of one picture",
            measured=1000 * heatmap,
            unit="ms",
            reference=Reference(name="one forward pass", value=1000 * one_pass),
            less_is_better=True,
            target=Target(of="ratio", at_least=1 / MOST_PASSES),
        ),
        Figure(
            name=f"{CELLS**2} occlusions of one picture",
            measured=CELLS**2 / occlusions,
            unit="pictures/s",
            reference=Reference(name="the engine alone", value=CELLS**2 / bare),
            target=Target(of="ratio", at_least=LEAST_RATE),
        ),
    ]


def _shortcut_figures(run_folder: Path) -> list[Figure]:
    jobs = run_folder.parent.parent / "jobs"
    explain_run(jobs / "explain", {"run": run_folder.name}, QuietProgress())
    result = read_mean_heatmaps(EvaluatedRun.open(run_folder))
    assert isinstance(result, MeanHeatmaps)
    (mean,) = [np.array(mean.values) for mean in result.means if mean.true_class == mean.answer == "dotted"]
    named = [shortcut.class_name for shortcut in result.shortcuts]
    return [
        Figure(
            name="planted dot: evidence in the cells that it touches",
            measured=100 * float(mean[_DOT_CELLS, _DOT_CELLS].sum()),
            unit="%",
            reference=Reference(name="their share of the picture", value=100 * 9 / mean.size),
            target=Target(at_least=LEAST_MASS),
        ),
        Figure(
            name="planted dot: classes named as recognised by a spot",
            measured=float(named == ["dotted"]),
            unit="",
            target=Target(at_least=1.0),
            details={"shortcuts": [shortcut.to_json() for shortcut in result.shortcuts]},
        ),
    ]


def _verdict_figures(planted: Path, digits: Path, count: int) -> list[Figure]:
    """Verdicts on heatmaps of answers, and on the same maps with shuffled cells."""
    kinds = {
        "the planted dot": _test_rows(planted, lambda label: label == "dotted", count),
        "photographs": _test_rows(planted, lambda label: label != "dotted", count),
        "digits": _test_rows(digits, lambda label: True, count),
    }
    figures, falsely, total = [], 0, 0
    for name, rows in kinds.items():
        run_folder = digits if name == "digits" else planted
        given = _verdicts(run_folder, rows, is_shuffled=False)
        shuffled = _verdicts(run_folder, rows, is_shuffled=True)
        falsely, total = falsely + shuffled.count(Trust.TRUSTED), total + len(shuffled)
        figures.append(
            Figure(
                name=f"{name}: heatmaps that may be trusted, {counted(given.count(Trust.TRUSTED), len(given))}",
                measured=100 * given.count(Trust.TRUSTED) / max(1, len(given)),
                unit="%",
                details={trust.value: given.count(trust) for trust in Trust},
            )
        )
    false_figure = Figure(
        name=f"maps with shuffled cells that are trusted, {counted(falsely, total)}",
        measured=100 * falsely / max(1, total),
        unit="%",
        less_is_better=True,
        target=Target(at_most=MOST_FALSELY_TRUSTED),
    )
    return [*figures, false_figure]


def counted(trusted: int, total: int) -> str:
    """Counts behind a rate of few maps, and the 95% interval that they leave it."""
    return f"{trusted} of {total} ({percent_interval(wilson_interval(trusted, total))})"


def _test_rows(run_folder: Path, is_chosen: Callable[[str], bool], count: int) -> list[int]:
    evaluated = EvaluatedRun.open(run_folder)
    labels = evaluated.dataset.pictures["label"]
    rows = np.random.default_rng(0).permutation(evaluated.rows(Split.TEST)).tolist()
    return [row for row in rows if is_chosen(labels.iloc[row])][:count]


def _verdicts(run_folder: Path, rows: list[int], *, is_shuffled: bool) -> list[Trust]:
    evaluated, explainer = EvaluatedRun.open(run_folder), Explainer(run_folder)
    random, found = np.random.default_rng(0), []
    for row in rows:
        picture = explainer.prepare(evaluated.dataset.picture_bytes(row))
        heatmap = explainer.network.heatmap(picture)
        if is_shuffled:
            cells = random.permutation(heatmap.values.ravel()).reshape(heatmap.values.shape)
            heatmap = replace(heatmap, values=cells)
        found.append(judge(explainer.network, picture, heatmap).trust)
    return found


def _seconds(act: Callable[[], object], repetitions: int) -> float:
    """Median of the seconds of a call, after one that is not counted."""
    act()
    seconds = []
    for _ in range(repetitions):
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))
