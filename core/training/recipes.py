"""Phases of each recipe that train a network, and their lengths in epochs."""

from __future__ import annotations

from dataclasses import replace

from core.training.config import Recipe, TrainingConfig
from core.training.phases import Phase

_PHASES = {
    Recipe.QUICK: (),
    Recipe.BALANCED: (Phase.LAST_BLOCKS,),
    Recipe.BEST: (Phase.LAST_BLOCKS, Phase.ALL_BLOCKS),
    Recipe.SCRATCH: (Phase.SCRATCH,),
}


def phases_of(settings: TrainingConfig) -> list[Phase]:
    """Return the phases that train a network, in order."""
    return list(_PHASES[settings.recipe])


def longer_by(settings: TrainingConfig, epochs: int) -> TrainingConfig:
    """Return the settings with which the last phase of a run has so many more epochs.

    In the recipe *best* a part of all epochs is spent on the last blocks, which are not trained again.

    Raises:
        ConfigError: the run would have too many epochs.
    """
    longer = replace(settings, epochs=settings.epochs + epochs)
    for last in phases_of(settings)[-1:]:
        while epochs_of(longer, last) < epochs_of(settings, last) + epochs:
            longer = replace(longer, epochs=longer.epochs + 1)
    return longer


def epochs_of(settings: TrainingConfig, phase: Phase) -> int:
    """Return the maximum number of epochs of a phase.

    The recipe *best* spends a quarter of its epochs on the last blocks, so that the layers
    above them have settled before all blocks are trained.
    """
    if settings.recipe is not Recipe.BEST:
        return settings.epochs
    on_last_blocks = max(1, settings.epochs // 4)
    return on_last_blocks if phase is Phase.LAST_BLOCKS else max(1, settings.epochs - on_last_blocks)
