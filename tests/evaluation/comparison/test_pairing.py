"""Pictures on which two classifiers are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from core.errors import EvaluationError
from core.evaluation.comparison.pairing import TestedPictures, pair
from tests.support.predictions import multi_class, multi_label


def answered(
    answers: Mapping[str, tuple[str, str]], version: int, class_names: Sequence[str] = ("cat", "dog")
) -> TestedPictures:
    """Pictures by id, each with its label and the answer."""
    labels = [class_names.index(label) for label, _answer in answers.values()]
    predicted = [class_names.index(answer) for _label, answer in answers.values()]
    test = multi_class(labels, predicted=predicted, classes=len(class_names))
    return TestedPictures(
        ids=np.array(list(answers)), class_names=tuple(class_names), test=test, version=version
    )


BEFORE = answered({"a": ("cat", "cat"), "b": ("dog", "cat"), "c": ("cat", "dog"), "d": ("dog", "dog")}, 1)
AFTER = answered({"e": ("cat", "cat"), "c": ("dog", "dog"), "b": ("dog", "dog"), "a": ("cat", "dog")}, 2)


def test_pictures_are_compared_that_both_were_tested_on() -> None:
    """Removed since: d. Added: e. Relabelled: c."""
    matching = pair(BEFORE, AFTER).matching
    assert (matching.pictures, matching.only_first, matching.only_second, matching.relabelled) == (3, 1, 1, 1)
    assert [str(remark) for remark in matching.remarks] == [
        "Left out, because only the first was tested on them: 1.",
        "Left out, because only the second was tested on them: 1.",
        "Relabelled in between, and judged by the newer label for both: 1.",
    ]


def test_a_relabelled_picture_is_judged_by_its_newer_label_whichever_run_comes_first() -> None:
    """The answer “dog” for c was wrong and now is right, for both."""
    forth, back = pair(BEFORE, AFTER), pair(AFTER, BEFORE)
    assert forth.ids.tolist() == ["c", "b", "a"]
    assert forth.first.exact_matches.tolist() == [True, False, True]
    assert forth.second.exact_matches.tolist() == [True, True, False]
    assert back.ids.tolist() == ["a", "b", "c"]
    assert back.first.exact_matches.tolist() == [False, True, True]
    assert back.second.exact_matches.tolist() == [True, False, True]
    assert forth.matching.relabelled == back.matching.relabelled == 1


def test_a_class_that_the_older_classifier_does_not_know_is_left_out_and_said() -> None:
    """Classes may also stand in another order."""
    newer = answered(
        {"a": ("cat", "cat"), "b": ("bird", "bird"), "d": ("dog", "bird")},
        2,
        class_names=("bird", "dog", "cat"),
    )
    assert pair(newer, BEFORE).matching.unknown_class == 1
    pairing = pair(BEFORE, newer)
    assert pairing.ids.tolist() == ["a", "d"]
    assert pairing.class_names == ("bird", "dog", "cat")
    assert pairing.first.exact_matches.tolist() == [True, True]
    assert pairing.second.exact_matches.tolist() == [True, False]
    assert pairing.matching.unknown_class == 1


def test_tests_without_a_common_picture_are_refused() -> None:
    with pytest.raises(EvaluationError, match="not tested on the same pictures"):
        pair(BEFORE, answered({"x": ("cat", "cat")}, 1))


def test_one_class_and_several_labels_are_not_compared() -> None:
    several = TestedPictures(
        ids=np.array(["a"]), class_names=("cat", "dog"), test=multi_label([[1, 0]], [[0.9, 0.1]]), version=1
    )
    with pytest.raises(EvaluationError, match="cannot be compared"):
        pair(BEFORE, several)
