"""What a run hands over is there whole and proven, or is not handed over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.delivery.files import (
    Labels,
    is_delivered,
    keras_file,
    labels_file,
    parity_file,
    require_delivered,
    require_parity,
    tflite_file,
)
from core.errors import DeliveryError, NotFoundError, SchemaVersionError
from core.files import read_json, write_json

LABELS = Labels(class_names=["café", "猫", "<b>"], input_size=96, backbone="small_cnn", run="run-1")


def test_labels_survive_the_way_through_their_file(tmp_path: Path) -> None:
    LABELS.write(tmp_path / "labels.json")
    assert Labels.read(tmp_path / "labels.json") == LABELS
    assert read_json(tmp_path / "labels.json")["schema_version"] == 1


def test_labels_of_several_bring_their_thresholds_and_older_files_have_one_each(tmp_path: Path) -> None:
    several = replace(LABELS, task="multi_label", thresholds=[0.5, 0.25, 0.75])
    several.write(tmp_path / "labels.json")
    assert Labels.read(tmp_path / "labels.json") == several
    record = read_json(tmp_path / "labels.json")
    write_json(tmp_path / "old.json", {k: record[k] for k in record.keys() - {"task", "thresholds"}})
    assert Labels.read(tmp_path / "old.json") == LABELS


def test_labels_of_another_format_are_refused(tmp_path: Path) -> None:
    LABELS.write(tmp_path / "labels.json")
    write_json(tmp_path / "labels.json", read_json(tmp_path / "labels.json") | {"schema_version": 2})
    with pytest.raises(SchemaVersionError, match=r"labels.json was written in format 2.*reads format 1"):
        Labels.read(tmp_path / "labels.json")


def test_only_the_proof_makes_a_run_delivered(tmp_path: Path) -> None:
    """The proof is written last: files without it may be half of two attempts."""
    for file in (keras_file, tflite_file, labels_file):
        file(tmp_path).touch()
    assert not is_delivered(tmp_path)
    with pytest.raises(NotFoundError, match="has no finished classifier"):
        require_delivered(tmp_path)
    parity_file(tmp_path).touch()
    assert is_delivered(tmp_path)
    require_delivered(tmp_path)


def test_a_run_without_a_classifier_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"Run “run-7” has no finished classifier\. Train it to the end"):
        require_delivered(tmp_path / "run-7")


def test_rounding_is_no_difference() -> None:
    require_parity(0.0, 0.001, ".tflite")
    require_parity(0.001, 0.001, ".tflite")


@pytest.mark.parametrize("difference", [0.0011, 1.0, float("inf"), float("nan")])
def test_more_than_rounding_withholds_the_file(difference: float) -> None:
    """NaN compares as neither more nor less, and must not slip through."""
    with pytest.raises(
        DeliveryError, match=r"The \.keras file answers differently .* more than 0\.001.*withheld"
    ):
        require_parity(difference, 0.001, ".keras")
