"""Evaluation report: computed from the test pictures alone, and written last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.dataset import Dataset
from core.errors import DamagedFileError, NotFoundError
from core.evaluation.assessment import multi_class_report
from core.evaluation.predictions import prediction_table, worst_mistakes
from core.evaluation.report import (
    ClassReport,
    MultiClassReport,
    has_report,
    read_predictions,
    read_report,
    write_report,
)
from core.files import write_json
from core.records import JsonObject
from core.statistics import wilson_interval

NAMES = ("cat", "dog", "fox")
# (id, label, split, probabilities): dogs lead in training, cats in the test.
PICTURES = [
    ("train-1", "dog", "train", None),
    ("train-2", "dog", "train", None),
    ("train-3", "dog", "train", None),
    ("train-4", "cat", "train", None),
    ("train-5", "fox", "train", None),
    ("val-wrong", "cat", "validation", (0.01, 0.99, 0.0)),
    ("val-right", "dog", "validation", (0.1, 0.9, 0.0)),
    ("test-1", "cat", "test", (0.7, 0.2, 0.1)),
    ("test-2", "cat", "test", (0.6, 0.3, 0.1)),
    ("test-3", "cat", "test", (0.4, 0.5, 0.1)),  # called dog, 0.5
    ("test-4", "dog", "test", (0.1, 0.8, 0.1)),
    ("test-5", "dog", "test", (0.9, 0.05, 0.05)),  # called cat, 0.9
    ("test-6", "fox", "test", (0.2, 0.7, 0.1)),  # called dog, 0.7
    ("test-7", "cat", "test", (0.3, 0.0, 0.7)),  # called fox, 0.7
    ("test-8", "cat", "test", (0.8, 0.1, 0.1)),
]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    table = pd.DataFrame([row[:3] for row in PICTURES], columns=["id", "label", "split"])
    table["group"] = table["id"]
    return Dataset(
        folder=tmp_path,
        version=1,
        class_names=NAMES,
        all_class_names=NAMES,
        left_out_classes={},
        skipped=(),
        pictures=table,
        all_pictures=table,
    )


def rows_of(split: str) -> np.ndarray:
    return np.array([row for row, picture in enumerate(PICTURES) if picture[2] == split])


def probabilities_of(rows: np.ndarray) -> np.ndarray:
    return np.array([PICTURES[row][3] for row in rows], np.float32)


@pytest.fixture
def predictions(dataset: Dataset) -> pd.DataFrame:
    rows = np.concatenate([rows_of("validation"), rows_of("test")])
    return prediction_table(dataset, rows, probabilities_of(rows))


def scores_of(row: ClassReport) -> JsonObject:
    return {name: value for name, value in row.to_json().items() if not name.endswith("_interval")}


def test_scores_equal_those_computed_by_hand(dataset: Dataset) -> None:
    rows = rows_of("test")
    report = multi_class_report(dataset, rows, probabilities_of(rows))
    assert (report.pictures, report.correct, report.mistakes) == (8, 4, 4)
    assert report.accuracy == 4 / 8
    assert report.accuracy_interval == wilson_interval(4, 8)
    assert report.confusion == ((3, 1, 1), (1, 1, 0), (0, 1, 0))
    cat, dog, fox = report.classes
    # cats: 5, of which 3 found; called cat: 4
    assert scores_of(cat) == {
        "name": "cat",
        "precision": 3 / 4,
        "recall": 3 / 5,
        "f1": pytest.approx(2 / 3),
        "support": 5,
    }
    # dogs: 2, of which 1 found; called dog: 3
    assert scores_of(dog) == {
        "name": "dog",
        "precision": pytest.approx(1 / 3),
        "recall": 0.5,
        "f1": 0.4,
        "support": 2,
    }
    assert scores_of(fox) == {"name": "fox", "precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert report.macro.f1 == pytest.approx((2 / 3 + 0.4 + 0) / 3)
    assert report.weighted.f1 == pytest.approx((5 * 2 / 3 + 2 * 0.4 + 0) / 8)
    assert report.macro.precision == pytest.approx((3 / 4 + 1 / 3) / 3)
    assert report.weighted.recall == pytest.approx(report.accuracy)


def test_the_baseline_is_the_training_majority_measured_on_the_test(dataset: Dataset) -> None:
    """Always answering "dog" gets 2 of 8 right; answering "cat" would need the test labels."""
    rows = rows_of("test")
    report = multi_class_report(dataset, rows, probabilities_of(rows))
    assert report.majority_class == "dog"
    assert report.majority_baseline == 2 / 8


def test_a_class_without_test_pictures_is_listed_with_no_support(dataset: Dataset) -> None:
    rows = rows_of("test")[:5]  # no fox
    report = multi_class_report(dataset, rows, probabilities_of(rows))
    assert scores_of(report.classes[2]) == {
        "name": "fox",
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "support": 0,
    }
    cat, dog = report.classes[:2]
    assert report.macro.recall == pytest.approx((cat.recall + dog.recall) / 2)


def test_the_table_has_a_row_a_picture(predictions: pd.DataFrame) -> None:
    assert list(predictions.columns) == ["id", "split", "label", "predicted", "confidence", "probabilities"]
    assert predictions["id"].tolist() == [picture[0] for picture in PICTURES[5:]]
    row = predictions[predictions["id"] == "test-3"].iloc[0]
    assert (row["split"], row["label"], row["predicted"]) == ("test", "cat", "dog")
    assert row["confidence"] == pytest.approx(0.5)
    np.testing.assert_array_equal(row["probabilities"], np.array([0.4, 0.5, 0.1], np.float32))


def test_the_worst_mistakes_are_the_surest_wrong_test_pictures(predictions: pd.DataFrame) -> None:
    """The validation picture that is wrong with 0.99 took part in choosing the classifier."""
    assert worst_mistakes(predictions, 10)["id"].tolist() == ["test-5", "test-6", "test-7", "test-3"]
    assert worst_mistakes(predictions, 2)["id"].tolist() == ["test-5", "test-6"]


def test_without_mistakes_there_are_none_to_show(predictions: pd.DataFrame) -> None:
    right = predictions[predictions["label"] == predictions["predicted"]]
    assert len(right) == 5
    assert worst_mistakes(right, 10).empty


def test_a_report_comes_back_from_disk_as_it_was(
    dataset: Dataset, predictions: pd.DataFrame, tmp_path: Path
) -> None:
    rows = rows_of("test")
    report = multi_class_report(dataset, rows, probabilities_of(rows))
    write_report(tmp_path / "run-1", report, predictions)
    assert read_report(tmp_path / "run-1") == report
    again = read_predictions(tmp_path / "run-1")
    pd.testing.assert_frame_equal(again, predictions)
    assert again["probabilities"].iloc[0].dtype == np.float32


def test_a_run_without_evaluation_says_so(tmp_path: Path) -> None:
    assert not has_report(tmp_path / "run-1")
    for read in (read_report, read_predictions):
        with pytest.raises(NotFoundError, match="Run “run-1” has no evaluation"):
            read(tmp_path / "run-1")


def test_the_report_is_the_last_thing_written(
    dataset: Dataset, predictions: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two files, a run must count as not evaluated."""

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    rows = rows_of("test")
    report = multi_class_report(dataset, rows, probabilities_of(rows))
    monkeypatch.setattr("core.evaluation.report.write_record", die)
    with pytest.raises(Killed):
        write_report(tmp_path / "run-1", report, predictions)
    assert not has_report(tmp_path / "run-1")


def test_two_classes_also_have_scores_without_a_threshold(tmp_path: Path) -> None:
    """ROC and precision-recall curves depend only on the order of the probabilities."""
    table = pd.DataFrame(
        {
            "id": list("abcd"),
            "label": ["cat", "dog", "cat", "dog"],
            "split": ["train", "test", "test", "test"],
            "group": list("abcd"),
        }
    )
    dataset = Dataset(
        folder=tmp_path,
        version=1,
        class_names=("cat", "dog"),
        all_class_names=("cat", "dog"),
        left_out_classes={},
        skipped=(),
        pictures=table,
        all_pictures=table,
    )
    rows = np.array([1, 2, 3])
    dogs = np.array([0.4, 0.3, 0.2], np.float32)  # dog, cat, dog
    report = multi_class_report(dataset, rows, np.stack([1 - dogs, dogs], axis=1))
    assert report.roc_auc == 1 / 2
    assert report.average_precision == pytest.approx({"cat": 1 / 2, "dog": (1 + 2 / 3) / 2})
    cats_alone = multi_class_report(dataset, rows[1:2], np.array([[0.9, 0.1]], np.float32))
    assert cats_alone.roc_auc is None
    assert "roc_auc" not in cats_alone.metrics


OLD_REPORT = {
    "task": "multi_class",
    "pictures": 7,
    "accuracy": 2 / 7,
    "accuracy_interval": [0.08, 0.64],
    "majority_class": "cat",
    "majority_baseline": 0.5,
    "macro": {"precision": 0.25, "recall": 0.3, "f1": 0.2},
    "weighted": {"precision": 0.3, "recall": 2 / 7, "f1": 0.28},
    "classes": [{"name": "cat", "precision": 0.5, "recall": 0.6, "f1": 0.4, "support": 7}],
    "confusion": [[2, 5], [0, 0]],
    "roc_auc": 0.75,
    "average_precision": {"cat": 0.5, "dog": 1.0},
}


def test_a_report_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """It holds neither the count of right answers nor metrics by code: both follow from the rest."""
    write_json(tmp_path / "evaluation" / "report.json", OLD_REPORT)
    report = read_report(tmp_path)
    assert isinstance(report, MultiClassReport)
    assert (report.correct, report.mistakes, report.accuracy_interval) == (2, 5, (0.08, 0.64))
    assert (report.classes[0].recall, report.confusion, report.roc_auc) == (0.6, ((2, 5), (0, 0)), 0.75)
    assert report.metrics == {
        "accuracy": 2 / 7,
        "macro_precision": 0.25,
        "macro_recall": 0.3,
        "macro_f1": 0.2,
        "weighted_f1": 0.28,
        "roc_auc": 0.75,
    }


def test_a_report_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "evaluation" / "report.json", OLD_REPORT | {"lift": 2.0})
    with pytest.raises(DamagedFileError, match="lift"):
        read_report(tmp_path)


@pytest.mark.parametrize(("correct", "pictures"), [(0, 3), (1, 3), (66_667, 99_999), (2_999_998, 2_999_999)])
def test_the_count_of_mistakes_survives_the_accuracy_of_an_old_report(correct: int, pictures: int) -> None:
    values = OLD_REPORT | {"pictures": pictures, "accuracy": correct / pictures}
    assert MultiClassReport.from_json(values).mistakes == pictures - correct
