"""Test accuracy of *best in M minutes* against *quick* and the expert's script, on three kinds of real pictures.

Photographs, handwritten digits and grey textures. A draw makes other pictures or another split, and the
same ones go to all three. Everything goes through the command line, as people use it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.commands import darkroom, run_module, train
from benchmarks.few_pictures import standard_error, write_textures
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import TURNS, write_photographs
from benchmarks.quick_training import write_split_digits

_PHOTOGRAPHS, _QUICK_PHOTOGRAPHS = 1600, 100
_DRAWS, _QUICK_DRAWS = 5, 2
_PER_DIGIT, _QUICK_PER_DIGIT = 90, 12
_QUICK_MINUTES = 0.5


@dataclass(frozen=True, kw_only=True)
class Accuracies:
    """Percent right of the test pictures of one draw."""

    climbed: float
    quick: float
    expert: float | None  # None: not asked for


def measured(options: Options, *, minutes: float, gain: float, with_expert: bool) -> list[Figure]:
    """Measure all sets.

    Args:
        gain: points over *quick* that the mean of the sets should reach.
    """
    draws = _QUICK_DRAWS if options.quick else _DRAWS
    minutes = _QUICK_MINUTES if options.quick else minutes
    figures, by_set = [], []
    for name in ("photographs", "digits", "textures"):
        found = list(_draws(name, draws, options, minutes, with_expert=with_expert))
        by_set.append(found)
        figures.append(_figure(f"{name}, {minutes:g} min, {draws} draws", [found]))
        if with_expert:
            figures.append(_expert_figure(f"{name}, {minutes:g} min, {draws} draws", found))
    mean = _figure(f"mean of the sets, {minutes:g} min", by_set, Target(of="difference", at_least=gain))
    return [*figures, mean]


def _draws(
    name: str, draws: int, options: Options, minutes: float, *, with_expert: bool
) -> Iterator[Accuracies]:
    for seed in range(draws):
        with tempfile.TemporaryDirectory() as temporary:
            folder, home = Path(temporary) / "pictures", Path(temporary) / "home"
            os.environ["DARKROOM_HOME"] = str(home)
            source = _write(name, folder, seed, options)
            yield _accuracies(source, home, name, seed, minutes, with_expert=with_expert)


def _write(name: str, folder: Path, seed: int, options: Options) -> Path:
    """Write the pictures of a draw as ``train/ val/ test/``; returns their folder."""
    if name == "photographs":
        count = _QUICK_PHOTOGRAPHS if options.quick else _PHOTOGRAPHS
        write_photographs(folder, count, seed, turn=seed % TURNS)
        return folder
    if name == "digits":
        write_split_digits(folder, _QUICK_PER_DIGIT if options.quick else _PER_DIGIT, seed=seed)
        return folder / "split"
    write_textures(folder, seed)
    return folder


def _accuracies(
    source: Path, home: Path, name: str, seed: int, minutes: float, *, with_expert: bool
) -> Accuracies:
    darkroom(home, "import", str(source), "--project", name)
    quick = train(home, name, "--seed", str(seed))
    climb = darkroom(home, "climb", "--project", name, "--minutes", str(minutes), "--seed", str(seed))
    expert = None
    if with_expert:
        script = ["benchmarks.expert_script", str(source), "--seed", str(seed)]
        expert = 100 * float(run_module(script, home).answer["test_accuracy"])
    return Accuracies(
        climbed=100 * climb.answer["test"]["accuracy"],
        quick=100 * quick.answer["test"]["accuracy"],
        expert=expert,
    )


def _figure(name: str, by_set: Sequence[Sequence[Accuracies]], target: Target | None = None) -> Figure:
    gains = [np.array([draw.climbed - draw.quick for draw in draws]) for draws in by_set]
    error = float(np.sqrt(sum(standard_error(one) ** 2 for one in gains)) / len(gains))
    return Figure(
        name=f"test accuracy, {name} (difference ± {error:.1f})",
        measured=float(np.mean([np.mean([draw.climbed for draw in draws]) for draws in by_set])),
        unit="%",
        reference=Reference(
            name="quick", value=float(np.mean([np.mean([draw.quick for draw in draws]) for draws in by_set]))
        ),
        target=target,
        details={"gains": [one.tolist() for one in gains], "standard_error": error},
    )


def _expert_figure(name: str, draws: Sequence[Accuracies]) -> Figure:
    experts = [draw.expert for draw in draws if draw.expert is not None]
    gains = np.array([draw.climbed for draw in draws]) - np.array(experts)
    return Figure(
        name=f"test accuracy, {name} (difference ± {standard_error(gains):.1f})",
        measured=float(np.mean([draw.climbed for draw in draws])),
        unit="%",
        reference=Reference(name="expert's script", value=float(np.mean(experts))),
        details={"gains": gains.tolist()},
    )
