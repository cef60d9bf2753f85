"""The report of a run: read once from the test pictures, then kept on disk."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.dataset import Dataset
from core.data.labels.label_sets import joined_labels
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.errors import NotFoundError
from core.evaluation.metrics import (
    AVERAGED,
    average_precision,
    class_scores,
    confusion_matrix,
    macro_mean,
    roc_auc,
    weighted_mean,
)
from core.evaluation.multi_label import answer_certainty, best_thresholds, multi_label_report
from core.files import read_json, whole_file, write_json
from core.messages import N_
from core.statistics import wilson_interval


def make_report(
    dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray | None = None
) -> dict[str, Any]:
    """What the test pictures say.

    Args:
        rows: int64 row numbers of the test pictures.
        probabilities: float32, shape (len(rows), classes).
        thresholds: of pictures with several labels, from ``answer_thresholds``.
    """
    if thresholds is not None:
        return multi_label_report(dataset, rows, probabilities, thresholds)
    labels, predicted = dataset.label_indices[rows], probabilities.argmax(axis=1)
    names = dataset.class_names
    confusion = confusion_matrix(labels, predicted, len(names))
    scores = class_scores(confusion)
    majority = int(
        np.bincount(dataset.label_indices[dataset.rows(Split.TRAIN)], minlength=len(names)).argmax()
    )
    right = int((labels == predicted).sum())
    return {
        "task": dataset.task.value,
        "pictures": len(rows),
        "accuracy": right / len(rows),
        "accuracy_interval": wilson_interval(right, len(rows)),
        "majority_class": names[majority],
        "majority_baseline": float((labels == majority).mean()),
        "macro": {name: macro_mean(scores, name) for name in AVERAGED},
        "weighted": {name: weighted_mean(scores, name) for name in AVERAGED},
        "classes": [{"name": name, **asdict(score)} for name, score in zip(names, scores, strict=True)],
        "confusion": confusion.tolist(),
        **(_of_two_classes(names, labels, probabilities) if len(names) == 2 else {}),
    }


def answer_thresholds(dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray) -> np.ndarray | None:
    """From which probability a class is answered, float64 (classes,); None where a picture has one class.

    Args:
        rows: int64 row numbers of the validation pictures.
        probabilities: float32, shape (len(rows), classes).
    """
    if dataset.task is not Task.MULTI_LABEL:
        return None
    return best_thresholds(dataset.targets[rows], probabilities)


def _of_two_classes(names: tuple[str, ...], labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """What does not depend on where the line between two classes is drawn; nothing where one is not tested."""
    area = roc_auc(labels == 1, probabilities[:, 1])
    if area is None:
        return {}
    precisions = {name: average_precision(labels == i, probabilities[:, i]) for i, name in enumerate(names)}
    return {"roc_auc": area, "average_precision": precisions}


def prediction_table(
    dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray | None = None
) -> pd.DataFrame:
    """One row a picture: ``id``, ``split``, ``label``, ``predicted``, ``confidence``, ``probabilities``.

    Of pictures with several labels, both labels name those of the classes that are learnt, and the
    confidence is that all of the answer is right.
    """
    pictures, names = dataset.pictures.iloc[rows], dataset.class_names
    if thresholds is None:
        labels = pictures["label"].tolist()
        predicted = [names[index] for index in probabilities.argmax(axis=1)]
        confidence = probabilities.max(axis=1)
    else:
        labels = joined_labels(dataset.targets[rows] > 0.5, names)
        predicted = joined_labels(probabilities >= thresholds, names)
        confidence = answer_certainty(probabilities, thresholds)
    return pd.DataFrame(
        {
            "id": pictures["id"].to_numpy(),
            "split": pictures["split"].to_numpy(),
            "label": labels,
            "predicted": predicted,
            "confidence": confidence,
            "probabilities": list(probabilities.astype(np.float32)),
        }
    )


def write_report(run: Path, report: dict[str, Any], predictions: pd.DataFrame) -> None:
    with whole_file(run / "evaluation" / "predictions.parquet") as temporary:
        predictions.to_parquet(temporary, index=False)
    write_json(run / "evaluation" / "report.json", report)


def has_report(run: Path) -> bool:
    return (run / "evaluation" / "report.json").exists()


def read_report(run: Path) -> dict[str, Any]:
    """The run's report.

    Raises:
        NotFoundError: the run was not evaluated.
    """
    if not has_report(run):
        raise NotFoundError(
            N_("Run “{name}” has no evaluation: it has not finished. Train it to the end first."),
            name=run.name,
        )
    return dict(read_json(run / "evaluation" / "report.json"))


def chosen_thresholds(report: dict[str, Any]) -> list[float] | None:
    """From which probability each class is answered, where pictures have several labels; else None."""
    if report.get("task") != Task.MULTI_LABEL:  # older reports do not say
        return None
    return [float(row["threshold"]) for row in report["classes"]]


def read_predictions(run: Path) -> pd.DataFrame:
    """What ``prediction_table`` made for validation and test pictures."""
    read_report(run)
    return pd.read_parquet(run / "evaluation" / "predictions.parquet")


def worst_mistakes(predictions: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Wrongly classified test pictures, the most confident mistakes first."""
    test = predictions[predictions["split"] == Split.TEST.value]
    wrong = test[test["label"] != test["predicted"]]
    return wrong.sort_values("confidence", ascending=False, kind="stable").head(limit)
