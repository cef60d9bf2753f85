"""From pictures to a tested classifier: Darkroom's quick recipe against the usual tutorial.

Both get the same files in the same split, on the same machine, one after the
other, as commands of their own: the seconds are from the command's start to its
end. Darkroom's include conversion, evaluation and the checked exports, which the
tutorial does not make.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import PARTS, write_photographs
from core.data.samples import write_digits

PICTURES, QUICK_PICTURES = 1600, 100
MOST_SECONDS = 60.0
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A command that was run to its end: its JSON answer and how long it took."""

    answer: dict[str, Any]
    seconds: float


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photographs, digits = folder / "photographs", folder / "digits"
        _log("drawing the photographs")
        write_photographs(photographs, QUICK_PICTURES if options.quick else PICTURES)
        write_split_digits(digits, per_digit=10 if options.quick else None)
        return [
            *_photograph_figures(photographs, folder / "home-1", options),
            *_digit_figures(digits, folder / "home-2", options),
        ]


def write_split_digits(folder: Path, per_digit: int | None = None) -> None:
    """The digits sample, divided 70 : 10 : 20 by chance into ``train/ val/ test/``."""
    write_digits(folder / "all")
    random = np.random.default_rng(0)
    for digit in sorted((folder / "all").iterdir()):
        pictures = random.permutation(sorted(digit.iterdir()))[:per_digit]
        first, second = round(0.7 * len(pictures)), round(0.8 * len(pictures))
        for part, chosen in zip(PARTS, np.split(pictures, [first, second]), strict=True):
            target = folder / "split" / part / digit.name
            target.mkdir(parents=True)
            for picture in chosen:
                picture.rename(target / picture.name)


def _photograph_figures(source: Path, home: Path, options: Options) -> list[Figure]:
    pictures = sum(path.is_file() for path in source.rglob("*"))
    name = f"{pictures} photographs"
    importing = _darkroom(home, "import", str(source), "--project", "first")
    _darkroom(home, "import", str(source), "--project", "second")
    cold = _train(home, "first")
    warm = _train(home, "second")  # its own project: only the converted backbone is there already
    again = _train(home, "second")
    baseline = _tutorial(source, home, options.baseline_epochs)
    return [
        Figure(
            name=f"import of {name}", measured=importing.seconds, unit="s", less_is_better=True,
            details={"classes": importing.answer["classes"], "skipped": importing.answer["skipped"]},
        ),
        _seconds_figure(f"training, the first ever, {name}", cold, baseline, Target(at_most=MOST_SECONDS)),
        _seconds_figure(f"training, backbone converted before, {name}", warm, baseline, Target(at_most=MOST_SECONDS)),
        _seconds_figure(f"training again on the same {name}", again, baseline, None),
        _accuracy_figure(f"test accuracy, {name}", cold, baseline),
        _majority_figure(f"test accuracy, {name}", cold),
    ]  # fmt: skip


def _digit_figures(source: Path, home: Path, options: Options) -> list[Figure]:
    _darkroom(home, "import", str(source / "split"), "--project", "digits")
    trained = _train(home, "digits")
    figures = [_majority_figure("test accuracy, handwritten digits", trained)]
    if options.digits_baseline:
        baseline = _tutorial(source / "split", home, options.baseline_epochs)
        figures += [
            _seconds_figure("training, handwritten digits", trained, baseline, None),
            _accuracy_figure("test accuracy, handwritten digits", trained, baseline),
        ]
    return figures


def _seconds_figure(name: str, trained: Outcome, baseline: Outcome, target: Target | None) -> Figure:
    return Figure(
        name=name,
        measured=trained.seconds,
        unit="s",
        reference=Reference(name=_tutorial_name(baseline), value=baseline.seconds),
        less_is_better=True,
        target=target,
        details={"darkroom": trained.answer, "tutorial": baseline.answer},
    )


def _accuracy_figure(name: str, trained: Outcome, baseline: Outcome) -> Figure:
    return Figure(
        name=name,
        measured=100 * trained.answer["test"]["accuracy"],
        unit="%",
        reference=Reference(name=_tutorial_name(baseline), value=100 * baseline.answer["test_accuracy"]),
        target=Target(of="difference", at_least=0.0),
        details={"validation_accuracy_of_the_tutorial": baseline.answer["validation_accuracy"]},
    )


def _majority_figure(name: str, trained: Outcome) -> Figure:
    test = trained.answer["test"]
    return Figure(
        name=name,
        measured=100 * test["accuracy"],
        unit="%",
        reference=Reference(name="always the largest class", value=100 * test["majority_baseline"]),
        details=test,
    )


def _tutorial_name(baseline: Outcome) -> str:
    return f"tutorial recipe, {baseline.answer['epochs']} epochs"


def _train(home: Path, project: str) -> Outcome:
    outcome = _darkroom(home, "train", "--project", project)
    if outcome.answer["state"] != "finished":
        raise RuntimeError(f"the run ended as {outcome.answer['state']}: its figures would mean nothing")
    return outcome


def _darkroom(home: Path, command: str, *arguments: str) -> Outcome:
    _log(f"darkroom {command}")
    return _command(["core", command, *arguments, "--json"], home)


def _tutorial(source: Path, home: Path, epochs: int) -> Outcome:
    _log(f"tutorial recipe, {epochs} epochs")
    return _command(["benchmarks.tutorial_recipe", str(source), "--epochs", str(epochs)], home)


def _command(module: Sequence[str], home: Path) -> Outcome:
    """Run ``python -m MODULE …`` to its end; what it says in between is kept for the error only."""
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=_ROOT,
        env={**os.environ, "DARKROOM_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if ended.returncode:
        raise RuntimeError(f"python -m {' '.join(module)} failed ({ended.returncode}):\n{ended.stderr}")
    return Outcome(answer=json.loads(ended.stdout.splitlines()[-1]), seconds=seconds)


def _log(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)
