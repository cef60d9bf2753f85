"""Use of chosen thresholds in everything that a run delivers: ``labels.json`` and what is packed from it."""

from __future__ import annotations

from dataclasses import replace

from core.delivery.export import use_new_labels
from core.delivery.files import changing_labels, labels_file, labels_thresholds, read_labels, write_labels
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.thresholds.answers import Thresholds, default_thresholds, write_chosen_thresholds


def use_thresholds(evaluated: EvaluatedRun, thresholds: Thresholds) -> None:
    """Answer by these thresholds in prediction and exports from now on.

    Args:
        thresholds: of each class, the default ones included.
    """
    run, default = evaluated.run, default_thresholds(evaluated.report, len(thresholds))
    with changing_labels(run):
        write_chosen_thresholds(run, thresholds, default)
        # A run that is not delivered yet reads the choice when it is.
        if labels_file(run).exists():
            write_labels(run, replace(read_labels(run), thresholds=labels_thresholds(thresholds)))
            use_new_labels(run)


def use_default_thresholds(evaluated: EvaluatedRun) -> None:
    """Answer as the run did before thresholds were chosen."""
    use_thresholds(evaluated, default_thresholds(evaluated.report, len(evaluated.dataset.class_names)))
