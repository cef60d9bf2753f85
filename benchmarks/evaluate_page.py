"""The Evaluate page of a large test: how soon the server has answered the choice of each section.

In a real browser on the same machine, from the message that a click sends to the last one
that answers it. The project has 10,000 test pictures; its classifier confuses neighbouring
classes. No network was trained.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from benchmarks.conversation import answered, heard_page, required_browser
from benchmarks.figures import Figure, Target
from benchmarks.gallery import LARGE_PROJECT, write_large_project
from benchmarks.options import Options
from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.evaluation.assessment import make_report
from core.evaluation.calibration.calibrating import measure_calibration
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.predictions import prediction_table
from core.evaluation.report import write_report
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.training.config import TrainingConfig
from core.workspace import Project
from pages.ui.evaluate.failures.section import PARTS
from pages.ui.evaluate.sections import SECTIONS
from tests.support.browser import settled

# Classes, and the most milliseconds that a section may take.
SIZES = {100: 1000.0, 200: 3000.0}
_PICTURES, _QUICK_PICTURES = 66_700, 2_000  # of which 15% are test pictures
_ACCURACY = 0.8
_MISTAKES = "mistakes"


def run(options: Options) -> list[Figure]:
    executable = required_browser()
    pictures = _QUICK_PICTURES if options.quick else _PICTURES
    return [
        figure
        for classes, limit in SIZES.items()
        for figure in _figures(executable, pictures, classes, limit)
    ]


def write_evaluated_run(project: Project) -> JobDirectory:
    """A finished run of the project with random answers, most of them right."""
    dataset = open_dataset(project)
    config = TrainingConfig(dataset_version=dataset.version)
    job = JobDirectory.create(project.runs / "run-20260901-120000-aaaa", JobKind.TRAIN, config.to_json())
    write_json(job.path / "status.json", {"state": JobState.FINISHED, "seconds": {"training": 1.0}})
    validation, test = dataset.rows(Split.VALIDATION), dataset.rows(Split.TEST)
    rows = np.concatenate([validation, test])
    probabilities = _probabilities(dataset, rows)
    on_validation, on_test = np.split(probabilities, [len(validation)])
    calibration = measure_calibration(
        TestPredictions.of(dataset, validation, on_validation),
        TestPredictions.of(dataset, test, on_test),
        raw=on_test,
        temperatures=np.ones(len(dataset.class_names)),
    )
    report = replace(make_report(dataset, test, on_test), calibration=calibration)
    write_report(job.path, report, prediction_table(dataset, rows, probabilities))
    scores = {"accuracy": report.accuracy, "macro_f1": report.macro.f1, "majority_baseline": 0.01}
    write_json(job.path / "result.json", {"training": {"epochs": 1}, "test": scores})
    return job


def _probabilities(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Softmax of random scores, highest for the true class or its neighbour."""
    random, classes = np.random.default_rng(0), len(dataset.class_names)
    labels = dataset.label_indices[rows]
    is_wrong = random.random(len(rows)) > _ACCURACY
    favoured = (labels + is_wrong * random.integers(1, 4, len(rows))) % classes
    scores = random.normal(size=(len(rows), classes))
    scores[np.arange(len(rows)), favoured] += 8
    powers = np.exp(scores)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def _figures(executable: Path, pictures: int, classes: int, limit: float) -> list[Figure]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["DARKROOM_HOME"] = str(folder / "home")
        write_evaluated_run(write_large_project(folder / "photographs", pictures, classes))
        with heard_page(executable, folder / "home") as (page, server):
            page.goto(f"{server.address}/evaluate?project={LARGE_PROJECT}&section=trust")
            settled(page)
            return [
                Figure(
                    name=f"section “{label}” of {classes} classes",
                    measured=milliseconds,
                    unit="ms",
                    less_is_better=True,
                    target=Target(at_most=limit),
                )
                for label, milliseconds in _sections(page).items()
            ]


def _sections(page: Page) -> dict[str, float]:
    """Milliseconds of each section and part, drawn for the second time: the first one imports its module."""
    labels = [section.label for section in SECTIONS.values()]
    for label in labels:
        answered(page, partial(_choose, page, label))
    times = {label: answered(page, partial(_choose, page, label)) for label in labels}
    answered(page, partial(_choose, page, SECTIONS[_MISTAKES].label))
    parts = [part.label for part in PARTS.values()]
    for label in [*parts[1:], parts[0]]:
        answered(page, partial(_choose, page, label))
    for label in [*parts[1:], parts[0]]:
        times[label] = answered(page, partial(_choose, page, label))
    return times


def _choose(page: Page, label: str) -> None:
    page.get_by_role("radio", name=label).click()
