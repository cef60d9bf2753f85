"""Wrong labels are detected by a classifier that did not learn them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.doctor.checks.wrong_labels import SuspectedLabel, suspected_labels, wrong_labels_finding
from core.doctor.findings import Remedy
from core.doctor.sentences import FindingKind
from core.progress import JobStopped, QuietProgress
from tests.support.digit_features import digit_labels, digit_points, flipped


def suspects(
    labels: np.ndarray, groups: np.ndarray | None = None, rows: np.ndarray | None = None
) -> list[SuspectedLabel]:
    points = digit_points() if rows is None else digit_points()[rows]
    groups = np.arange(len(labels)) if groups is None else groups
    return suspected_labels(points, labels, groups, QuietProgress())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_most_flipped_labels_are_found_and_most_suspects_are_flipped(seed: int) -> None:
    wrong, rows = flipped(digit_labels(), 0.05, seed)
    found = suspects(wrong)
    flagged = np.array([suspect.row for suspect in found])
    assert np.isin(rows, flagged).mean() >= 0.8
    assert np.isin(flagged, rows).mean() >= 0.8
    right = [suspect.suggested == digit_labels()[suspect.row] for suspect in found if suspect.row in rows]
    assert np.mean(right) >= 0.9


def test_right_labels_are_seldom_suspected() -> None:
    assert len(suspects(digit_labels())) < 0.01 * len(digit_labels())


def test_the_most_doubtful_come_first_and_never_suggest_the_label_itself() -> None:
    wrong, rows = flipped(digit_labels(), 0.1, seed=5)
    found = suspects(wrong)
    scores = [suspect.score for suspect in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert all(suspect.suggested != wrong[suspect.row] for suspect in found)
    halves = np.array_split(np.isin([suspect.row for suspect in found], rows), 2)
    assert halves[0].mean() > halves[1].mean()


def test_copies_with_the_same_wrong_label_do_not_confirm_each_other() -> None:
    """Dealt to different folds, each copy would have taught the wrong label that it is judged by."""
    labels = digit_labels()[:600]
    wrong, rows = flipped(labels, 0.05, seed=3)
    picked = np.concatenate([np.arange(600), np.repeat(rows, 9)])
    labels_of_copies = wrong[picked]

    def found_share(groups: np.ndarray) -> float:
        flagged = {suspect.row for suspect in suspects(labels_of_copies, groups, picked)}
        return float(np.mean([row in flagged for row in rows]))

    assert found_share(groups=picked) >= 0.7
    assert found_share(groups=np.arange(len(picked))) < 0.2


def test_a_class_that_is_one_group_is_never_suspected() -> None:
    """Whoever judges it has not seen it: of course they think it is something else."""
    labels = digit_labels()[:500]
    groups = np.where(labels == 4, 10_000, np.arange(500))
    flagged = [suspect.row for suspect in suspects(labels, groups, np.arange(500))]
    assert not (labels[flagged] == 4).any()


def test_two_classes_of_a_few_pictures_can_be_judged() -> None:
    rows = np.concatenate([np.flatnonzero(digit_labels() == digit)[:12] for digit in (0, 1)])
    labels = np.repeat([0, 1], 12)
    labels[3] = 1
    assert [(suspect.row, suspect.suggested) for suspect in suspects(labels, rows=rows)] == [(3, 0)]


@pytest.mark.parametrize("labels", [[], [0], [0, 0, 0, 0, 0, 0], [0, 1]])
def test_where_nothing_can_be_judged_nothing_is_suspected(labels: list[int]) -> None:
    assert suspects(np.array(labels, np.int64), rows=np.arange(len(labels))) == []


def test_pictures_without_any_difference_are_no_error() -> None:
    points, labels = np.zeros((40, 5), np.float32), np.arange(40) % 2
    found = suspected_labels(points, labels, np.arange(40), QuietProgress())
    assert all(suspect.score < 0.5 for suspect in found)


def test_a_class_index_without_pictures_is_no_error() -> None:
    """Classes whose pictures are all excluded keep their index."""
    labels = digit_labels()[:300] * 2
    wrong = labels.copy()
    wrong[7] = (wrong[7] + 2) % 20
    found = suspects(wrong, rows=np.arange(300))
    assert found[0].row == 7
    assert found[0].suggested == labels[7]


def test_it_stops_when_asked() -> None:
    class Impatient(QuietProgress):
        def should_stop(self) -> bool:
            return True

    with pytest.raises(JobStopped):
        suspected_labels(digit_points(), digit_labels(), np.arange(1797), Impatient())


def test_the_finding_names_the_pictures_and_suggests_their_classes() -> None:
    pictures = pd.DataFrame(
        {"id": ["a", "b", "c"], "name": ["1.png", "2.png", "3.png"], "label": ["cat", "cat", "dog"]}
    )
    found = [SuspectedLabel(row=2, suggested=0, score=0.9), SuspectedLabel(row=0, suggested=1, score=0.4)]
    finding = wrong_labels_finding(found, pictures, ("cat", "dog"))
    assert finding is not None
    assert (finding.kind, finding.remedy) == (FindingKind.WRONG_LABELS, Remedy.RELABEL)
    assert [(item.id, item.name, item.label, item.suggested, item.score) for item in finding.suspects] == [
        ("c", "3.png", "dog", "cat", 0.9),
        ("a", "1.png", "cat", "dog", 0.4),
    ]
    assert "2 of 3" in finding.headline.render()
    assert wrong_labels_finding([], pictures, ("cat", "dog")) is None
