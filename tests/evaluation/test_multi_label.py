"""Multi-label assessment, against numbers computed by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.dataset import Dataset
from core.data.labels.task import Task
from core.evaluation.assessment import answer_thresholds
from core.evaluation.multi_label import best_thresholds, multi_label_report
from core.evaluation.predictions import prediction_table, worst_mistakes
from core.evaluation.report import chosen_thresholds, read_report
from core.files import write_json
from core.statistics import wilson_interval

NAMES = ("cat", "dog", "fox")
TRAINED_ON = ["dog", "dog", "cat; fox"]
TESTED_ON = ["cat; dog", "dog", "–", "cat; fox; rare"]  # “rare” is too small a class to be learnt
PROBABILITIES = np.array([(0.9, 0.6, 0.2), (0.4, 0.7, 0.1), (0.3, 0.6, 0.3), (0.6, 0.2, 0.4)], np.float32)
# Answers: cat and dog; dog; dog, which is wrong; cat and fox.
THRESHOLDS = np.array([0.5, 0.55, 0.35])
TEST_ROWS = np.arange(3, 7)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    labels = [*TRAINED_ON, *TESTED_ON]
    table = pd.DataFrame({"id": [f"p{i}" for i in range(7)], "label": labels})
    table["group"] = table["id"]
    table["split"] = ["train"] * 3 + ["test"] * 4
    return Dataset(
        folder=tmp_path,
        version=1,
        class_names=NAMES,
        all_class_names=(*NAMES, "rare"),
        left_out_classes={},
        skipped=(),
        pictures=table,
        all_pictures=table,
        task=Task.MULTI_LABEL,
    )


def test_scores_equal_those_computed_by_hand(dataset: Dataset) -> None:
    report = multi_label_report(dataset, TEST_ROWS, PROBABILITIES, THRESHOLDS)
    assert json.loads(json.dumps(report.to_json()))["task"] == "multi_label"
    assert (report.pictures, report.accuracy) == (4, 3 / 4)
    assert report.accuracy_interval == wilson_interval(3, 4)
    assert report.hamming_accuracy == pytest.approx(11 / 12)
    # F1 of cat 1, dog 2 * 2 / (3 + 2), fox 1
    assert report.macro.to_json() == pytest.approx(
        {"precision": (1 + 2 / 3 + 1) / 3, "recall": 1, "f1": 2.8 / 3}
    )
    # 6 labels given, 5 of them rightly; 5 there are
    assert report.micro.to_json() == pytest.approx({"precision": 5 / 6, "recall": 1, "f1": 10 / 11})
    assert report.mean_average_precision == pytest.approx((1 + 5 / 6 + 1) / 3)
    assert report.mean_prevalence == pytest.approx(5 / 12)


def test_the_baseline_is_the_most_frequent_label_of_training(dataset: Dataset) -> None:
    """“dog” and nothing else is the most frequent label in training; of the test pictures, one is so."""
    report = multi_label_report(dataset, TEST_ROWS, PROBABILITIES, THRESHOLDS)
    assert (report.majority_class, report.majority_baseline) == ("dog", 1 / 4)
    assert report.hamming_baseline == pytest.approx((2 + 3 + 2 + 0) / 12)


def test_scores_at_a_half_stand_beside_those_of_the_chosen_thresholds(dataset: Dataset) -> None:
    """At 0.5 the fox is missed."""
    half = multi_label_report(dataset, TEST_ROWS, PROBABILITIES, THRESHOLDS).at_half
    assert half.accuracy == 2 / 4
    assert half.hamming_accuracy == pytest.approx(10 / 12)
    assert half.macro.f1 == pytest.approx((1 + 0.8 + 0) / 3)
    assert half.micro.recall == pytest.approx(4 / 5)


def test_each_class_has_scores_of_its_own(dataset: Dataset) -> None:
    cat, dog, fox = multi_label_report(dataset, TEST_ROWS, PROBABILITIES, THRESHOLDS).classes
    assert dog.confusion == ((1, 1), (0, 2))  # not shown: one no, one yes; shown: two yes
    assert cat.confusion == ((2, 0), (0, 2))
    # the surest is a dog; of the next two, which are equally sure, one is
    assert dog.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert (dog.precision, dog.recall, dog.support) == pytest.approx((2 / 3, 1, 2))
    assert (fox.threshold, fox.f1, fox.f1_at_half) == (0.35, 1, 0)
    assert cat.prevalence == 0.5


def test_a_class_that_no_test_picture_shows_has_no_average_precision(dataset: Dataset) -> None:
    """A NaN could neither be drawn nor written as JSON."""
    rows = np.array([4, 5])
    report = multi_label_report(dataset, rows, PROBABILITIES[1:3], THRESHOLDS)
    assert [row.average_precision for row in report.classes] == [None, pytest.approx(1), None]
    nothing = multi_label_report(dataset, np.array([5]), PROBABILITIES[2:3], THRESHOLDS)
    assert (nothing.mean_average_precision, nothing.macro.f1, nothing.accuracy) == (None, 0, 0)


def test_the_best_threshold_lies_between_two_pictures() -> None:
    """With 0.325, five of the six called so are: F1 10/11. With 0.5, it is 6/9."""
    shown, others = [0.9, 0.8, 0.7, 0.4, 0.35], [0.6, 0.3, 0.2, 0.1, 0.05]
    targets = np.array([[1]] * 5 + [[0]] * 5)
    probabilities = np.array([*shown, *others])[:, None]
    assert best_thresholds(targets, probabilities) == pytest.approx([0.325])


def test_of_thresholds_as_good_the_one_nearest_to_a_half_is_taken() -> None:
    """Everything between 0.2 and 0.9 tells them apart."""
    targets = np.array([[1]] * 5 + [[0]] * 5)
    probabilities = np.array([0.9] * 5 + [0.2] * 5)[:, None]
    assert best_thresholds(targets, probabilities) == pytest.approx([0.55])


def test_a_class_with_few_validation_pictures_keeps_a_half() -> None:
    """A threshold chosen on four pictures suits new ones by chance."""
    probabilities = np.array([0.3] * 4 + [0.1] * 20)[:, None]
    assert best_thresholds(np.array([[1]] * 4 + [[0]] * 20), probabilities) == [0.5]
    assert best_thresholds(np.array([[1]] * 22 + [[0]] * 2), probabilities) == [0.5]


def test_thresholds_are_chosen_only_where_there_are_several_labels(dataset: Dataset) -> None:
    chosen = answer_thresholds(dataset, np.arange(3), np.zeros((3, 3), np.float32))
    assert chosen is not None
    assert chosen.tolist() == [0.5] * 3
    assert chosen_thresholds(multi_label_report(dataset, TEST_ROWS, PROBABILITIES, THRESHOLDS)) == [
        0.5,
        0.55,
        0.35,
    ]


def test_predictions_name_all_labels_and_the_certainty_of_the_whole_answer(dataset: Dataset) -> None:
    """Only classes that are learnt are compared: “rare” is no mistake."""
    table = prediction_table(dataset, TEST_ROWS, PROBABILITIES, THRESHOLDS)
    assert table["label"].tolist() == ["cat; dog", "dog", "–", "cat; fox"]
    assert table["predicted"].tolist() == ["cat; dog", "dog", "dog", "cat; fox"]
    assert table["confidence"].tolist() == pytest.approx(
        [0.9 * 0.6 * 0.8, 0.6 * 0.7 * 0.9, 0.7 * 0.6 * 0.7, 0.6 * 0.8 * 0.4]
    )
    assert worst_mistakes(table, 10)["id"].tolist() == ["p5"]


# Metrics that follow from a report without ``metrics``; later ones do not.
OLD_METRICS = (
    "accuracy",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "hamming_accuracy",
    "micro_f1",
    "mean_average_precision",
)


def test_a_multi_label_report_of_an_earlier_version_is_read(dataset: Dataset, tmp_path: Path) -> None:
    report = multi_label_report(dataset, TEST_ROWS, PROBABILITIES, THRESHOLDS)
    old = {name: value for name, value in report.to_json().items() if name not in {"correct", "metrics"}}
    write_json(tmp_path / "evaluation" / "report.json", old)
    known = {code: report.metrics[code] for code in OLD_METRICS}
    assert read_report(tmp_path).to_json() == replace(report, metrics=known).to_json()
