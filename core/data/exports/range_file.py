"""Range of a dataset's deep pictures in its exports, so that an import elsewhere maps them alike."""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import inf

from core.data.formats.survey import parse_json, read_label_file
from core.data.images.depth import PixelRange
from core.data.sources.encodings import decode_text
from core.data.sources.members import Member
from core.errors import DataError

RANGE_FILE = "pixel_range.json"


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
        limits = [value.get(name) for name in ("low", "high")] if isinstance(value, dict) else []
        if limits and all(type(limit) in {int, float} for limit in limits):
            low, high = limits
            if -inf < low < high < inf:
                return member.name, PixelRange(float(low), float(high))
    return None
