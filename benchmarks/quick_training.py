"""From pictures to a tested classifier: Darkroom's quick recipe against the usual tutorial.

Both get the same files in the same split, on the same machine, one after the
other, as commands of their own: the seconds are from the command's start to its
end. Darkroom's include conversion, evaluation and the checked exports, which the
tutorial does not make.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.commands import Outcome, darkroom, log, run_module, train
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import PARTS, write_photographs
from core.data.sources.samples import write_digits

PICTURES, QUICK_PICTURES = 1600, 100
MOST_SECONDS = 60.0
WARM_FIRST_SECONDS, WARM_AGAIN_SECONDS = 15.0, 6.0


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photographs, digits = folder / "photographs", folder / "digits"
        log("drawing the photographs")
        write_photographs(photographs, QUICK_PICTURES if options.quick else PICTURES)
        write_split_digits(digits, per_digit=10 if options.quick else None)
        return [
            *_photograph_figures(photographs, folder / "home-1", options),
            *_warm_figures(photographs, folder / "home-3"),
            *_digit_figures(digits, folder / "home-2", options),
        ]


def write_split_digits(folder: Path, per_digit: int | None = None, *, seed: int = 0) -> None:
    """The digits sample, divided 70 : 10 : 20 by chance into ``train/ val/ test/``."""
    write_digits(folder / "all")
    random = np.random.default_rng(seed)
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
    importing = darkroom(home, "import", str(source), "--project", "first")
    darkroom(home, "import", str(source), "--project", "second")
    cold = train(home, "first")
    warm = train(home, "second")  # its own project: only the converted backbone is there already
    again = train(home, "second")
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


def _warm_figures(source: Path, home: Path) -> list[Figure]:
    """Training as from the Train page, where a process waits; each beside the same by a command.

    In the order warm, new, warm, new, of which the first two have everything still to do.
    """
    other = home.with_name(f"{home.name}-other")
    for place in (home, other):
        darkroom(place, "import", str(source), "--project", "photographs")
    figures = []
    for name, most in (("the first ever", WARM_FIRST_SECONDS), ("again", WARM_AGAIN_SECONDS)):
        log(f"training with a warm worker, {name}")
        warm = run_module(["benchmarks.warm_training", "photographs"], home).answer
        new = train(other, "photographs")
        figures.append(
            Figure(
                name=f"training with a warm worker, {name}",
                measured=warm["seconds"],
                unit="s",
                reference=Reference(name="with a new worker, by a command", value=new.seconds),
                less_is_better=True,
                target=Target(at_most=most),
                details={"warm": warm, "new": new.answer},
            )
        )
    return figures


def _digit_figures(source: Path, home: Path, options: Options) -> list[Figure]:
    darkroom(home, "import", str(source / "split"), "--project", "digits")
    trained = train(home, "digits")
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


def _tutorial(source: Path, home: Path, epochs: int) -> Outcome:
    log(f"tutorial recipe, {epochs} epochs")
    return run_module(["benchmarks.tutorial_recipe", str(source), "--epochs", str(epochs)], home)
