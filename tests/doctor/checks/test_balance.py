"""Uneven and small classes are named, with the evidence of their tests."""

from __future__ import annotations

import pandas as pd
import pytest

from core.doctor.checks.balance import SMALL_CLASS, find_imbalance, find_small_classes
from core.doctor.findings import Finding


def classes(tested: int = 0, **counts: int) -> pd.DataFrame:
    """So many pictures of each class; the first ``tested`` of each test."""
    rows = [
        {"id": f"{label}{number}", "name": f"{label}/{number}.png", "label": label}
        | {"split": "test" if number < tested else "train"}
        for label, count in counts.items()
        for number in range(count)
    ]
    return pd.DataFrame(rows)


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    return finding


def test_the_classes_far_below_the_largest_are_named() -> None:
    finding = only(find_imbalance(classes(cat=100, dog=20, bird=19, fish=5)))
    assert finding.classes == ("bird", "fish")
    assert finding.headline.values == {
        "largest": "cat",
        "most": 100,
        "smallest": "fish",
        "fewest": 5,
        "ratio": 20.0,
        "percent": 69,
    }
    assert "right for 69%" in str(finding.explanation)


def test_even_classes_are_no_finding() -> None:
    assert find_imbalance(classes(cat=100, dog=20)) == []
    assert find_small_classes(classes(cat=SMALL_CLASS, dog=100)) == []


@pytest.mark.parametrize(
    ("tested", "expected"),
    # 0.05 ** (1 / 3) = 0.368; 0.05 ** (1 / 5) = 0.549: below it, all right is rarer than 1 in 20
    [(3, "more than 36%"), (5, "more than 54%"), (0, "It has no test pictures")],
)
def test_the_evidence_of_a_small_test_is_stated(tested: int, expected: str) -> None:
    finding = only(find_small_classes(classes(tested, cat=100, dog=12, bird=15)))
    assert finding.classes == ("dog", "bird")
    assert expected in str(finding.explanation)
    assert all(expected in str(suspect.because) for suspect in finding.suspects)
    assert [suspect.label for suspect in finding.suspects] == ["dog"] * 12 + ["bird"] * 15
    assert finding.headline.values["label"] == "dog"
