"""The report of a run: read once from the test pictures, then kept on disk."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.dataset import Dataset
from core.data.layout import Split
from core.errors import NotFoundError
from core.evaluation.metrics import class_scores, confusion_matrix, macro_mean, weighted_mean
from core.files import read_json, whole_file, write_json
from core.messages import N_
from core.statistics import wilson_interval

AVERAGED = ("precision", "recall", "f1")


def make_report(dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """What the test pictures say.

    Args:
        rows: int64 row numbers of the test pictures.
        probabilities: float32, shape (len(rows), classes).
    """
    labels, predicted = dataset.label_indices[rows], probabilities.argmax(axis=1)
    names = dataset.class_names
    confusion = confusion_matrix(labels, predicted, len(names))
    scores = class_scores(confusion)
    majority = int(
        np.bincount(dataset.label_indices[dataset.rows(Split.TRAIN)], minlength=len(names)).argmax()
    )
    right = int((labels == predicted).sum())
    return {
        "pictures": len(rows),
        "accuracy": right / len(rows),
        "accuracy_interval": wilson_interval(right, len(rows)),
        "majority_class": names[majority],
        "majority_baseline": float((labels == majority).mean()),
        "macro": {name: macro_mean(scores, name) for name in AVERAGED},
        "weighted": {name: weighted_mean(scores, name) for name in AVERAGED},
        "classes": [{"name": name, **asdict(score)} for name, score in zip(names, scores, strict=True)],
        "confusion": confusion.tolist(),
    }


def prediction_table(dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """One row a picture: ``id``, ``split``, ``label``, ``predicted``, ``confidence``, ``probabilities``."""
    pictures = dataset.pictures.iloc[rows]
    predicted = probabilities.argmax(axis=1)
    return pd.DataFrame(
        {
            "id": pictures["id"].to_numpy(),
            "split": pictures["split"].to_numpy(),
            "label": pictures["label"].to_numpy(),
            "predicted": [dataset.class_names[index] for index in predicted],
            "confidence": probabilities.max(axis=1),
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


def read_predictions(run: Path) -> pd.DataFrame:
    """What ``prediction_table`` made for validation and test pictures."""
    read_report(run)
    return pd.read_parquet(run / "evaluation" / "predictions.parquet")


def worst_mistakes(predictions: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Wrongly classified test pictures, the most confident mistakes first."""
    test = predictions[predictions["split"] == Split.TEST.value]
    wrong = test[test["label"] != test["predicted"]]
    return wrong.sort_values("confidence", ascending=False, kind="stable").head(limit)
