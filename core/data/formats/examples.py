"""Example pictures of a reading, shown before an import."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from core.data.containers.config import ContainerConfig
from core.data.containers.frames import first_picture
from core.data.formats.import_format import FormatReading
from core.data.formats.summary import Example
from core.data.images.channels import ChannelMapping
from core.data.images.value_ranges import ValueSummary, find_range
from core.data.labels.boxes import CropConfig
from core.data.labels.layout import FileAssignment
from core.data.pixels.crops import Crop, cut_out
from core.data.pixels.decoding import examine_picture, measure_values
from core.data.sources.members import Member, UnreadableMemberError
from core.errors import ArchiveError, UnreadableImageError

_MOST = 6


def choose_examples(reading: FormatReading) -> list[tuple[Member, FileAssignment]]:
    """Choose a few pictures, of different labels as far as there are."""
    turns: Counter[str] = Counter()
    ranked: list[tuple[int, str, int]] = []
    for index, (_, assignment) in enumerate(reading.pictures):
        turn = turns[assignment.label]
        turns[assignment.label] += 1
        if turn < _MOST:
            ranked.append((turn, assignment.label, index))
    return [reading.pictures[index] for _, _, index in heapq.nsmallest(_MOST, ranked)]


def example_of(member: Member, assignment: FileAssignment, other_label: str) -> Example:
    return Example(
        file=f"{member.name}{assignment.box.suffix if assignment.box else ''}",
        label=assignment.label,
        split=assignment.split.value if assignment.split else "",
        group=assignment.group,
        other_label=other_label if other_label != assignment.label else "",
    )


@dataclass(frozen=True, kw_only=True)
class ExampleFiles:
    """Files of example pictures, by position in ``Understanding.examples``; unreadable ones are left out."""

    # JPEG. Pictures with more than 8 bits share the range of these examples.
    thumbnails: Mapping[int, bytes] = field(default_factory=dict)
    # The files themselves of pictures with more than 8 bits, so that the page can show other ranges.
    deep: Mapping[int, bytes] = field(default_factory=dict)
    # Channels of an example, see ``channel_offer.channel_views``; b"" if none are to be chosen.
    channel_views: bytes = b""


def read_examples(
    pictures: Iterable[tuple[Member, FileAssignment]],
    crops: CropConfig,
    containers: ContainerConfig,
    chosen: tuple[int, int, int] | None = None,
) -> ExampleFiles:
    """Read example pictures or crops. A document, a video or a volume is shown by its first picture."""
    channels = ChannelMapping(*chosen) if chosen else None
    files: dict[int, bytes] = {}
    summaries: dict[int, ValueSummary] = {}
    for position, (member, assignment) in enumerate(pictures):
        with suppress(UnreadableMemberError, UnreadableImageError, ArchiveError):
            data = _shown(first_picture(member, containers), assignment, crops, channels)
            summary = measure_values(data, channels)
            if summary is not None:
                summaries[position] = summary
            files[position] = data
    pixel_range = find_range(list(summaries.values())) if summaries else None
    thumbnails: dict[int, bytes] = {}
    for position, data in files.items():
        with suppress(UnreadableImageError):
            thumbnails[position] = examine_picture(data, pixel_range, channels).thumbnail
    return ExampleFiles(thumbnails=thumbnails, deep={position: files[position] for position in summaries})


def _shown(
    data: bytes, assignment: FileAssignment, crops: CropConfig, channels: ChannelMapping | None
) -> bytes:
    """The crop of a box; the whole picture without a box, or where it cannot be cut out."""
    if assignment.box is None:
        return data
    (crop,) = cut_out(data, [assignment.box], crops, channels)
    return crop.data if isinstance(crop, Crop) else data
