"""Unlabelled pictures are grouped, and labelled ones suggest the classes of others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import exclude, relabel
from core.data.editing.versions import erase
from core.doctor.labelling.job import (
    LabellingData,
    labels_suggested,
    most_useful_group,
    open_groups,
    prepare_labelling,
    read_labelling_data,
)
from core.progress import QuietProgress
from core.workspace import Project


@pytest.fixture
def unsorted(digits_project: Project) -> tuple[Project, dict[str, str]]:
    """Sixty digits of which three of each class have a label, and what the others are."""
    pictures = open_dataset(digits_project).all_pictures
    truth = dict(zip(pictures["id"], pictures["label"], strict=True))
    known = set(pictures.groupby("label").head(3)["id"])
    relabel(digits_project, set(truth) - known, "")
    return digits_project, truth


def prepared(project: Project) -> tuple[LabellingData, Dataset]:
    dataset = open_dataset(project)
    result = prepare_labelling(project.jobs / "group-1", {"version": dataset.version}, QuietProgress())
    assert result["with_features"]
    labelling_data = read_labelling_data(dataset.folder)
    assert labelling_data is not None
    return labelling_data, dataset


def test_every_unlabelled_picture_is_in_one_group(unsorted: tuple[Project, dict[str, str]]) -> None:
    project, truth = unsorted
    labelling_data, dataset = prepared(project)
    groups = open_groups(labelling_data, dataset)
    members = [identifier for group in groups for identifier in group.ids]
    waiting = dataset.all_pictures["id"][dataset.all_pictures["label"] == ""]
    assert sorted(members) == sorted(waiting)
    assert len(members) == len(truth) - 9


def test_what_is_labelled_excluded_or_gone_leaves_its_group(unsorted: tuple[Project, dict[str, str]]) -> None:
    """Groups are made once; the work on them goes on for an hour."""
    project, _ = unsorted
    labelling_data, dataset = prepared(project)
    first = open_groups(labelling_data, dataset)[0]
    relabel(project, first.ids[:2], "3")
    exclude(project, first.ids[2:3])
    dataset = erase(project, first.ids[3:4])
    assert open_groups(labelling_data, dataset)[0].ids == first.ids[4:]


def test_the_labels_so_far_say_what_the_others_are(unsorted: tuple[Project, dict[str, str]]) -> None:
    """Nine labels, three classes that people confuse: far better than one in three."""
    project, truth = unsorted
    labelling_data, dataset = prepared(project)
    suggestions = labels_suggested(labelling_data, dataset)
    assert suggestions.class_names == ("3", "5", "8")
    np.testing.assert_allclose(suggestions.probabilities.sum(axis=1), 1)
    waiting = dataset.all_pictures["id"][dataset.all_pictures["label"] == ""]
    likeliest = suggestions.probabilities.loc[waiting].idxmax(axis=1)
    right = np.mean([likeliest[identifier] == truth[identifier] for identifier in waiting])
    assert right > 0.7


@pytest.mark.parametrize("left", [{"3"}, set()])
def test_below_two_classes_nothing_is_suggested_and_the_first_group_comes_first(
    unsorted: tuple[Project, dict[str, str]], left: set[str]
) -> None:
    """“All of them are cats” would be said with full confidence, and be wrong."""
    project, truth = unsorted
    relabel(project, [identifier for identifier, label in truth.items() if label not in left], "")
    labelling_data, dataset = prepared(project)
    suggestions = labels_suggested(labelling_data, dataset)
    assert suggestions.is_empty
    groups = open_groups(labelling_data, dataset)
    assert most_useful_group(groups, labelling_data, dataset, suggestions) == groups[0]


def test_suggestions_do_not_cover_pictures_unlike_all_labelled_ones(
    unsorted: tuple[Project, dict[str, str]],
) -> None:
    """Zeros are no eights, however sure one is that they are neither threes nor fives."""
    project, truth = unsorted
    relabel(project, [identifier for identifier, label in truth.items() if label == "8"], "")
    relabel(project, [identifier for identifier, label in truth.items() if label != "8"], "3")
    relabel(project, [identifier for identifier, label in truth.items() if label == "5"], "5")
    labelling_data, dataset = prepared(project)
    suggestions = labels_suggested(labelling_data, dataset)
    eights = [identifier for identifier, label in truth.items() if label == "8"]
    like_another = [identifier for identifier in eights if suggestions.linked[identifier]]
    alone = [identifier for identifier in eights if not suggestions.linked[identifier]]
    assert not suggestions.covers(alone)
    assert suggestions.covers(like_another)
    assert not suggestions.covers(["added since"])


def test_the_most_useful_group_is_one_that_is_still_open(unsorted: tuple[Project, dict[str, str]]) -> None:
    project, truth = unsorted
    labelling_data, dataset = prepared(project)
    for _ in open_groups(labelling_data, dataset):
        groups = open_groups(labelling_data, dataset)
        chosen = most_useful_group(groups, labelling_data, dataset, labels_suggested(labelling_data, dataset))
        assert chosen in groups
        dataset = relabel(project, chosen.ids, truth[chosen.ids[0]])
    assert open_groups(labelling_data, dataset) == []


def test_without_a_backbone_there_are_no_groups(
    unsorted: tuple[Project, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _ = unsorted
    monkeypatch.setattr("core.doctor.job.weights_ready", lambda backbone: False)
    version = open_dataset(project).version
    result = prepare_labelling(project.jobs / "group-1", {"version": version}, QuietProgress())
    assert result == {"groups": 0, "with_features": False}
    assert read_labelling_data(project.dataset) is None
