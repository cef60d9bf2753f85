"""Findings are stored as codes and shown as sentences, the most harmful first."""

from __future__ import annotations

import json

from core.data.skip_reasons import SkipReason
from core.doctor.findings import Finding, Remedy, Suspect, SuspectReason, most_harmful_first
from core.doctor.sentences import EVIDENCE, EXPLANATIONS, HEADLINES, Evidence, FindingKind, Shortcut


def suspect(identifier: str, because: SuspectReason | None = None) -> Suspect:
    return Suspect(
        id=identifier, name=f"{identifier}.png", label="cat", suggested="dog", score=0.5, because=because
    )


def finding(kind: FindingKind, *suspects: Suspect, classes: tuple[str, ...] = ()) -> Finding:
    return Finding(
        kind=kind,
        values={"total": 9},
        suspects=suspects,
        classes=classes,
        remedy=Remedy.EXCLUDE,
    )


def test_a_finding_is_read_as_it_was_written() -> None:
    original = finding(
        FindingKind.CONFLICTING_LABELS,
        suspect("a", SuspectReason(code=Evidence.ALIKE, values={"other": "b.png"})),
        suspect("b"),
        classes=("cat", "dog"),
    )
    assert Finding.from_json(json.loads(json.dumps(original.to_json()))) == original


def test_harmful_findings_come_first() -> None:
    """A user who fixes only the first finding has fixed the worst."""
    few = finding(FindingKind.SHORTCUTS, suspect("a"))
    many = finding(FindingKind.SHORTCUTS, suspect("a"), suspect("b"))
    dark = finding(FindingKind.DARK, *(suspect(str(number)) for number in range(9)))
    conflict = finding(FindingKind.CONFLICTING_LABELS, suspect("a"))
    assert most_harmful_first([dark, few, conflict, many]) == (conflict, many, few, dark)


def test_a_dismissed_suspect_is_no_longer_counted() -> None:
    file = Suspect(id="", name="broken.jpg", label="", score=1.0)
    left = finding(FindingKind.OUTLIERS, suspect("a"), suspect("b"), file).without({"a", ""})
    assert left is not None
    assert [item.name for item in left.suspects] == ["b.png", "broken.jpg"]
    assert str(left.headline) == "Pictures that look like no class: 2 of 9"
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


def old_report(kind: str, headline: tuple[str, dict[str, object]], **explained: object) -> dict[str, object]:
    """A finding as it was stored up to 03be4e7: with English templates."""
    because = {"template": "It looks almost the same as {other}", "values": {"other": "b.png"}}
    return {
        "kind": kind,
        "headline": {"template": headline[0], "values": headline[1]},
        "explanation": {"template": "It harms.", "values": explained},
        "suspects": [
            {
                "id": "a",
                "name": "a.png",
                "label": "cat",
                "suggested": "",
                "other": "b",
                "score": 0.5,
                "because": because,
            }
        ],
        "classes": [],
        "remedy": "exclude",
    }


def test_a_finding_of_an_earlier_version_is_read() -> None:
    template = "The file format alone gives classes away: {classes}. It tells {percent}% of their pictures"
    old = old_report("shortcuts", (template, {"classes": "“cat”", "percent": 90, "count": 1}))
    read = Finding.from_json(old)
    assert read.shortcut is Shortcut.FORMAT
    assert read.values == {"classes": "“cat”", "percent": 90}
    assert read.suspects[0].because == SuspectReason(code=Evidence.ALIKE, values={"other": "b.png"})
    assert "90%" in str(read.headline)


def test_an_old_finding_on_small_classes_keeps_its_number_of_test_pictures() -> None:
    headline = {"limit": 20, "classes": 1, "label": "dog", "pictures": 12, "count": 12}
    expectation = {"template": "…", "values": {"pictures": 3, "percent": 36}}
    read = Finding.from_json(old_report("small-classes", ("…", headline), expectation=expectation))
    assert read.values["test_pictures"] == 3
    assert "more than 36%" in str(read.explanation)


def test_a_skip_reason_of_an_old_report_is_read_as_its_code() -> None:
    old = old_report("unreadable", ("Files that cannot be read: {count}", {"count": 1}))
    old["suspects"][0]["because"] = {"template": "it is damaged or cut off", "values": {}}  # type: ignore[index]
    because = Finding.from_json(old).suspects[0].because
    assert because is not None
    assert because.code is SkipReason.DAMAGED


def test_every_code_has_its_sentence() -> None:
    assert set(EVIDENCE) == set(Evidence)
    assert set(EXPLANATIONS) == set(HEADLINES) == set(FindingKind) - {FindingKind.SHORTCUTS}
