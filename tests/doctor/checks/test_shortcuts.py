"""Properties that identify a class are detected; coincidences are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.doctor.checks.shortcuts import find_shortcuts
from core.doctor.findings import Finding, Remedy
from core.doctor.sentences import FindingKind

CLASSES = ("cat", "dog", "bird")


def pictures(a_class: int = 60, classes: tuple[str, ...] = CLASSES, **columns: Any) -> pd.DataFrame:
    """Pictures of all sizes and brightnesses in every class; ``columns`` replace what they name."""
    random = np.random.default_rng(0)
    labels = np.repeat(classes, a_class)
    count = len(labels)
    known = {
        "id": [f"id{number}" for number in range(count)],
        "name": [f"{number}.png" for number in range(count)],
        "label": labels,
        "group": [f"group{number}" for number in range(count)],
        "width": random.integers(200, 900, count),
        "height": random.integers(200, 900, count),
        "format": random.choice(["JPEG", "PNG"], count),
        "camera": random.choice(["", "Canon EOS 5", "Pixel 7"], count),
        "border": random.choice(["", "#ffffff"], count, p=[0.9, 0.1]),
        "brightness": random.normal(120, 40, count),
        "sharpness": random.normal(1.1, 0.4, count),
    }
    return pd.DataFrame(known | columns)


def of_cats(value: Any, other: Any, a_class: int = 60) -> list[Any]:
    return [value] * a_class + [other] * (len(CLASSES) - 1) * a_class


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    return finding


def test_facts_that_have_nothing_to_do_with_the_class_are_not_reported() -> None:
    assert find_shortcuts(pictures()) == []


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({"format": of_cats("PNG", "JPEG")}, "format"),
        ({"camera": of_cats("Pixel 7", "")}, "camera"),
        ({"border": of_cats("#000000", "")}, "border"),
        ({"width": of_cats(640, 800), "height": of_cats(480, 600)}, "size"),
        ({"brightness": of_cats(40.0, 160.0)}, "brightness"),
        ({"sharpness": of_cats(0.2, 1.3)}, "sharpness"),
    ],
)
def test_a_property_of_one_class_alone_is_named(columns: dict[str, Any], word: str) -> None:
    finding = only(find_shortcuts(pictures(**columns)))
    assert (finding.kind, finding.remedy, finding.classes) == (FindingKind.SHORTCUTS, Remedy.NONE, ("cat",))
    assert word in str(finding.headline).lower()
    assert finding.headline.values == {"classes": "“cat”", "percent": 100, "count": 60}
    assert {suspect.label for suspect in finding.suspects} == {"cat"}


def test_one_size_among_many_gives_its_class_away() -> None:
    """The others have sizes above and below it."""
    table = pictures()
    table.loc[:59, ["width", "height"]] = (640, 480)
    assert only(find_shortcuts(table)).classes == ("cat",)


def test_half_a_class_is_enough() -> None:
    """Forty pictures with a black frame teach that a frame means cat."""
    finding = only(find_shortcuts(pictures(border=["#000000"] * 40 + [""] * 140)))
    assert finding.headline.values["percent"] == 67
    assert [suspect.id for suspect in finding.suspects] == [f"id{number}" for number in range(40)]


def test_two_classes_give_each_other_away() -> None:
    table = pictures(classes=("cat", "dog"), format=["PNG"] * 60 + ["JPEG"] * 60)
    assert only(find_shortcuts(table)).classes == ("cat", "dog")


def test_a_fact_that_other_classes_share_gives_nothing_away() -> None:
    """All cats are PNG, and so is a third of the others."""
    random = np.random.default_rng(1)
    formats = ["PNG"] * 60 + random.choice(["PNG", "JPEG"], 120, p=[0.33, 0.67]).tolist()
    assert find_shortcuts(pictures(format=formats)) == []


def test_copies_do_not_confirm_a_shortcut() -> None:
    """Each class is three pictures, twenty times each: that copies share a size says nothing."""
    random = np.random.default_rng(2)
    sizes = np.repeat(random.integers(200, 900, 9), 20)
    groups = np.repeat([f"group{number}" for number in range(9)], 20)
    table = pictures(width=sizes, height=sizes, group=groups)
    assert find_shortcuts(table) == []
    assert find_shortcuts(table.assign(group=range(180))) != [], (
        "without groups they would, or this test is empty"
    )


def test_a_common_class_is_not_given_away_by_being_common() -> None:
    """Nine of ten pictures are cats; so nine of ten of every format are."""
    assert find_shortcuts(pictures(a_class=20, classes=("cat",) * 9 + ("dog",))) == []


def test_few_pictures_have_no_shortcuts() -> None:
    assert find_shortcuts(pictures(a_class=9, format=["PNG"] * 9 + ["JPEG"] * 18)) == []
    assert find_shortcuts(pictures(classes=("cat",))) == []
