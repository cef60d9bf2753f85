"""The models that the gradient phases train, each built anew whenever it is needed.

A model is thrown away and built again after an interruption or when memory ran
out; what it had learnt comes from the checkpoint. Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from core.data.labels.task import Task
from core.models.architectures.classifier import PICTURE_LAYER, build_feature_extractor, pool_map
from core.models.architectures.networks import BACKBONE_LAYER
from core.models.architectures.surgery import Cut, cut_at, make_trainable, tail_of, trunk_of
from core.models.head import HeadWeights
from core.training.artifacts import map_pooling, write_extractor, write_head
from core.training.config import Pooling, TrainingConfig
from core.training.head_layers import TrainableHead, mean_over_quarters


class HeadNetwork:
    """A head alone, on features that were standardised."""

    def __init__(
        self, settings: TrainingConfig, num_classes: int, task: Task, features: np.ndarray, *, on_mean: bool
    ) -> None:
        """Prepare a head.

        Args:
            features: float32 (n, F) of the pictures to train on, by whose mean and deviation all are standardised.
            on_mean: the features are means of the quarters, and the head is spread over them in the end.
        """
        self._settings, self._num_classes, self._task = settings, num_classes, task
        self._mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
        deviation = features.std(axis=0, dtype=np.float64).astype(np.float32)
        self._scale = np.where(deviation > 1e-6, deviation, np.float32(1.0))
        self._on_mean = on_mean

    def standardised(self, features: np.ndarray) -> np.ndarray:
        result: np.ndarray = (features - self._mean) / self._scale
        return result

    def build(self) -> keras.Model:
        self._head = TrainableHead(self._settings.head, self._num_classes, self._task)
        inputs = keras.Input((len(self._mean),), name="standardised")
        return keras.Model(inputs, self._head(inputs))

    def write_best(self, folder: Path) -> None:
        head = self._head.weights(self._mean, self._scale)
        write_head(folder, head.spread_over_quarters() if self._on_mean else head)


class TrainedNetwork:
    """A backbone that is trained, from a cut or as a whole, with the head on it."""

    def __init__(
        self,
        settings: TrainingConfig,
        num_classes: int,
        task: Task,
        *,
        start: Callable[[], tuple[HeadWeights | None, Path | None]],
        whole: bool,
        pretrained: bool,
    ) -> None:
        """Prepare a network.

        Args:
            start: the head to begin with, None for random, and the file of the
                extractor's weights, None for those that the backbone came with.
            whole: train all blocks from pictures; else the last, from what the trunk says.
            pretrained: False begins with random weights, and trains BatchNorm's statistics, too.
        """
        self._settings, self._num_classes, self._task = settings, num_classes, task
        self._start, self._whole, self._pretrained = start, whole, pretrained
        self._backbone = settings.sized_backbone

    def build(self) -> keras.Model:
        """The model from the phase's inputs to logits, float32 (B, C)."""
        head, weights = self._start()
        self._build_extractor(weights)
        network = self._extractor.get_layer(BACKBONE_LAYER)
        cut = self._cut(network)
        tail = tail_of(network, cut)
        make_trainable(network, tail, with_batch_norm=not self._pretrained)
        self._head = TrainableHead(
            self._settings.head, self._num_classes, self._task, _squeezed(head, self._on_mean)
        )
        if cut is None:
            inputs, features = self._extractor.input, self._extractor.output
        else:
            inputs = keras.Input(cut.tensor.shape[1:], name="trunk_output")
            features = pool_map(tail(inputs), map_pooling(self._settings))
        return keras.Model(inputs, self._head(mean_over_quarters(features) if self._on_mean else features))

    def takes_pictures(self) -> bool:
        """Whether the model's inputs are pictures: there is no trunk."""
        self._build_extractor(None)
        return self._cut(self._extractor.get_layer(BACKBONE_LAYER)) is None

    def trunk(self) -> tuple[Cut, Callable[[], keras.Model]]:
        """Where the trunk ends, and a function that builds it."""
        self._build_extractor(None)
        network = self._extractor.get_layer(BACKBONE_LAYER)
        cut = self._cut(network)
        if cut is None:
            raise ValueError("the whole network is trained")
        return cut, lambda: trunk_of(self._backbone, network, cut)

    def write_best(self, folder: Path) -> None:
        """Write extractor and head with their weights as they stand."""
        write_extractor(folder, self._extractor)
        head = self._head.weights()
        write_head(folder, head.spread_over_quarters() if self._on_mean else head)

    @property
    def _on_mean(self) -> bool:
        return self._settings.head.pooling is Pooling.MEAN

    def _build_extractor(self, weights: Path | None) -> None:
        self._extractor = build_feature_extractor(
            self._backbone,
            pretrained=self._pretrained and weights is None,
            trainable=True,
            pooling=map_pooling(self._settings),
        )
        assert self._extractor.input.name == PICTURE_LAYER
        if weights is not None:
            self._extractor.load_weights(weights)

    def _cut(self, network: keras.Model) -> Cut | None:
        return None if self._whole else cut_at(network, self._settings.unfreeze)


def _squeezed(head: HeadWeights | None, on_mean: bool) -> HeadWeights | None:
    """The head for the mean that was spread over the quarters."""
    if head is None or not on_mean:
        return head
    return head.gathered_from_quarters()
