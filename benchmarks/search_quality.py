"""Quality of a search of heads, compared with random search and with the default settings.

Everything goes through the command line, as people use it: the best trial of a search
becomes a run of its own weights, which is tested once. A search's validation score
flatters it; what is compared is the score that it says to expect on new pictures.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commands import darkroom, log, train
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import write_photographs
from benchmarks.quick_training import write_split_digits
from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.workspace import get_project

_PICTURES, _QUICK_PICTURES = 1600, 100
_TRIALS, _QUICK_TRIALS = 60, 3
_SEEDS, _QUICK_SEEDS = 5, 2
_QUICK_PER_DIGIT = 12


@dataclass(frozen=True, kw_only=True)
class Found:
    """Result of one search; shares of pictures, 0 to 1."""

    validation: float  # the best trial's score, which it was chosen for
    expected: float  # of it on new pictures, by the search's own word; without one, the same
    test: float
    gain: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Default:
    """Result of the default settings."""

    test: float  # 0 to 1
    pictures: int  # that it was tested with

    @property
    def noise(self) -> float:
        return standard_error(self.test, self.pictures)


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as temporary:
        folder, home = Path(temporary), Path(temporary) / "home"
        os.environ["DARKROOM_HOME"] = str(home)
        write_photographs(folder / "photographs", _QUICK_PICTURES if options.quick else _PICTURES)
        write_split_digits(folder / "digits", per_digit=_QUICK_PER_DIGIT if options.quick else None)
        darkroom(home, "import", str(folder / "photographs"), "--project", "photographs")
        darkroom(home, "import", str(folder / "digits" / "split"), "--project", "digits")
        return [*_photograph_figures(home, options), *_digit_figures(home, options)]


def _photograph_figures(home: Path, options: Options) -> list[Figure]:
    trials = _QUICK_TRIALS if options.quick else _TRIALS
    seeds = range(_QUICK_SEEDS if options.quick else _SEEDS)
    default = _default(home, "photographs")
    tpe, at_random = (
        [_search(home, "photographs", trials, seed, sampler) for seed in seeds]
        for sampler in ("tpe", "random")
    )
    name = f"photographs, {trials} trials, {len(seeds)} seeds"
    return [
        Figure(
            name=f"accuracy to expect of what a search finds, {name}",
            measured=_mean_percent([one.expected for one in tpe]),
            unit="%",
            reference=Reference(
                name="a search at random", value=_mean_percent([one.expected for one in at_random])
            ),
            target=Target(of="difference", at_least=0.0),
            details=_by_seed(tpe, at_random),
        ),
        _test_figure(name, tpe, default),
    ]


def _digit_figures(home: Path, options: Options) -> list[Figure]:
    trials = _QUICK_TRIALS if options.quick else _TRIALS
    default = _default(home, "digits")
    found = _search(home, "digits", trials, 0, "tpe")
    name = f"handwritten digits, {trials} trials"
    figures = [_test_figure(name, [found], default)]
    if found.gain is not None:
        log(gain_sentence(found.gain))
        figures.append(
            Figure(
                name=f"gain to expect over the default settings, {name}",
                measured=100 * found.gain["gain"],
                unit="points",
                details=found.gain | {"sentence": gain_sentence(found.gain)},
            )
        )
    return figures


def gain_sentence(gain: dict[str, Any]) -> str:
    """Gain in accuracy that a search reports."""
    low, middle, high = (100 * gain[key] for key in ("low", "gain", "high"))
    summarize = "a gain" if gain["is_real"] else "may be chance"
    return f"{middle:+.1f} points over the default settings ({low:+.1f} to {high:+.1f}): {summarize}"


def standard_error(share: float, pictures: int) -> float:
    """By how much a share (0 to 1) of so many pictures differs from set to set, typically."""
    return math.sqrt(share * (1 - share) / pictures)


def _default(home: Path, project: str) -> Default:
    pictures = len(open_dataset(get_project(project)).rows(Split.TEST))
    return Default(test=train(home, project).answer["test"]["accuracy"], pictures=pictures)


def _search(home: Path, project: str, trials: int, seed: int, sampler: str) -> Found:
    """Raises RuntimeError where it did not finish."""
    answer = darkroom(
        home, "search", "--project", project, "--trials", str(trials), "--seed", str(seed), "--sampler", sampler
    ).answer  # fmt: skip
    if answer["state"] != "finished":
        raise RuntimeError(f"the search ended as {answer['state']}: its figures would mean nothing")
    best, bias = answer["best"]["value"], answer["selection_bias"]
    return Found(
        validation=best,
        expected=bias["expected"] if bias else best,
        test=answer["test"]["accuracy"],
        gain=answer["gain"],
    )


def _test_figure(name: str, found: Sequence[Found], default: Default) -> Figure:
    """The tests of what was found, against the default's: not worse by more than chance."""
    return Figure(
        name=f"test accuracy of what a search finds, {name}",
        measured=_mean_percent([one.test for one in found]),
        unit="%",
        reference=Reference(name="default settings", value=100 * default.test),
        target=Target(of="difference", at_least=round(-100 * default.noise, 2)),
        details={"by_seed": [one.test for one in found], "standard_error": default.noise},
    )


def _by_seed(tpe: Sequence[Found], at_random: Sequence[Found]) -> dict[str, Any]:
    return {
        f"{name}_{what}": [getattr(one, what) for one in found]
        for name, found in (("tpe", tpe), ("random", at_random))
        for what in ("expected", "validation", "test")
    }


def _mean_percent(shares: Sequence[float]) -> float:
    return 100 * float(np.mean(shares))
