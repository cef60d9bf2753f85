"""Options of a benchmark run."""

from __future__ import annotations

from dataclasses import dataclass

TUTORIAL_EPOCHS = 10  # as the usual tutorials train


@dataclass(frozen=True, kw_only=True)
class Options:
    """The same for every benchmark; each takes what concerns it."""

    quick: bool = False  # tiny sizes: shows that everything runs, its figures mean nothing
    baseline_epochs: int = TUTORIAL_EPOCHS  # of the tutorial recipe
    digits_baseline: bool = False  # the tutorial recipe on the digits too, which takes as long again
