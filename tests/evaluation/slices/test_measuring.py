"""Slices of the test pictures: their kinds, their pictures, their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.manifest import complete_manifest
from core.evaluation.metrics.intervals import fraction_interval
from core.evaluation.slices import kinds, measuring
from core.evaluation.slices.groups import reason_against_groups
from core.evaluation.slices.kinds import SLICE_KINDS, SliceKind, cross_of
from core.evaluation.slices.measuring import SliceScore, measure_slices
from core.evaluation.slices.slicing import SliceSource, Slicing, by_category, by_quantile, plain_name

COUNT = 80


def source(**columns: Any) -> SliceSource:
    """80 test pictures of two classes, equal but for the columns given."""
    usual = {
        "id": [f"p{number}" for number in range(COUNT)],
        "sha256": "",
        "name": "a.png",
        "label": "",
        "width": 100,
        "height": 100,
        "size_bytes": 1,
        "format": "PNG",
        "extension": "png",
        "group": [f"g{number}" for number in range(COUNT)],
        "supplied_split": "",
        "split": "test",
        "brightness": 100.0,
        "contrast": 50.0,
        "sharpness": 1.0,
    }
    return SliceSource(
        pictures=complete_manifest(pd.DataFrame(usual | columns)),
        rows=np.arange(COUNT),
        targets=np.eye(2, dtype=bool)[np.arange(COUNT) % 2],
        class_names=("cat", "dog"),
    )


def scores(
    source: SliceSource, is_right: np.ndarray, *, groups: np.ndarray | None = None
) -> list[SliceScore]:
    return measure_slices(source, is_right, np.arange(COUNT) if groups is None else groups)


def names_of(found: list[SliceScore], kind: str) -> list[str]:
    return [str(score.name) for score in found if score.kind.code == kind]


def test_quantiles_are_those_of_all_pictures_of_the_version() -> None:
    """100 pictures of 0 to 99, of which the last ten are tested: all are in the last quarter."""
    slicing = by_quantile(np.arange(100.0), np.arange(90, 100))
    assert slicing is not None
    assert [str(name) for name in slicing.names] == ["below 25", "25 to 50", "50 to 74", "74 or more"]
    assert slicing.members.sum(axis=1).tolist() == [0, 0, 0, 10]


def test_a_picture_on_a_cut_is_above_it() -> None:
    slicing = by_quantile(np.array([1.0, 1.0, 1.0, 1.0, 5.0, 5.0]), np.arange(6))
    assert slicing is not None
    assert slicing.members.tolist() == [[True] * 4 + [False] * 2, [False] * 4 + [True] * 2]


def test_pictures_without_a_measurement_are_in_no_slice() -> None:
    slicing = by_quantile(np.array([1.0, 2.0, 3.0, np.nan]), np.arange(4))
    assert slicing is not None
    assert slicing.members.sum(axis=0).tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("values", [np.full(5, 3.0), np.full(5, np.nan), np.zeros(0)])
def test_equal_values_make_no_slices(values: np.ndarray) -> None:
    assert by_quantile(values, np.arange(len(values))) is None


def test_categories_come_by_size_and_the_nameless_only_where_named() -> None:
    values = pd.Series(["b", "a", "a", "", "a", "b"])
    slicing = by_category(values)
    assert slicing is not None
    assert [str(name) for name in slicing.names] == ["a", "b"]
    with_nameless = by_category(values, unnamed="no camera")
    assert with_nameless is not None
    assert [str(name) for name in with_nameless.names] == ["a", "b", "no camera"]
    assert with_nameless.members[2].tolist() == [False, False, False, True, False, False]


def test_the_worst_slice_comes_first_and_is_marked() -> None:
    """Every picture of one camera is wrong, and one other."""
    camera = np.where(np.arange(COUNT) < 20, "old", "new")
    is_right = np.arange(COUNT) >= 21
    found = scores(source(camera=camera), is_right)
    assert str(found[0].name) == "old"
    assert found[0].is_proven
    assert (found[0].pictures, found[0].groups, found[0].accuracy) == (20, 20, 0.0)
    assert found[0].difference == pytest.approx(0 - 59 / 60)
    assert found[0].interval == fraction_interval(is_right[:20], np.arange(20))
    assert [str(score.name) for score in found if score.is_proven] == ["old"]
    accuracies = [score.accuracy for score in found if score.is_ranked]
    assert accuracies == sorted(accuracies)


def test_small_slices_are_not_ranked() -> None:
    """Nine pictures, or fewer than five groups, prove nothing, even if all are wrong."""
    camera = np.where(np.arange(COUNT) < 9, "nine", "many")
    found = scores(source(camera=camera), np.arange(COUNT) >= 9)
    nine = next(score for score in found if str(score.name) == "nine")
    assert nine.adjusted is None
    assert not nine.is_proven
    assert found.index(nine) == len(found) - 1
    camera = np.where(np.arange(COUNT) < 20, "few groups", "many")
    groups = np.where(np.arange(COUNT) < 20, np.arange(COUNT) % 4, np.arange(COUNT) - 16)
    found = scores(source(camera=camera), np.arange(COUNT) >= 20, groups=groups)
    assert {str(score.name): score.is_ranked for score in found}["few groups"] is False


def test_folders_that_are_the_classes_are_not_shown_twice() -> None:
    names = [("cats" if number % 2 == 0 else "dogs") + f"/{number}.png" for number in range(COUNT)]
    found = scores(source(name=names), np.arange(COUNT) % 3 > 0)
    assert sorted(names_of(found, "class")) == ["cat", "dog"]
    assert names_of(found, "folder") == []


def test_a_camera_names_its_pictures_before_what_they_have_in_common() -> None:
    """All pictures of one camera are dark, and no others: the camera is what the user can change."""
    of_one = np.arange(COUNT) % 4 == 0
    found = scores(
        source(camera=np.where(of_one, "C1", "C2"), contrast=np.where(of_one, 10.0, 50.0)), ~of_one
    )
    assert found[0].kind.code == "camera"
    assert names_of(found, "contrast") == []


def test_folders_are_those_of_the_source_at_any_depth() -> None:
    names = [
        ("2024/may/" if number < 30 else "2023/" if number < 70 else "") + f"{number}.png"
        for number in range(COUNT)
    ]
    found = scores(source(name=names), np.arange(COUNT) % 3 > 0)
    assert sorted(names_of(found, "folder")) == ["2023", "2024/may", "no folder"]


def test_a_cross_has_the_pictures_that_are_in_both() -> None:
    """Of 80 pictures, 20 are from the old camera, of which 10 are of each class."""
    by_code = {kind.code: kind for kind in SLICE_KINDS}
    cross = cross_of(by_code["class"], by_code["camera"], least=10)
    camera = np.where(np.arange(COUNT) < 20, "old", "new")
    found = measure_slices(source(camera=camera), np.arange(COUNT) % 2 > 0, np.arange(COUNT), kinds=[cross])
    sizes = {str(score.name): (score.pictures, score.accuracy) for score in found}
    assert sizes == {"cat, new": (30, 0), "cat, old": (10, 0), "dog, new": (30, 1), "dog, old": (10, 1)}
    assert cross_of(by_code["class"], by_code["cluster"], least=10).function(source()) is None


def test_each_property_has_its_slices() -> None:
    numbers = np.arange(COUNT)
    found = scores(
        source(
            width=np.where(numbers < 30, 100, np.where(numbers < 50, 200, 90)),
            height=np.where(numbers < 70, 100, 90),
            brightness=numbers * 3.0,
            format=np.where(numbers % 4 < 3, "JPEG", "PNG"),
            group=np.where(numbers < 12, "patient 7", np.char.add("g", numbers.astype(str))),
        ),
        numbers % 5 > 0,
    )
    assert set(names_of(found, "shape")) == {"square", "wider than high", "higher than wide"}
    assert len(names_of(found, "brightness")) == 4
    assert set(names_of(found, "format")) == {"JPEG", "PNG"}
    assert names_of(found, "group") == ["patient 7"]
    assert names_of(found, "cluster") == []


def test_a_new_kind_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def halves(source: SliceSource) -> Slicing:
        first = np.arange(len(source.rows)) < 30
        return Slicing(names=[plain_name("first"), plain_name("others")], members=np.stack([first, ~first]))

    kind = SliceKind(code="throwaway", label="Throwaway", help="", function=halves)
    monkeypatch.setattr(measuring, "SLICE_KINDS", (*SLICE_KINDS, kind))
    found = scores(source(), np.arange(COUNT) % 2 == 0)
    assert sorted(names_of(found, "throwaway")) == ["first", "others"]


def test_codes_of_kinds_are_unique() -> None:
    codes = [kind.code for kind in kinds.SLICE_KINDS]
    assert len(set(codes)) == len(codes)


def test_further_columns_of_the_label_table_are_slices() -> None:
    """Texts by value, numbers at their quartiles; an empty cell is in none."""
    fields = [f'{{"age": "{number}", "device": "{"old" if number < 20 else "new"}"}}' for number in range(70)]
    pictures = source(fields=[*fields, *[""] * 10])
    found = scores(pictures, np.arange(COUNT) >= 20)
    assert set(names_of(found, "column")) == {
        "device · old",
        "device · new",
        "age · below 17",
        "age · 17 to 34",
        "age · 34 to 52",
        "age · 52 or more",
    }
    (worst,) = [score for score in found if str(score.name) == "device · old"]
    assert (worst.pictures, worst.accuracy, worst.is_proven) == (20, 0.0, True)


def patients(**columns: Any) -> SliceSource:
    """Eight patients with ten pictures each."""
    return source(group=[f"patient {number // 10}" for number in range(COUNT)], **columns)


PATIENTS = np.arange(COUNT) // 10


def test_a_group_is_ranked_among_the_other_groups() -> None:
    """All pictures of one patient are wrong, and one of every other patient."""
    is_right = (PATIENTS != 3) & (np.arange(COUNT) % 10 > 0)
    found = scores(patients(), is_right, groups=PATIENTS)
    assert (str(found[0].name), found[0].kind.code) == ("patient 3", "group")
    assert (found[0].is_ranked, found[0].is_proven, found[0].groups) == (True, True, 1)
    assert found[0].interval == fraction_interval(np.zeros(10, bool), np.arange(10))
    assert sum(score.is_ranked for score in found if score.kind.code == "group") == 8


def test_a_folder_that_is_a_group_is_ranked_by_its_first_name() -> None:
    """Users often keep one folder for each patient."""
    names = [f"{number}/{picture}.png" for picture, number in enumerate(PATIENTS)]
    found = scores(patients(name=names), PATIENTS != 3, groups=PATIENTS)
    assert (str(found[0].name), found[0].kind.code, found[0].is_proven) == ("3", "folder", True)
    assert names_of(found, "group") == []


def test_a_camera_of_few_groups_is_not_ranked_as_a_group_is() -> None:
    found = scores(patients(camera=np.where(PATIENTS < 2, "A", "B")), PATIENTS > 1, groups=PATIENTS)
    assert {str(score.name): score.is_ranked for score in found if score.kind.code == "camera"} == {
        "A": False,
        "B": True,
    }


def test_a_group_without_a_name_is_called_after_a_picture() -> None:
    """Near copies and DICOM patients have a digest for their group."""
    group = ["ab" * 32] * 20 + [f"g{number}" for number in range(60)]
    names = [f"{number}.png" for number in range(COUNT)]
    found = scores(source(group=group, name=names), np.arange(COUNT) % 3 > 0)
    assert names_of(found, "group") == ["that of 0.png"]


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        (np.arange(COUNT), None),
        (PATIENTS, None),
        (
            np.arange(COUNT) // 20,
            "Groups are not compared one by one: the test pictures are of 4 groups, and each needs 5 others.",
        ),
        (
            np.arange(COUNT) // 4,
            "Groups are not compared one by one: the largest of 20 groups has 4 test pictures, and each needs 10.",
        ),
    ],
)
def test_groups_that_are_not_compared_are_explained(groups: np.ndarray, sentence: str | None) -> None:
    reason = reason_against_groups(source(group=[f"g{number}" for number in groups]))
    assert (None if reason is None else str(reason)) == sentence


def test_of_very_many_groups_the_largest_are_compared() -> None:
    many = source()
    tested = pd.concat([many.pictures] * 10, ignore_index=True)
    tested["group"] = [f"g{number // 10}" for number in range(len(tested))]
    reason = reason_against_groups(replace(many, pictures=tested, rows=np.arange(len(tested))))
    assert str(reason) == "Of 80 groups, only the 50 with the most test pictures are compared one by one."


def test_near_copies_are_no_groups_of_the_user() -> None:
    digests = [f"{number:064x}" for number in range(COUNT)]
    leaders = [digests[number - number % 2] for number in range(COUNT)]
    assert reason_against_groups(source(sha256=digests, group=leaders)) is None
