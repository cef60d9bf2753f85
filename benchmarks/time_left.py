"""Accuracy of the time left: estimates of a run, every half second, against its real end.

Counted from the tenth part of a run's time on. An estimate is right if it is off by a
quarter of the time that was really left, or by two seconds, which no one can plan by.
The first run on this machine knows of no speed yet; the second one has measured them.
When patience will end a run nobody knows; one run does without, to show the pace alone.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.commands import darkroom, log
from benchmarks.figures import Figure, Target
from benchmarks.options import Options
from benchmarks.photographs import write_photographs
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.progress import Stage
from core.runs.start_runs import start_training
from core.training.config import Recipe, TrainingConfig
from core.workspace import get_project

_PICTURES, _QUICK_PICTURES = 800, 100
_LOOK_SECONDS = 0.5
_FROM_SHARE = 0.1  # of the run's time
_TOLERANCE, _TOLERANCE_SECONDS = 0.25, 2.0
_LEAST_SHARE = 90.0  # percent


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Estimate of a run at one moment."""

    at: float  # seconds since its start
    fraction: float  # done, 0 to 1
    seconds_left: float | None
    stage: Stage | None


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary) / "home"
        os.environ["DARKROOM_HOME"] = str(home)
        source = Path(temporary) / "photographs"
        write_photographs(source, _QUICK_PICTURES if options.quick else _PICTURES)
        return [
            _figure(source, home, Recipe.QUICK, "first", options),
            _figure(source, home, Recipe.QUICK, "second", options),
            _figure(source, home, Recipe.BALANCED, "first", options),
            _figure(source, home, Recipe.BALANCED, "second", options),
            _figure(source, home, Recipe.BALANCED, "third", options, stops_early=False),
        ]


def share_right(samples: list[Sample], ended: float) -> float:
    """The share (0 to 1) of estimates that were right, from the tenth part of the time on.

    Args:
        ended: seconds from the run's start to its end.
    """
    counted = [sample for sample in samples if _FROM_SHARE * ended <= sample.at < ended]
    if not counted:
        raise ValueError(f"no sample was taken in the {ended:.1f} s that the run took")
    return sum(_is_right(sample, ended - sample.at) for sample in counted) / len(counted)


def _is_right(sample: Sample, left: float) -> bool:
    if sample.seconds_left is None:
        return False
    return abs(sample.seconds_left - left) <= max(_TOLERANCE * left, _TOLERANCE_SECONDS)


def _figure(
    source: Path, home: Path, recipe: Recipe, turn: str, options: Options, *, stops_early: bool = True
) -> Figure:
    name = f"{recipe}-{turn}"
    darkroom(home, "import", str(source), "--project", name)
    log(f"training: {recipe}, the {turn} time")
    epochs = 2 if options.quick else 0
    settings = TrainingConfig(dataset_version=1, recipe=recipe, epochs=epochs)
    if not stops_early:
        settings = replace(settings, patience=settings.epochs)
    job = start_training(get_project(name), settings)
    samples, ended = _watch(job)
    return Figure(
        name=f"right estimates of time left, recipe {recipe}, the {turn} run"
        + ("" if stops_early else ", which does not stop early"),
        measured=100 * share_right(samples, ended),
        unit="%",
        target=Target(at_least=_LEAST_SHARE),
        details={
            "seconds": round(ended, 1),
            "samples": [(round(one.at, 1), one.fraction, one.seconds_left, one.stage) for one in samples],
        },
    )


def _watch(job: JobDirectory) -> tuple[list[Sample], float]:
    """Collect the estimates of a run, and the seconds from its start to its end.

    Raises:
        RuntimeError: it did not finish.
    """
    began = time.monotonic()
    samples: list[Sample] = []
    while not (status := job.status()).state.has_ended:
        at = time.monotonic() - began
        samples.append(
            Sample(at=at, fraction=status.fraction, seconds_left=status.seconds_left, stage=status.stage)
        )
        time.sleep(_LOOK_SECONDS)
    if status.state is not JobState.FINISHED:
        raise RuntimeError(f"the run ended as {status.state}: {status.error}")
    return samples, time.monotonic() - began
