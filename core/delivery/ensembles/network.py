"""Network of an ensemble: one picture in, the weighted mean of its members' probabilities out.

Where it averages several views of the picture, each member answers to each of them, and their stranger
scores are averaged alike. The views are made inside, so a runtime needs to know nothing of them.

A temperature of its own makes the mean honest: members that are each honest are too unsure together
(Rahaman and Thiery 2021). Members on the same frozen backbone share one pass through it. Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.labels.task import Task
from core.delivery.exporter import DeliveredModel, delivered_head
from core.evaluation.calibration.temperature import LEAST_PROBABILITY
from core.evaluation.ensemble import EnsembleConfig
from core.evaluation.strangers.detector import StrangerDetector
from core.evaluation.strangers.results import has_strangers, read_detector
from core.jobs.directory import JobDirectory
from core.models.head import Activation
from core.models.views import PICTURE, View, find_view_set
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
        return self._joined.classifier

    @cached_property
    def scored_model(self) -> Any:
        """The same with the stranger score as second output, if it was measured."""
        return self._joined.with_outputs("ensemble_with_score", self._joined.score)

    @cached_property
    def _joined(self) -> Joined:
        detectors = detectors_of(self._members) if has_strangers(self.run) else ()
        return join_members(
            self._members,
            self._config.weights,
            self._config.input_size,
            self._temperatures,
            detectors,
            views=find_view_set(self._config.views).views,
        )


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Members joined to one graph."""

    picture: keras.KerasTensor  # uint8 RGB (B, size, size, 3)
    probabilities: keras.KerasTensor  # float32 (B, C)
    score: keras.KerasTensor | None  # float32 (B, 1), the stranger score

    @property
    def classifier(self) -> keras.Model:
        """The network from pictures to probabilities."""
        return self.with_outputs("ensemble", None)

    def with_outputs(self, name: str, second: keras.KerasTensor | None) -> keras.Model:
        """The network with a second output, if there is one."""
        import keras

        outputs = self.probabilities if second is None else [self.probabilities, second]
        model = keras.Model(self.picture, outputs, name=name)
        model.trainable = False
        return model

    @property
    def measured(self) -> keras.Model:
        """The network whose one output is the probabilities and behind them the score: (B, C + 1)."""
        import keras

        if self.score is None:
            return self.classifier
        both = keras.layers.Concatenate(dtype="float32")([self.probabilities, self.score])
        return keras.Model(self.picture, both, name="measured")


def detectors_of(members: Sequence[Path]) -> tuple[StrangerDetector, ...]:
    """Load the members' detectors; none if one of them has none."""
    found = [read_detector(member) for member in members]
    return tuple(one for one in found if one is not None) if None not in found else ()


def join_members(
    members: Sequence[Path],
    weights: Sequence[float],
    size: int,
    temperatures: Sequence[float] | None = None,
    detectors: Sequence[StrangerDetector] = (),
    *,
    views: Sequence[View] = (PICTURE,),
) -> Joined:
    """Join members to one graph.

    Args:
        members: directories of evaluated runs with the same classes.
        weights: one of each, which sum to 1.
        size: side of the pictures.
        temperatures: (C,), that the logits of the mean are divided by; None: it stays as it is.
        detectors: of each member; none: the graph has no score.
        views: of the picture, whose answers count alike.
    """
    import keras

    from core.models.architectures.classifier import PICTURE_LAYER, attach_head

    picture = keras.Input((size, size, 3), dtype="uint8", name=PICTURE_LAYER)
    features = _features_of(members, _views_inside(picture, views))
    # View by view, as the features.
    heads = [delivered_head(member) for member in members] * len(views)
    weights = [weight / len(views) for weight in weights] * len(views)
    detectors = list(detectors) * len(views)
    answers = [
        attach_head(own, head, prefix=f"member_{number}_")
        for number, (own, head) in enumerate(zip(features, heads, strict=True), start=1)
    ]
    return Joined(
        picture=picture,
        probabilities=_mean_answer(answers, weights, temperatures, heads[0].activation),
        score=_mean_score(features, answers, weights, detectors, heads[0].activation) if detectors else None,
    )


def _mean_answer(
    answers: Sequence[keras.KerasTensor],
    weights: Sequence[float],
    temperatures: Sequence[float] | None,
    activation: Activation,
) -> keras.KerasTensor:
    from core.models.architectures.classifier import PROBABILITIES_LAYER

    if temperatures is None or all(temperature == 1 for temperature in temperatures):
        return _weighted_sum(answers, weights, PROBABILITIES_LAYER, "weight")
    return _with_temperatures(
        _weighted_sum(answers, weights, "mean", "weight"), np.array(temperatures), activation
    )


def _mean_score(
    features: Sequence[keras.KerasTensor],
    answers: Sequence[keras.KerasTensor],
    weights: Sequence[float],
    detectors: Sequence[StrangerDetector],
    activation: Activation,
) -> keras.KerasTensor:
    """Weighted mean of the members' stranger scores."""
    from core.evaluation.strangers.network_output import SCORE_LAYER, stranger_score

    scores = [
        stranger_score(own, answer, detector, is_softmax=activation == "softmax", prefix=f"member_{number}_")
        for number, (own, answer, detector) in enumerate(zip(features, answers, detectors, strict=True), 1)
    ]
    return _weighted_sum(scores, weights, SCORE_LAYER, "score_weight")


def _weighted_sum(
    values: Sequence[keras.KerasTensor], weights: Sequence[float], name: str, prefix: str
) -> keras.KerasTensor:
    from keras import layers

    scaled = [
        layers.Rescaling(weight, dtype="float32", name=f"{prefix}_{number}")(value)
        for number, (value, weight) in enumerate(zip(values, weights, strict=True), start=1)
    ]
    return layers.Add(dtype="float32", name=name)(scaled)


def _views_inside(picture: keras.KerasTensor, views: Sequence[View]) -> list[keras.KerasTensor]:
    from core.models.architectures.views import view_inside

    return [view_inside(picture, view, f"view_{number}") for number, view in enumerate(views, start=1)]


def _features_of(members: Sequence[Path], pictures: Sequence[keras.KerasTensor]) -> list[keras.KerasTensor]:
    """Features of each member of the first picture, then of the next; equal networks see a picture once."""
    features: dict[tuple[object, ...], list[keras.KerasTensor]] = {}
    for member in members:
        key = _network_key(member)
        if key not in features:
            features[key] = _features(member, pictures, f"network_{len(features) + 1}")
    return [features[_network_key(member)][number] for number in range(len(pictures)) for member in members]


def _features(member: Path, pictures: Sequence[keras.KerasTensor], name: str) -> list[keras.KerasTensor]:
    """Features of each picture by one member's network, which sees it at its own size."""
    import keras
    from keras import layers

    extractor = load_extractor(member, _settings(member))
    extractor.name = name
    size = extractor.input_shape[1]
    if size != pictures[0].shape[1]:
        resizing = layers.Resizing(size, size, dtype="float32", name=f"{name}_size")
        pictures = [keras.ops.cast(keras.ops.round(resizing(picture)), "uint8") for picture in pictures]
    return [extractor(picture) for picture in pictures]


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
    # A Normalization would hold them as tensors outside the graph, which ONNX files then take as inputs.
    scaled = layers.Rescaling((1 / temperatures).tolist(), dtype="float32", name="temperatures")(logits)
    return layers.Activation(activation, dtype="float32", name=PROBABILITIES_LAYER)(scaled)


def _network_key(member: Path) -> tuple[object, ...]:
    """Equal for members whose features are the same."""
    settings = _settings(member)
    own = member.name if has_own_network(member) else ""
    return own, settings.backbone, settings.picture_size, map_pooling(settings)


def _settings(member: Path) -> TrainingConfig:
    return TrainingConfig.from_json(JobDirectory(member).config())
