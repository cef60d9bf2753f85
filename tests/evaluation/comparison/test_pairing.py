"""Pictures on which two classifiers are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from core.errors import EvaluationError
from core.evaluation.comparison.pairing import Labelling, TestedPictures, pair
from tests.support.predictions import multi_class, multi_label


def answered(
    answers: Mapping[str, tuple[str, str]], class_names: Sequence[str] = ("cat", "dog")
) -> TestedPictures:
    """Pictures by id, each with its label and the answer."""
    labels = [class_names.index(label) for label, _answer in answers.values()]
    predicted = [class_names.index(answer) for _label, answer in answers.values()]
    test = multi_class(labels, predicted=predicted, classes=len(class_names))
    return TestedPictures(ids=np.array(list(answers)), class_names=tuple(class_names), test=test)


BEFORE = answered({"a": ("cat", "cat"), "b": ("dog", "cat"), "c": ("cat", "dog"), "d": ("dog", "dog")})
AFTER = answered({"e": ("cat", "cat"), "c": ("dog", "dog"), "b": ("dog", "dog"), "a": ("cat", "dog")})


def test_pictures_are_compared_where_both_tests_have_the_same_label() -> None:
    """Removed since: d. Added: e. Relabelled: c."""
    pairing = pair(BEFORE, AFTER)
    assert pairing.ids.tolist() == ["b", "a"]
    matching = pairing.matching
    assert (matching.pictures, matching.only_first, matching.only_second, matching.relabelled) == (2, 1, 1, 1)
    assert [str(remark) for remark in matching.remarks] == [
        "Left out, because they are no longer test pictures: 1.",
        "Left out, because the first was not tested on them: 1.",
        "Left out, because they were relabelled in between: 1.",
    ]


def test_a_relabelled_picture_can_be_judged_by_its_new_label() -> None:
    """The answer “dog” for c was wrong and now is right, for both."""
    pairing = pair(BEFORE, AFTER, Labelling.NEWER)
    assert pairing.ids.tolist() == ["c", "b", "a"]
    assert pairing.first.exact_matches.tolist() == [True, False, True]
    assert pairing.second.exact_matches.tolist() == [True, True, False]
    assert pairing.matching.relabelled == 1
    assert "judged by the new label for both: 1" in str(pairing.matching.remarks[-1])


def test_a_class_that_the_older_classifier_does_not_know_is_left_out_and_said() -> None:
    """Classes may also stand in another order."""
    newer = answered(
        {"a": ("cat", "cat"), "b": ("bird", "bird"), "d": ("dog", "bird")}, class_names=("bird", "dog", "cat")
    )
    pairing = pair(BEFORE, newer, Labelling.NEWER)
    assert pairing.ids.tolist() == ["a", "d"]
    assert pairing.class_names == ("bird", "dog", "cat")
    assert pairing.first.exact_matches.tolist() == [True, True]
    assert pairing.second.exact_matches.tolist() == [True, False]
    assert pairing.matching.unknown_class == 1


def test_tests_without_a_common_picture_are_refused() -> None:
    with pytest.raises(EvaluationError, match="not tested on the same pictures"):
        pair(BEFORE, answered({"x": ("cat", "cat")}))


def test_one_class_and_several_labels_are_not_compared() -> None:
    several = TestedPictures(
        ids=np.array(["a"]), class_names=("cat", "dog"), test=multi_label([[1, 0]], [[0.9, 0.1]])
    )
    with pytest.raises(EvaluationError, match="cannot be compared"):
        pair(BEFORE, several)
