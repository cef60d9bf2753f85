"""Network of an ensemble: one picture in, the weighted mean of its members' probabilities out.

A temperature of its own makes the mean honest: members that are each honest are too unsure together
(Rahaman and Thiery 2021). Members on the same frozen backbone share one pass through it. Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.data.labels.task import Task
from core.delivery.exporter import DeliveredModel, delivered_head
from core.evaluation.calibration.temperature import LEAST_PROBABILITY
from core.evaluation.ensemble import EnsembleConfig
from core.jobs.directory import JobDirectory
from core.models.head import Activation
from core.training.artifacts import has_own_network, load_extractor, map_pooling
from core.training.config import TrainingConfig

if TYPE_CHECKING:
    import keras


class EnsembleModel(DeliveredModel):
    """An ensemble's classifier as a Keras model; built at the first use.

    Args:
        temperatures: (C,), of its mean; None before they are chosen.
    """

    def __init__(
        self,
        run: Path,
        members: Sequence[Path],
        config: EnsembleConfig,
        temperatures: Sequence[float] | None = None,
    ) -> None:
        super().__init__(run)
        self._members, self._config, self._temperatures = members, config, temperatures

    def build(self) -> keras.Model:
        config = self._config
        return build_ensemble(self._members, config.weights, config.input_size, self._temperatures)


def build_ensemble(
    members: Sequence[Path],
    weights: Sequence[float],
    size: int,
    temperatures: Sequence[float] | None = None,
) -> keras.Model:
    """Build the network: from pictures uint8 RGB (B, size, size, 3) to probabilities, float32 (B, C).

    Args:
        members: directories of evaluated runs with the same classes.
        weights: one of each, which sum to 1.
        temperatures: (C,), that the logits of the mean are divided by; None: it stays as it is.
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
    is_scaled = temperatures is not None and any(temperature != 1 for temperature in temperatures)
    mean = layers.Add(dtype="float32", name="mean" if is_scaled else PROBABILITIES_LAYER)(answers)
    if is_scaled:
        mean = _with_temperatures(mean, np.array(temperatures), delivered_head(members[0]).activation)
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


def _with_temperatures(
    mean: keras.KerasTensor, temperatures: np.ndarray, activation: Activation
) -> keras.KerasTensor:
    """Divide the logits of probabilities, as ``calibration.temperature.with_temperatures`` does."""
    from keras import layers, ops

    from core.models.architectures.classifier import PROBABILITIES_LAYER

    if activation == "softmax":
        logits = ops.log(ops.maximum(mean, LEAST_PROBABILITY[Task.MULTI_CLASS]))
    else:
        least = LEAST_PROBABILITY[Task.MULTI_LABEL]
        clipped = ops.clip(mean, least, 1 - least)
        logits = ops.log(clipped) - ops.log(1 - clipped)
    scaled = layers.Normalization(
        mean=np.zeros_like(temperatures),
        variance=np.square(temperatures),
        dtype="float32",
        name="temperatures",
    )(logits)
    return layers.Activation(activation, dtype="float32", name=PROBABILITIES_LAYER)(scaled)


def _network_key(member: Path) -> tuple[object, ...]:
    """Equal for members whose features are the same."""
    settings = _settings(member)
    own = member.name if has_own_network(member) else ""
    return own, settings.backbone, settings.picture_size, map_pooling(settings)


def _settings(member: Path) -> TrainingConfig:
    return TrainingConfig.from_json(JobDirectory(member).config())
