"""Splitting of networks into a frozen stem and trainable blocks.

A cut is a tensor through which everything flows: later layers need nothing else of the
layers before. The frozen stem's output for a picture can then be computed once and
cached. Imported by workers only.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from core.models.architectures.classifier import PICTURE_LAYER
from core.models.architectures.networks import preprocess
from core.models.backbones import Backbone

_NEAR = 0.08  # of the depth


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One tensor at which a network can be split."""

    tensor: keras.KerasTensor  # (B, height, width, channels), or of a transformer (B, tokens, width)
    layer: str  # that gives it
    depth: float  # fraction of the layers with weights that stand before it, 0 to 1

    @property
    def numbers(self) -> int:
        """Numbers that the tensor holds for a picture."""
        return int(np.prod(self.tensor.shape[1:]))


def cuts_of(network: keras.Model) -> list[Cut]:
    """Find every cut of ``network``, from its beginning to its end.

    Walks the layers in the order in which they are computed and keeps the tensors
    that are still needed; where only one is, everything flows through it.
    """
    # Operations, not layers: an addition written as ``x + 3`` is a step, too.
    steps = [step for step in network.operations if not isinstance(step, keras.layers.InputLayer)]
    # Readers of each tensor that are still to come; the output is read in the end.
    readers = Counter(id(tensor) for step in steps for tensor in _inputs(step))
    readers[id(network.output)] += 1
    total = sum(_has_weights(step) for step in steps)
    needed, with_weights, cuts = {id(network.input)}, 0, []
    for step in steps:
        for tensor in _inputs(step):
            readers[id(tensor)] -= 1
            if not readers[id(tensor)]:
                needed.discard(id(tensor))
        needed.add(id(step.output))
        with_weights += _has_weights(step)
        if len(needed) == 1 and len(step.output.shape) in (3, 4):
            cuts.append(Cut(tensor=step.output, layer=step.name, depth=with_weights / max(1, total)))
    return cuts


def cut_at(network: keras.Model, unfreeze: float) -> Cut | None:
    """Choose the cut that leaves about the last ``unfreeze`` (0 to 1) of the depth to train.

    Of the cuts near that depth, it is the one with the smallest tensor: blocks end in
    narrow tensors, and the cached output of each picture should be small. None if the
    whole network is to be trained, or cannot be cut there.
    """
    wanted = 1 - unfreeze
    near = [cut for cut in cuts_of(network) if abs(cut.depth - wanted) <= _NEAR and cut.depth < 1]
    return min(near, key=lambda cut: (cut.numbers, abs(cut.depth - wanted)), default=None)


def frozen_stem_of(backbone: Backbone, network: keras.Model, cut: Cut) -> keras.Model:
    """Build the frozen stem: pictures uint8 (B, S, S, 3) in, the cut's tensor float32 out.

    It shares its layers with ``network``.
    """
    size = network.input_shape[1]
    picture = keras.Input((size, size, 3), dtype="uint8", name=PICTURE_LAYER)
    stem = keras.Model(network.input, cut.tensor, name="stem")
    output = stem(preprocess(picture, backbone.preprocessing))
    return keras.Model(picture, output, name=f"{backbone.key}_stem")


def trainable_blocks_of(network: keras.Model, cut: Cut | None) -> keras.Model:
    """Build the blocks from the cut's tensor to the feature map; without a cut, the whole network.

    They share their layers with ``network``.
    """
    return network if cut is None else keras.Model(cut.tensor, network.output, name="trainable_blocks")


def make_trainable(network: keras.Model, blocks: keras.Model, *, with_batch_norm: bool) -> None:
    """Make the weights of these blocks trainable and no others of the network.

    Args:
        with_batch_norm: False freezes every BatchNormalization with its running mean and
            variance: small batches of few pictures would spoil statistics of a million
            (keras#20285: ``training=False`` alone does not freeze them in ``fit``).
    """
    # Sublayers inherit it; the loop then freezes the others.
    network.trainable = True
    trained = set(map(id, _flat(blocks)))
    for layer in _flat(network):
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = id(layer) in trained and (with_batch_norm or not is_norm)


def _flat(model: keras.Model) -> list[keras.Layer]:
    """The layers of a model that hold weights themselves, those of nested models included."""
    return [
        layer for layer in model._flatten_layers(include_self=False) if not isinstance(layer, keras.Model)
    ]


def _inputs(step: Any) -> list[keras.KerasTensor]:
    tensors = step.input
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]


def _has_weights(step: Any) -> bool:
    return bool(getattr(step, "weights", ()))
