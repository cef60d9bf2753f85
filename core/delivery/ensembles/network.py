"""Network of an ensemble: one picture in, the weighted mean of its members' probabilities out.

Members on the same frozen backbone share one pass through it. Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.delivery.exporter import DeliveredModel, delivered_head
from core.evaluation.ensemble import EnsembleConfig
from core.jobs.directory import JobDirectory
from core.training.artifacts import has_own_network, load_extractor, map_pooling
from core.training.config import TrainingConfig

if TYPE_CHECKING:
    import keras


class EnsembleModel(DeliveredModel):
    """An ensemble's classifier as a Keras model; built at the first use."""

    def __init__(self, run: Path, members: Sequence[Path], config: EnsembleConfig) -> None:
        super().__init__(run)
        self._members, self._config = members, config

    def build(self) -> keras.Model:
        return build_ensemble(self._members, self._config.weights, self._config.input_size)


def build_ensemble(members: Sequence[Path], weights: Sequence[float], size: int) -> keras.Model:
    """Build the network: from pictures uint8 RGB (B, size, size, 3) to probabilities, float32 (B, C).

    Args:
        members: directories of evaluated runs with the same classes.
        weights: one of each, which sum to 1.
    """
    import keras
    from keras import layers

    from core.models.architectures.classifier import PICTURE_LAYER, PROBABILITIES_LAYER, attach_head

    picture = keras.Input((size, size, 3), dtype="uint8", name=PICTURE_LAYER)
    features: dict[tuple[object, ...], keras.KerasTensor] = {}
    answers = []
    for number, (member, weight) in enumerate(zip(members, weights, strict=True), start=1):
        key = _network_key(member)
        if key not in features:
            features[key] = _features(member, picture, f"network_{len(features) + 1}")
        answer = attach_head(features[key], delivered_head(member), prefix=f"member_{number}_")
        answers.append(layers.Rescaling(weight, dtype="float32", name=f"weight_{number}")(answer))
    mean = layers.Add(dtype="float32", name=PROBABILITIES_LAYER)(answers)
    model = keras.Model(picture, mean, name="ensemble")
    model.trainable = False
    return model


def _features(member: Path, picture: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Features of one member's network, which sees the picture at its own size."""
    import keras
    from keras import layers

    extractor = load_extractor(member, _settings(member))
    extractor.name = name
    size = extractor.input_shape[1]
    if size != picture.shape[1]:
        resized = layers.Resizing(size, size, dtype="float32", name=f"{name}_size")(picture)
        picture = keras.ops.cast(keras.ops.round(resized), "uint8")
    return extractor(picture)


def _network_key(member: Path) -> tuple[object, ...]:
    """Equal for members whose features are the same."""
    settings = _settings(member)
    own = member.name if has_own_network(member) else ""
    return own, settings.backbone, settings.picture_size, map_pooling(settings)


def _settings(member: Path) -> TrainingConfig:
    return TrainingConfig.from_json(JobDirectory(member).config())
