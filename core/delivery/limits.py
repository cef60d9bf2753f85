"""Use of chosen limits in everything that a run delivers: ``labels.json`` and what is packed from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.delivery.export import use_new_labels
from core.delivery.files import changing_labels, labels_file, read_labels, write_labels
from core.evaluation.strangers.chosen import AnswerLimits, write_chosen_limits


def use_limits(run: Path, limits: AnswerLimits) -> None:
    """Answer by these limits in prediction and exports from now on."""
    with changing_labels(run):
        write_chosen_limits(run, limits)
        # A run that is not delivered yet reads the choice when it is.
        if labels_file(run).exists():
            labels = replace(
                read_labels(run),
                stranger_limit=limits.stranger_limit,
                least_confidence=limits.least_confidence,
            )
            write_labels(run, labels)
            use_new_labels(run)
