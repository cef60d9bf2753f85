"""Copies are named with the picture that stays, conflicts with the label of most copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.near_duplicates.search import NearPair
from core.data.skip_reasons import Reason, Skipped, SkipReason
from core.doctor.checks.duplicates import find_copies, find_exact_duplicates
from core.doctor.findings import Finding, Remedy
from core.doctor.sentences import FindingKind


def manifest(*rows: dict[str, Any]) -> pd.DataFrame:
    """Pictures a, b, c, … of growing size, all of them cats that train unless a row says otherwise."""
    known = [
        {"id": letter, "sha256": f"{letter}-bytes", "name": f"{letter}.png", "label": "cat", "split": "train"}
        | {"width": 100 + place, "height": 100, "sharpness": 1.0, "size_bytes": 1000}
        for place, letter in zip(range(len(rows)), "abcdefgh", strict=False)
    ]
    return pd.DataFrame([{**row, **given} for row, given in zip(known, rows, strict=True)])


def pair(first: int, second: int, difference: float = 0.25) -> NearPair:
    return NearPair(first=first, second=second, difference=difference, mirrored=False)


def found(pictures: pd.DataFrame, groups: list[str], *pairs: NearPair) -> dict[FindingKind, Finding]:
    return {finding.kind: finding for finding in find_copies(pictures, np.array(groups), pairs)}


def test_the_largest_of_a_group_stays() -> None:
    finding = found(manifest({}, {}, {}, {}), ["c", "c", "c", "d"], pair(0, 2), pair(1, 2, 0.5))
    copies = finding[FindingKind.NEAR_DUPLICATES]
    assert [(item.id, item.other, item.score) for item in copies.suspects] == [
        ("a", "c", 0.75),
        ("b", "c", 0.5),
    ]
    assert copies.headline.values == {"count": 2, "total": 4, "straddling": 0}
    assert copies.remedy is Remedy.EXCLUDE
    assert list(finding) == [FindingKind.NEAR_DUPLICATES]


def test_the_test_picture_stays_and_leaking_copies_come_first() -> None:
    """Excluding the other would change the frozen test set."""
    pictures = manifest({}, {}, {"split": "test"}, {})
    copies = found(pictures, ["b", "b", "d", "d"], pair(0, 1, 0.1), pair(2, 3, 0.9))[
        FindingKind.NEAR_DUPLICATES
    ]
    assert [(item.id, item.other) for item in copies.suspects] == [("d", "c"), ("a", "b")]
    assert copies.headline.values["straddling"] == 1
    assert "“train”, the other in “test”" in str(copies.suspects[0].because)


def test_one_picture_in_two_classes_is_a_contradiction_and_no_duplicate() -> None:
    pictures = manifest({"sha256": "same"}, {"sha256": "same", "label": "dog"}, {})
    (conflict,) = found(pictures, ["same", "same", "c"]).values()
    assert conflict.kind is FindingKind.CONFLICTING_LABELS
    assert [(item.id, item.label, item.suggested, item.other) for item in conflict.suspects] == [
        ("a", "cat", "dog", "b"),
        ("b", "dog", "cat", "a"),
    ]
    assert "is the same picture" in str(conflict.suspects[0].because)


def test_where_most_copies_agree_only_the_other_is_suspected() -> None:
    pictures = manifest({}, {}, {"label": "dog"}, {})
    finding = found(pictures, ["d", "d", "d", "d"], pair(0, 3), pair(1, 3), pair(2, 3))
    assert [(item.id, item.suggested) for item in finding[FindingKind.CONFLICTING_LABELS].suspects] == [
        ("c", "cat")
    ]
    assert {item.id for item in finding[FindingKind.NEAR_DUPLICATES].suspects} == {"a", "b"}


def test_pictures_of_one_group_that_are_not_alike_do_not_contradict() -> None:
    """A group may also be a patient, or the two ends of a pan."""
    assert found(manifest({}, {"label": "dog"}), ["a", "a"]) == {}


def test_an_unlabelled_picture_contradicts_no_label() -> None:
    assert found(manifest({}, {"label": ""}), ["a", "a"], pair(0, 1)) == {}


@pytest.mark.parametrize("reason", [SkipReason.DUPLICATE, SkipReason.NO_CLASS_FOLDER])
def test_files_left_out_as_copies_are_named(reason: SkipReason) -> None:
    skipped = Skipped(file="cats/again.png", reason=Reason(code=reason, values={"other": "cats/1.png"}))
    findings = find_exact_duplicates([skipped])
    assert [suspect.name for finding in findings for suspect in finding.suspects] == (
        ["cats/again.png"] if reason is SkipReason.DUPLICATE else []
    )
