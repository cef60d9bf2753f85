"""The recipe *balanced* against a hand-written expert script: test accuracy and time, over three seeds.

Both get the same files in the same split, the same network, the same changes to
pictures, the same number of epochs of fine-tuning and the same patience, on the same
machine, one after the other, as commands of their own: the seconds are from the
command's start to its end. Every seed gets a project of its own, so that nothing but
the converted backbone is there already; Darkroom's seconds include evaluation and
the checked exports, which the script does not make.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import mean

from benchmarks.commands import Outcome, darkroom, log, run_module, train
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import write_photographs
from core.training.config import DEFAULT_EPOCHS, DEFAULT_PATIENCE, Recipe

# The changes to pictures that both sides make, as Darkroom's ``--augment`` takes them.
FLIP, ROTATION, ZOOM, BRIGHTNESS, CONTRAST = "horizontal", 0.05, 0.1, 0.1, 0.1
TUNING_EPOCHS = DEFAULT_EPOCHS[Recipe.BALANCED]
PATIENCE = DEFAULT_PATIENCE[Recipe.BALANCED]

PICTURES, QUICK_PICTURES = 1600, 100
SEEDS = (0, 1, 2)
MOST_TIME = 0.8  # of the script's
_AUGMENT = f"flip={FLIP},rotation={ROTATION},zoom={ZOOM},brightness={BRIGHTNESS},contrast={CONTRAST}"


def run(options: Options) -> list[Figure]:
    seeds = SEEDS[:1] if options.quick else SEEDS
    epochs = 1 if options.quick else TUNING_EPOCHS
    with tempfile.TemporaryDirectory() as temporary:
        source, home = Path(temporary) / "photographs", Path(temporary) / "home"
        log("drawing the photographs")
        write_photographs(source, QUICK_PICTURES if options.quick else PICTURES)
        darkroom(home, "import", str(source), "--project", "before")
        train(home, "before", "--recipe", "quick", "--epochs", "1")  # converts the backbone
        pairs = [_compare(source, home, seed, epochs) for seed in seeds]
    return _figures(pairs, epochs)


def _compare(source: Path, home: Path, seed: int, epochs: int) -> tuple[Outcome, Outcome]:
    """Darkroom and the script, with the same seed."""
    darkroom(home, "import", str(source), "--project", f"seed-{seed}")
    ours = train(
        home, f"seed-{seed}", "--recipe", "balanced", "--augment", _AUGMENT,
        "--epochs", str(epochs), "--seed", str(seed),
    )  # fmt: skip
    log(f"expert script, seed {seed}")
    script = ["benchmarks.expert_script", str(source), "--seed", str(seed)]
    theirs = run_module([*script, "--tuning-epochs", str(epochs)], home)
    return ours, theirs


def _figures(pairs: list[tuple[Outcome, Outcome]], epochs: int) -> list[Figure]:
    accuracies = [
        (100 * ours.answer["test"]["accuracy"], 100 * theirs.answer["test_accuracy"])
        for ours, theirs in pairs
    ]
    seconds = [(ours.seconds, theirs.seconds) for ours, theirs in pairs]
    name = f"recipe balanced, {len(pairs)} seeds"
    script = f"expert script, {epochs} epochs of tuning"
    return [
        Figure(
            name=f"test accuracy, {name}",
            measured=mean(ours for ours, _ in accuracies),
            unit="%",
            reference=Reference(name=script, value=mean(theirs for _, theirs in accuracies)),
            target=Target(of="difference", at_least=0.0),
            details={"by_seed": accuracies},
        ),
        Figure(
            name=f"training, {name}",
            measured=mean(ours for ours, _ in seconds),
            unit="s",
            reference=Reference(name=script, value=mean(theirs for _, theirs in seconds)),
            less_is_better=True,
            target=Target(of="ratio", at_least=1 / MOST_TIME),
            details={
                "by_seed": seconds,
                "darkroom": [ours.answer for ours, _ in pairs],
                "script": [theirs.answer for _, theirs in pairs],
            },
        ),
    ]
