"""Phases of the recipes and their lengths."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.training.config import Recipe, TrainingConfig
from core.training.phases import Phase
from core.training.recipes import epochs_of, longer_by


@pytest.mark.parametrize("more", [1, 2, 10])
@pytest.mark.parametrize("epochs", [1, 3, 30, 31])
@pytest.mark.parametrize(
    ("recipe", "last"),
    [
        (Recipe.BALANCED, Phase.LAST_BLOCKS),
        (Recipe.BEST, Phase.ALL_BLOCKS),
        (Recipe.SCRATCH, Phase.SCRATCH),
    ],
)
def test_a_continued_run_has_as_many_more_epochs_as_were_asked_for(
    recipe: Recipe, last: Phase, epochs: int, more: int
) -> None:
    """A quarter of the epochs of *best* is for the last blocks: of one more than 31 none would be left."""
    settings = TrainingConfig(dataset_version=1, recipe=recipe, epochs=epochs)
    assert epochs_of(longer_by(settings, more), last) == epochs_of(settings, last) + more


def test_a_run_is_not_continued_without_end() -> None:
    with pytest.raises(ConfigError, match="epochs is"):
        longer_by(TrainingConfig(dataset_version=1, recipe=Recipe.BEST, epochs=9000), 900)
