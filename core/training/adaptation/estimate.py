"""Estimated time of an adaptation. Pages may call it: it imports no Keras."""

from __future__ import annotations

from core.data.dataset import Dataset
from core.data.pixels.arrays import DECODED_PER_SECOND
from core.models.speeds import expected_seconds
from core.progress import Stage
from core.training.adaptation.config import AdaptationConfig
from core.training.adaptation.pictures import count_possible
from core.training.config import Recipe, TrainingConfig
from core.training.cost.estimate import training_rate
from core.training.phases import Phase

_CHECK_SECONDS, _CONVERSION_SECONDS = 2.0, 10.0


def expected_stages(dataset: Dataset, config: AdaptationConfig) -> dict[Stage, float]:
    """Estimate the seconds of each stage, in order."""
    backbone, count = config.sized_backbone, count_possible(dataset)
    tuned = TrainingConfig(
        dataset_version=dataset.version,
        backbone=config.backbone,
        recipe=Recipe.BALANCED,
        picture_size=config.picture_size,
        unfreeze=config.unfreeze,
    )
    return {
        Stage.READING: _CHECK_SECONDS,
        Stage.CONVERTING: _CONVERSION_SECONDS,
        Stage.DECODING: len(dataset.all_pictures) / DECODED_PER_SECOND,
        Stage.ACTIVATIONS: expected_seconds(backbone, count * (1 + config.copies)),
        Stage.ADAPTING: config.epochs * 2 * count / training_rate(tuned, Phase.LAST_BLOCKS),
    }


def expected_adaptation_seconds(dataset: Dataset, config: AdaptationConfig) -> float:
    """Estimate the seconds of a whole adaptation."""
    return sum(expected_stages(dataset, config).values())
