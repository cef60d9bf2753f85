"""Checks and suggestions of multi-label datasets."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import relabel
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.doctor.examination import examine, pictures_to_examine
from core.doctor.features.neighbours import similar_rows
from core.doctor.features.reduction import reduced_features
from core.doctor.labelling.job import LabellingData, labels_suggested
from core.doctor.sentences import FindingKind
from core.progress import QuietProgress
from core.workspace import Project
from tests.support.pictures import two_digits_folder

QUIET = QuietProgress()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    config = ImportConfig(multi_label=True)
    return import_dataset(two_digits_folder(tmp_path / "source", 80), "Digits", config).project


def pixels(dataset: Dataset) -> np.ndarray:
    """float32 (n, 128): the ink of each picture, quarter by quarter."""
    pictures = [
        np.asarray(Image.open(io.BytesIO(dataset.picture_bytes(row)))) for row in range(len(dataset.pictures))
    ]
    ink = (255 - np.stack(pictures).astype(np.float32)) / 255
    return np.ascontiguousarray(ink.reshape(-1, 2, 4, 2, 8).transpose(0, 1, 3, 2, 4).reshape(len(ink), -1))


def test_multi_label_datasets_have_no_wrong_labels_and_no_shortcuts(project: Project) -> None:
    """A picture of 3 and 8 looks like both; that is no mistake."""
    dataset = pictures_to_examine(open_dataset(project))
    report = examine(dataset, pixels(dataset), (), QUIET)
    impossible = {FindingKind.WRONG_LABELS, FindingKind.SHORTCUTS, FindingKind.IMBALANCE}
    assert not impossible & {finding.kind for finding in report.findings}


def test_small_classes_are_counted_label_by_label(project: Project) -> None:
    """Three pictures show an elf, whatever else they show."""
    everything = open_dataset(project).all_pictures
    ids = [str(everything.loc[everything["label"] == label, "id"].iloc[0]) for label in ("3; 5", "3; 8", "–")]
    for identifier, label in zip(ids, ("3; 5; elf", "3; elf", "elf"), strict=True):
        relabel(project, [identifier], label)
    dataset = pictures_to_examine(open_dataset(project))
    report = examine(dataset, None, (), QUIET)
    (small,) = [finding for finding in report.findings if finding.kind is FindingKind.SMALL_CLASSES]
    assert small.classes[0] == "elf"
    fewest = [suspect for suspect in small.suspects if suspect.score == 1 / 3]
    assert {suspect.id for suspect in fewest} == set(ids)
    assert {suspect.label for suspect in fewest} == {"3; 5; elf", "3; elf", "elf"}  # as they are labelled
    assert len({suspect.id for suspect in small.suspects}) == len(small.suspects)


def test_label_sets_are_suggested_as_a_whole(project: Project) -> None:
    """Two pictures with the same labels are enough; what stands alone is not suggested."""
    everything = open_dataset(project).all_pictures
    relabel(project, everything["id"].iloc[:10], "")
    dataset = open_dataset(project)
    points = reduced_features(pixels(dataset.over_all_pictures()), QUIET)
    ids = dataset.all_pictures["id"].to_numpy(np.str_)
    labelling_data = LabellingData(
        ids=ids, points=points, neighbours=similar_rows(points, QUIET), groups=np.zeros((80, 2), np.int64)
    )
    suggestions = labels_suggested(labelling_data, dataset)
    counts = dataset.all_pictures["label"].value_counts()
    assert set(suggestions.class_names) == {label for label in counts[counts > 1].index if label}
    assert "3; 8" in suggestions.class_names
    assert suggestions.probabilities.loc[ids].sum(axis=1).to_numpy() == pytest.approx(np.ones(80))
