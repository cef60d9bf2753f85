"""The range that a source states is read, or left out if it is none."""

from __future__ import annotations

import pytest

from core.data.exports.range_file import RANGE_FILE, range_text, stated_range
from core.data.images.depth import PixelRange
from core.data.sources.members import Member


def file_with(text: str) -> Member:
    return Member(name=RANGE_FILE, parts=(RANGE_FILE,), read=text.encode)


def test_a_written_range_is_found() -> None:
    found = stated_range([file_with(range_text(PixelRange(-40.5, 4095)))])
    assert found == (RANGE_FILE, PixelRange(-40.5, 4095))


@pytest.mark.parametrize(
    "high", ["1" + "0" * 400, "1e999", "-5", "true", "null", "NaN"], ids=lambda text: text[:5]
)
def test_what_is_no_range_is_left_out(high: str) -> None:
    """A whole number of 400 digits is JSON, and no float."""
    assert stated_range([file_with(f'{{"low": 0, "high": {high}}}')]) is None
