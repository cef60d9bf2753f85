"""Keras models of the phases of gradient descent.

A model is built again after an interruption or when memory ran out; its weights come
from the checkpoint. Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from core.data.labels.task import Task
from core.models.architectures.classifier import PICTURE_LAYER, build_feature_extractor, pool_map
from core.models.architectures.networks import BACKBONE_LAYER
from core.models.architectures.surgery import Cut, cut_at, frozen_stem_of, make_trainable, trainable_blocks_of
from core.models.head import HeadWeights
from core.training.artifacts import map_pooling, write_extractor, write_head
from core.training.config import Pooling, TrainingConfig
from core.training.heads.objective import standardisation
from core.training.networks.head_layers import TrainableHead, global_pooling


class HeadNetwork:
    """Head on standardised features."""

    def __init__(
        self,
        settings: TrainingConfig,
        num_classes: int,
        task: Task,
        features: np.ndarray,
        *,
        is_global: bool,
        has_deviation_floor: bool = True,
    ) -> None:
        """Prepare a head.

        Args:
            features: float32 (n, F) of the training pictures, whose mean and deviation standardise all.
            is_global: the features are globally pooled; the saved head is spread over 2 x 2 cells.
            has_deviation_floor: see ``ResumePoint``.
        """
        self._settings, self._num_classes, self._task = settings, num_classes, task
        self._mean, self._scale = standardisation(features, has_floor=has_deviation_floor)
        self._is_global = is_global

    def standardised(self, features: np.ndarray) -> np.ndarray:
        result: np.ndarray = (features - self._mean) / self._scale
        return result

    def build(self) -> keras.Model:
        self._head = TrainableHead(self._settings.head, self._num_classes, self._task)
        inputs = keras.Input((len(self._mean),), name="standardised")
        return keras.Model(inputs, self._head(inputs))

    def write_best(self, folder: Path) -> None:
        head = self._head.weights(self._mean, self._scale)
        write_head(folder, head.for_grid_features() if self._is_global else head)


class TrainedNetwork:
    """Trainable backbone, from a cut on or as a whole, with a head on it."""

    def __init__(
        self,
        settings: TrainingConfig,
        num_classes: int,
        task: Task,
        *,
        start: Callable[[], tuple[HeadWeights | None, Path | None]],
        all_blocks: bool,
        pretrained: bool,
    ) -> None:
        """Prepare a network.

        Args:
            start: returns the starting head, None for random, and the file of the
                extractor's weights, None for the pretrained ones.
            all_blocks: train all blocks on pictures; else the last ones on the stem's outputs.
            pretrained: False starts from random weights and trains BatchNorm statistics too.
        """
        self._settings, self._num_classes, self._task = settings, num_classes, task
        self._start, self.trains_all_blocks, self._pretrained = start, all_blocks, pretrained
        self._backbone = settings.sized_backbone

    def build(self) -> keras.Model:
        """Build the model from the phase's inputs to logits, float32 (B, C)."""
        head, weights = self._start()
        self._build_extractor(weights)
        network = self._extractor.get_layer(BACKBONE_LAYER)
        cut = self._cut(network)
        blocks = trainable_blocks_of(network, cut)
        make_trainable(network, blocks, with_batch_norm=not self._pretrained)
        self._head = TrainableHead(
            self._settings.head, self._num_classes, self._task, _squeezed(head, self._is_global)
        )
        if cut is None:
            inputs, features = self._extractor.input, self._extractor.output
        else:
            inputs = keras.Input(cut.tensor.shape[1:], name="stem_output")
            features = pool_map(blocks(inputs), map_pooling(self._settings))
        return keras.Model(inputs, self._head(global_pooling(features) if self._is_global else features))

    def frozen_stem(self) -> tuple[Cut, Callable[[], keras.Model]] | None:
        """Return the end of the frozen stem and a function that builds it.

        None if no stem is frozen: the model's inputs are pictures.
        """
        if self.trains_all_blocks:
            return None
        self._build_extractor(None)
        network = self._extractor.get_layer(BACKBONE_LAYER)
        cut = self._cut(network)
        return None if cut is None else (cut, lambda: frozen_stem_of(self._backbone, network, cut))

    def write_best(self, folder: Path) -> None:
        """Write extractor and head with their current weights."""
        write_extractor(folder, self._extractor)
        head = self._head.weights()
        write_head(folder, head.for_grid_features() if self._is_global else head)

    @property
    def _is_global(self) -> bool:
        return self._settings.head.pooling is Pooling.GLOBAL

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
        return None if self.trains_all_blocks else cut_at(network, self._settings.unfreeze)


def _squeezed(head: HeadWeights | None, is_global: bool) -> HeadWeights | None:
    """Return the head for globally pooled features that was spread over 2 x 2 cells."""
    if head is None or not is_global:
        return head
    return head.for_global_features()
