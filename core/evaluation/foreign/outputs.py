"""Outputs of a foreign model: their meaning, and probabilities of the project's classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.data.labels.task import Task
from core.evaluation.foreign.facts import Activation, TensorFacts
from core.messages import N_

# Class that stands for all classes of a model that a project does not know.
OTHER_CLASS = N_("another answer")
# Rounding of quantised outputs: 256 numbers from 0 to 1.
_SLACK = 1 / 128
_SUM_SLACK = 0.05


def numbers(raw: np.ndarray, facts: TensorFacts, activation: Activation | None = None) -> np.ndarray:
    """Read an output as numbers: float32 (B, classes); a single one becomes two, “no” and “yes”.

    Args:
        activation: of the outputs; None: it is not known yet.
    """
    values = raw.reshape(len(raw), -1).astype(np.float32)
    if facts.scale:
        values = (values - facts.zero_point) * np.float32(facts.scale)
    if values.shape[1] > 1:
        return values
    # One output is a sigmoid or its logit; two logits (0, x) have the same probabilities.
    is_in_range = values.min() >= -_SLACK and values.max() <= 1 + _SLACK
    is_probability = is_in_range if activation is None else activation is not Activation.LOGITS
    return np.concatenate([1 - values if is_probability else np.zeros_like(values), values], axis=1)


def activation_of(values: np.ndarray) -> Activation:
    """Find the meaning of outputs from their values: float32 (n, classes)."""
    if values.min() < -_SLACK or values.max() > 1 + _SLACK:
        return Activation.LOGITS
    if np.abs(values.sum(axis=1) - 1).max() <= _SUM_SLACK:
        return Activation.SOFTMAX
    return Activation.SIGMOID


def probabilities(values: np.ndarray, activation: Activation, task: Task) -> np.ndarray:
    """Turn outputs into probabilities: float32 (n, classes); they add up to 1 where each picture has one class."""
    if activation is Activation.LOGITS:
        if task is Task.MULTI_LABEL:
            # Stable for logits of any size.
            return (0.5 * (1 + np.tanh(values / 2))).astype(np.float32)
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    clipped = np.clip(values, 0, 1)
    if task is Task.MULTI_LABEL:
        return clipped
    return clipped / np.maximum(clipped.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)


def of_project(
    values: np.ndarray, names: Sequence[str], mapping: Mapping[str, str], classes: Sequence[str], task: Task
) -> np.ndarray:
    """Add up the probabilities of the foreign classes of each class of the project.

    Classes that the model does not know have probability 0. The probability of foreign classes
    that the project does not know goes to a last column, “another answer”, which counts as wrong;
    with several labels a picture such classes say nothing and are left out.

    Args:
        values: float32 (n, foreign classes).
        mapping: foreign class to class of the project.
    Returns:
        float32 (n, classes), or with the last column (n, classes + 1).
    """
    columns = {name: index for index, name in enumerate(classes)}
    other = len(classes)
    targets = np.array([columns[mapping[name]] if name in mapping else other for name in names])
    result = np.zeros((len(values), other + 1), np.float32)
    for target in np.unique(targets):
        chosen = values[:, targets == target]
        # Independent labels do not add up: the most certain one counts.
        result[:, target] = chosen.max(axis=1) if task is Task.MULTI_LABEL else chosen.sum(axis=1)
    has_other = task is Task.MULTI_CLASS and other in targets
    return result if has_other else result[:, :other]
