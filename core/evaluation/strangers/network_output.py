"""Second output of a delivered network: the stranger score, computed from the same features.

Imported by workers only. The first output stays the probabilities.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from core.evaluation.strangers.detector import RELATIVE_SHARE, StrangerDetector
from core.models.architectures.classifier import FEATURES_LAYER, PROBABILITIES_LAYER
from core.models.head import GRID_CELLS

SCORE_LAYER = "stranger_score"
_SMALLEST = float(np.finfo(np.float32).tiny)


def with_stranger_score(classifier: keras.Model, detector: StrangerDetector) -> keras.Model:
    """Build the classifier with two outputs: probabilities (B, classes), and scores (B, 1).

    Layers are shared with ``classifier``.
    """
    features = classifier.get_layer(FEATURES_LAYER).output
    score = stranger_score(features, classifier.output, detector, is_softmax=_is_softmax(classifier))
    named = layers.Identity(dtype="float32", name=SCORE_LAYER)(score)
    return keras.Model(classifier.input, [classifier.output, named], name=f"{classifier.name}_with_score")


def stranger_score(
    features: keras.KerasTensor,
    probabilities: keras.KerasTensor,
    detector: StrangerDetector,
    *,
    is_softmax: bool,
    prefix: str = "",
) -> keras.KerasTensor:
    """Compute the score of ``StrangerDetector``, float32 (B, 1), by its formulas.

    Args:
        prefix: of the names of its layers.
    """
    distance = _distance(features, detector, prefix)
    doubt = _doubt(probabilities, is_softmax=is_softmax)
    return distance / detector.distance_scale + doubt / detector.doubt_scale


def _is_softmax(classifier: keras.Model) -> bool:
    activation = classifier.get_layer(PROBABILITIES_LAYER).activation
    return bool(activation is keras.activations.softmax)


def _distance(features: keras.KerasTensor, detector: StrangerDetector, prefix: str) -> keras.KerasTensor:
    if detector.is_grid:
        cells = layers.Reshape((GRID_CELLS, features.shape[-1] // GRID_CELLS), dtype="float32")(features)
        features = layers.GlobalAveragePooling1D(dtype="float32", name=f"{prefix}mean_features")(cells)
    unit = layers.UnitNormalization(dtype="float32", name=f"{prefix}unit_features")(features)
    points = _fixed_dense(unit, detector.projection, detector.offset, f"{prefix}class_coordinates")
    squares = ops.square(points)
    prototypes = detector.prototypes
    nearest = ops.min(
        _fixed_dense(points, -2 * prototypes.T, np.square(prototypes).sum(axis=1), f"{prefix}prototypes"),
        axis=-1,
        keepdims=True,
    )
    weights = (1 - RELATIVE_SHARE / detector.variances)[:, None]
    return nearest + _fixed_dense(squares, weights, np.zeros(1, np.float32), f"{prefix}spread")


def _doubt(probabilities: keras.KerasTensor, *, is_softmax: bool) -> keras.KerasTensor:
    surest = probabilities if is_softmax else ops.maximum(probabilities, 1 - probabilities)
    logarithms = ops.log(ops.maximum(surest, _SMALLEST))
    reduced = ops.max if is_softmax else ops.sum
    return -reduced(logarithms, axis=-1, keepdims=True)


def _fixed_dense(x: keras.KerasTensor, kernel: np.ndarray, bias: np.ndarray, name: str) -> keras.KerasTensor:
    layer = layers.Dense(len(bias), dtype="float32", trainable=False, name=name)
    y = layer(x)
    layer.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
    return y
