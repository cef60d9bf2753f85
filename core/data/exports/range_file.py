"""Range of a dataset's deep pictures in its exports, so that an import elsewhere maps them alike."""

from __future__ import annotations

import json
from collections.abc import Iterable

from core.data.formats.survey import parse_json, read_label_file
from core.data.images.depth import PixelRange
from core.data.sources.encodings import decode_text
from core.data.sources.members import Member
from core.errors import DataError

RANGE_FILE = "pixel_range.json"
# Values beyond are no measurement.
_MOST = 1e30


def range_text(pixel_range: PixelRange) -> str:
    return json.dumps({"low": pixel_range.low, "high": pixel_range.high}) + "\n"


def stated_range(members: Iterable[Member]) -> tuple[str, PixelRange] | None:
    """Find the file that states the range of a source; its name and the range."""
    for member in members:
        if member.parts[-1] != RANGE_FILE:
            continue
        try:
            value = parse_json(decode_text(read_label_file(member)), member.name)
        except DataError:
            continue
        if not isinstance(value, dict):
            continue
        limits = [
            float(limit)
            for limit in (value.get("low"), value.get("high"))
            if isinstance(limit, int | float) and not isinstance(limit, bool) and abs(limit) <= _MOST
        ]
        if len(limits) == 2 and limits[0] < limits[1]:
            return member.name, PixelRange(*limits)
    return None
