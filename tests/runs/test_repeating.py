"""A run is repeated on newer pictures, and compared with the run before on the same test pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.data.editing.labels import exclude, relabel
from core.data.labels.layout import Split
from core.evaluation.comparison.disagreements import Change, disagreements
from core.evaluation.comparison.pairing import TestedPictures, pair
from core.evaluation.evaluated_run import EvaluatedRun
from core.jobs.directory import JobDirectory
from core.runs import repeating, start_runs
from core.runs.compare import cloned_config
from core.runs.repeating import changes_since, predecessor_of, successor_of, train_again
from core.workspace import Project
from tests.support.evaluated import evaluated_run

NONE = np.array([], int)


@pytest.fixture
def run(digits_project: Project) -> Path:
    """Wrong on the first test picture."""
    dataset = open_dataset(digits_project)
    return evaluated_run(digits_project, dataset, "run-1", dataset.rows(Split.TEST)[:1])


def test_nothing_has_changed_until_something_does(run: Path) -> None:
    assert changes_since(EvaluatedRun.open(run)).is_empty


def test_changes_since_a_run_are_counted(run: Path, digits_project: Project) -> None:
    """A picture excluded and one relabelled, one of them a test picture."""
    pictures, evaluated = open_dataset(digits_project).pictures, EvaluatedRun.open(run)
    of_test, of_training = (
        pictures["id"].iloc[evaluated.rows(split)[1]] for split in (Split.TEST, Split.TRAIN)
    )
    relabel(digits_project, [of_test], "8")
    exclude(digits_project, [of_training])
    found = changes_since(evaluated)
    assert (found.relabelled, found.added, found.removed, found.test_changed) == (1, 0, 1, 1)
    assert not found.is_empty


def test_a_repeated_run_has_the_same_settings_on_the_newest_pictures_and_knows_its_predecessor(
    run: Path, digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_runs, "launch", lambda job, **options: None)
    relabel(digits_project, [open_dataset(digits_project).pictures["id"].iloc[0]], "8")
    successor = train_again(run)
    before, after = cloned_config(JobDirectory(run)), cloned_config(successor)
    assert after == replace(before, dataset_version=2)
    assert predecessor_of(successor.path) == run
    assert successor_of(run) == successor.path
    assert predecessor_of(run) is None
    assert successor_of(successor.path) is None


def test_a_deleted_predecessor_is_forgotten(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeating, "start_training", lambda project, config: JobDirectory(run))
    train_again(run)
    (run / "predecessor.json").write_text('{"schema_version": 1, "run": "run-gone"}', encoding="utf-8")
    assert predecessor_of(run) is None


def test_before_and_after_are_judged_by_the_new_labels(run: Path, digits_project: Project) -> None:
    """The first mistake was a wrong label; the next test picture is broken; the third is no longer there."""
    dataset = open_dataset(digits_project)
    first, second, third = dataset.rows(Split.TEST)[:3]
    ids, names = dataset.pictures["id"], dataset.class_names
    answered = names[(dataset.label_indices[first] + 1) % len(names)]
    relabel(digits_project, [ids.iloc[first]], answered)
    newer = exclude(digits_project, [ids.iloc[third]])
    row_of = {picture: row for row, picture in enumerate(newer.pictures["id"])}
    after = evaluated_run(digits_project, newer, "run-2", np.array([row_of[ids.iloc[second]]]))
    before = TestedPictures.of(EvaluatedRun.open(run))
    pairing = pair(before, TestedPictures.of(EvaluatedRun.open(after)))
    matching = pairing.matching
    assert (matching.pictures, matching.relabelled, matching.only_first) == (8, 1, 1)
    assert pairing.first.exact_matches.all()  # also where it was wrong by the old label
    found = disagreements(pairing)
    assert found[["id", "change"]].to_numpy().tolist() == [[ids.iloc[second], Change.BROKEN]]
