"""Doubts about answers: the ones that a person should look at."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from core.delivery.decisions import Decisions
from core.delivery.files import Labels


class Doubt(StrEnum):
    """Code of the reason for which a person should look at an answer."""

    UNSURE = "unsure"
    STRANGE = "strange"


def doubts_of(labels: Labels, answers: Decisions) -> list[Doubt | None]:
    """Doubt about each answer. A strange picture is not called unsure as well.

    Unsure is an answer below the least confidence that the user chose; where none was chosen, one
    whose prediction set holds other classes than the answer.
    """
    unsure = answers.is_unsure
    if labels.least_confidence is None and answers.in_set is not None:
        unsure = (answers.in_set != answers.predicted).any(axis=1)
    return [
        Doubt.STRANGE if strange else Doubt.UNSURE if unknown else None
        for strange, unknown in zip(answers.is_stranger, unsure, strict=True)
    ]


def gradient_of(answers: Decisions, row: int) -> np.ndarray:
    """Gradient of the loss by the logits if an answer were right: float32 (classes,).

    It is the longer, the less sure the answer (Ash et al. 2020).
    """
    difference: np.ndarray = answers.probabilities[row] - answers.predicted[row].astype(np.float32)
    return difference
