"""Two levels of folders are told apart: classes, occasions, parts of a split."""

from __future__ import annotations

import pytest

from core.data.labels.nesting import Nesting, nesting_of


@pytest.mark.parametrize(
    ("folders", "nesting"),
    [
        (["2024-03-01/cat", "2024-03-01/dog", "2024-03-02/cat", "2024-03-02/dog"], Nesting.INNER_CLASSES),
        (["2024-03-01/cat", "2024-03-01/dog", "2024-03-02/cat"], Nesting.INNER_CLASSES),
        (["session 1/cat", "session 2/cat", "session 2/dog"], Nesting.INNER_CLASSES),
        (["red/left", "red/right", "blue/left", "blue/right"], Nesting.EITHER),
        (["cat/tabby", "cat/black", "dog/poodle"], Nesting.NONE),
        (["n01440764/images", "n01443537/images"], Nesting.NONE),
        (["1/left", "1/right", "2/left", "2/right"], Nesting.EITHER),
        (["cat", "dog"], Nesting.NONE),
        (["2024-03-01/cat", "2024-03-02/dog"], Nesting.NONE),
        ([], Nesting.NONE),
    ],
)
def test_the_level_of_the_classes_is_found(folders: list[str], nesting: Nesting) -> None:
    assert nesting_of([(*folder.split("/"), "1.png") for folder in folders]) is nesting


def test_numbers_of_articles_are_no_dates() -> None:
    paths = ["100234/front", "100234/back", "100567/front", "100999/top"]
    assert nesting_of([(*path.split("/"), "1.png") for path in paths]) is Nesting.NONE


def test_numbered_grades_are_classes() -> None:
    paths = ["grade 1/left", "grade 1/right", "grade 2/left"]
    assert nesting_of([(*path.split("/"), "1.png") for path in paths]) is Nesting.NONE
