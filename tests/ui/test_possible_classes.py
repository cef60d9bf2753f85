"""The sentence about a prediction set agrees with the answer beside it."""

from __future__ import annotations

import pytest

from pages.ui.predict.answer import possible_classes


@pytest.mark.parametrize(
    ("members", "predicted", "sentence"),
    [
        (["oak"], ["oak"], "No other class is likely."),
        # By a threshold the answer is a less probable class.
        (["oak"], ["elm"], "Possible: **oak**"),
        (["oak", "elm"], ["elm"], "One of: **oak**, **elm**"),
        ([], ["elm"], "Less sure than it usually is where it is right."),
    ],
)
def test_another_class_is_named_where_the_answer_is_not_the_one_in_the_set(
    members: list[str], predicted: list[str], sentence: str
) -> None:
    assert possible_classes(members, predicted, is_multi_label=False) == sentence


def test_labels_that_a_picture_may_show_together_are_possible() -> None:
    assert possible_classes(["oak"], ["oak"], is_multi_label=True) == "Possible: **oak**"
