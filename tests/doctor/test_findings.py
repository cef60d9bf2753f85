"""Findings travel as files and sentences, the most harmful first."""

from __future__ import annotations

import json

from core.doctor.findings import Finding, FindingKind, Remedy, Suspect, most_harmful_first
from core.messages import Message


def suspect(identifier: str, because: Message | None = None) -> Suspect:
    return Suspect(
        id=identifier, name=f"{identifier}.png", label="cat", suggested="dog", score=0.5, because=because
    )


def finding(kind: FindingKind, *suspects: Suspect, classes: tuple[str, ...] = ()) -> Finding:
    return Finding(
        kind=kind,
        headline=Message("Pictures: {count}", {"count": len(suspects)}),
        explanation=Message("They harm."),
        suspects=suspects,
        classes=classes,
        remedy=Remedy.EXCLUDE,
    )


def test_a_finding_survives_its_file() -> None:
    original = finding(
        FindingKind.CONFLICTING_LABELS,
        suspect("a", Message("Like {other}", {"other": "b.png"})),
        suspect("b"),
        classes=("cat", "dog"),
    )
    assert Finding.from_json(json.loads(json.dumps(original.to_json()))) == original


def test_falsehoods_come_before_flaws_and_many_before_few() -> None:
    """Who mends only the first finding should have mended the worst."""
    few = finding(FindingKind.SHORTCUTS, suspect("a"))
    many = finding(FindingKind.SHORTCUTS, suspect("a"), suspect("b"))
    dark = finding(FindingKind.DARK, *(suspect(str(number)) for number in range(9)))
    conflict = finding(FindingKind.CONFLICTING_LABELS, suspect("a"))
    assert most_harmful_first([dark, few, conflict, many]) == (conflict, many, few, dark)


def test_what_was_said_to_be_right_is_no_longer_counted() -> None:
    file = Suspect(id="", name="broken.jpg", label="", score=1.0)
    left = finding(FindingKind.OUTLIERS, suspect("a"), suspect("b"), file).without({"a", ""})
    assert left is not None
    assert [item.name for item in left.suspects] == ["b.png", "broken.jpg"]
    assert str(left.headline) == "Pictures: 2"
    assert finding(FindingKind.OUTLIERS, suspect("a")).without({"a"}) is None


def test_a_finding_about_classes_has_nothing_to_dismiss() -> None:
    imbalance = finding(FindingKind.IMBALANCE, classes=("cat",))
    assert imbalance.without({"a"}) is imbalance
    assert imbalance.count == 1


def test_the_command_line_prints_names_and_suggestions() -> None:
    assert finding(FindingKind.WRONG_LABELS, suspect("a")).in_brief() == {
        "kind": "wrong-labels",
        "count": 1,
        "pictures": [{"id": "a", "name": "a.png", "label": "cat", "suggested": "dog"}],
    }
