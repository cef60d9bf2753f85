"""Files of a delivered run: whole and proven, or withheld."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.data.labels.task import Task
from core.delivery.files import (
    FileProof,
    Labels,
    ParityProof,
    is_delivered,
    keras_file,
    labels_file,
    parity_file,
    read_labels,
    read_proof,
    require_delivered,
    require_parity,
    tflite_file,
    write_labels,
)
from core.errors import DeliveryError, NotFoundError, SchemaVersionError
from core.files import read_json, write_json

LABELS = Labels(class_names=("café", "猫", "<b>"), input_size=96, backbone="small_cnn", run="run-1")


def test_labels_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_labels(tmp_path, LABELS)
    assert read_labels(tmp_path) == LABELS
    assert read_json(tmp_path / "labels.json")["schema_version"] == 1


def test_multi_label_labels_hold_thresholds_while_older_files_are_multi_class(tmp_path: Path) -> None:
    several = replace(LABELS, task=Task.MULTI_LABEL, thresholds=(0.5, 0.25, 0.75))
    write_labels(tmp_path, several)
    assert read_labels(tmp_path) == several
    record = read_json(tmp_path / "labels.json")
    old = {k: record[k] for k in record.keys() - {"task", "thresholds", "darkroom_version"}}
    write_json(tmp_path / "labels.json", old)
    assert read_labels(tmp_path) == LABELS


def test_labels_of_another_format_are_refused(tmp_path: Path) -> None:
    write_labels(tmp_path, LABELS)
    write_json(tmp_path / "labels.json", read_json(tmp_path / "labels.json") | {"schema_version": 2})
    with pytest.raises(
        SchemaVersionError, match=r"labels.json was written by Darkroom .* in format 2.*reads formats up to 1"
    ):
        read_labels(tmp_path)


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


def test_differences_by_rounding_are_accepted() -> None:
    require_parity(0.0, 0.001, ".tflite")
    require_parity(0.001, 0.001, ".tflite")


@pytest.mark.parametrize("difference", [0.0011, 1.0, float("inf"), float("nan")])
def test_a_larger_difference_withholds_the_file(difference: float) -> None:
    """NaN compares as neither more nor less, and must not slip through."""
    with pytest.raises(
        DeliveryError, match=r"The \.keras file answers differently .* more than 0\.001.*withheld"
    ):
        require_parity(difference, 0.001, ".keras")


def test_a_proof_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """It holds the formats at its top level."""
    old = {
        "tflite": {"pictures": 64, "max_difference": 1e-6},
        "keras": {"pictures": 16, "max_difference": 2e-6},
    }
    write_json(parity_file(tmp_path), old)
    proof = read_proof(tmp_path)
    assert proof == ParityProof(
        files={
            "tflite": FileProof(pictures=64, max_difference=1e-6),
            "keras": FileProof(pictures=16, max_difference=2e-6),
        }
    )
    assert (proof.pictures, proof.max_difference) == (64, 2e-6)
