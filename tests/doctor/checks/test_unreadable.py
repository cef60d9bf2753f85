"""Unreadable files are named; files left out for other reasons are not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from core.data.skip_reasons import Reason, Skipped, SkipReason
from core.doctor.checks.unreadable import find_unreadable, missing_files
from core.doctor.findings import Remedy
from tests.support.pictures import digit


def pictures(*locations: str) -> pd.DataFrame:
    rows = [
        {"id": location, "name": location, "label": "cat", "location": location} for location in locations
    ]
    return pd.DataFrame(rows, columns=["id", "name", "label", "location"])


def test_damaged_files_are_named_and_companions_are_not() -> None:
    """A readme beside the pictures is no damaged picture, though the import says the same of both."""
    skipped = [
        Skipped(file="cats/1.jpg", reason=Reason(code=SkipReason.NOT_A_PICTURE)),
        Skipped(file="cats/2.jpg", reason=Reason(code=SkipReason.DAMAGED_IN_ARCHIVE)),
        Skipped(file="README.TXT", reason=Reason(code=SkipReason.NOT_A_PICTURE)),
        Skipped(file="cats/3.jpg", reason=Reason(code=SkipReason.DUPLICATE, values={"other": "cats/4.jpg"})),
    ]
    (finding,) = find_unreadable(skipped, pictures())
    assert [suspect.name for suspect in finding.suspects] == ["cats/1.jpg", "cats/2.jpg"]
    assert finding.remedy is Remedy.NONE
    assert find_unreadable(skipped[2:], pictures()) == []


def test_a_picture_that_was_moved_away_is_found(tmp_path: Path) -> None:
    """It is only referenced: the next training would fail on it."""
    (tmp_path / "there.png").write_bytes(digit(0))
    known = pictures("", str(tmp_path / "there.png"), str(tmp_path / "gone.png"))
    missing = missing_files(known)
    assert missing.tolist() == [False, False, True]
    (finding,) = find_unreadable([], known[missing])
    assert finding.suspects[0].id == str(tmp_path / "gone.png")
    assert "gone.png" in str(finding.suspects[0].because)
    assert finding.remedy is Remedy.EXCLUDE
