"""Storing of pictures: each is hashed, decoded to check and measure it, and gets a thumbnail.

A file can hold several: frames, and boxes that are cut out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from core.data.containers.frames import Frame
from core.data.dataset import image_path, thumbnail_path
from core.data.deep_pictures import VALUES
from core.data.group_salt import salted
from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange
from core.data.labels.boxes import CropConfig
from core.data.labels.layout import FileAssignment
from core.data.near_duplicates.hash_index import window_hashes
from core.data.near_duplicates.search import MIN_CONTRAST
from core.data.pixels.crops import Crop, cut_out
from core.data.pixels.decoding import PictureFacts, examine_picture, measure_values
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import UnreadableMemberError
from core.errors import UnreadableImageError
from core.files import sha256_bytes

# A row of the manifest, or some of its columns.
Columns = dict[str, object]
# A picture's columns, or the reason against it, with what the source says about it.
Outcome = tuple[FileAssignment, "Columns | Reason"]
# Keys of a new picture's row that are no columns of the manifest: what is added to the name of its
# file, and the ``FrameKind`` of a part of a file.
SUFFIX, KIND = "suffix", "kind"
# Its ``window_hashes``; missing where they are computed later or never.
WINDOWS = "windows"
# Number of pages that are channels.
CHANNELS = "channels"
# True where a band beside red, green and blue is left out.
FOURTH_BAND = "fourth_band"
# True for a box that left its picture.
IS_CLIPPED = "is_clipped"


def store_file(
    frames: Iterator[Frame],
    assignments: Sequence[FileAssignment],
    folder: Path,
    location: Path | None,
    pixel_range: PixelRange | None,
    crops: CropConfig,
    channels: ChannelMapping | None,
) -> list[Outcome]:
    """Store the pictures of a file: its ``frames``, or the boxes that are cut out of it; see ``_store_picture``.

    Args:
        assignments: of the file, or of each box.
    """
    try:
        if assignments[0].box is None:
            return _store_frames(frames, assignments[0], folder, location, pixel_range, channels)
        return _store_crops(frames, assignments, folder, pixel_range, crops, channels)
    except UnreadableImageError as error:
        return [(assignment, Reason.of(error.message)) for assignment in assignments]
    except UnreadableMemberError as error:
        return [(assignment, error.reason) for assignment in assignments]


def _store_frames(
    frames: Iterator[Frame],
    assignment: FileAssignment,
    folder: Path,
    location: Path | None,
    pixel_range: PixelRange | None,
    channels: ChannelMapping | None,
) -> list[Outcome]:
    stored: list[Outcome] = []
    try:
        for frame in frames:
            # Frames are files of their own, so they cannot stay where they are.
            own_location = location if frame.kind is None else None
            columns = _store_picture(frame.data, folder, own_location, pixel_range, channels)
            if not isinstance(columns, Reason):
                columns.update({SUFFIX: frame.suffix, KIND: frame.kind})
                columns["group"] = salted(frame.group, folder)
            stored.append((assignment, columns))
    except UnreadableImageError as error:
        stored.append((assignment, Reason.of(error.message)))
    except UnreadableMemberError as error:
        stored.append((assignment, error.reason))
    return stored


def _store_crops(
    frames: Iterator[Frame],
    assignments: Sequence[FileAssignment],
    folder: Path,
    pixel_range: PixelRange | None,
    config: CropConfig,
    channels: ChannelMapping | None,
) -> list[Outcome]:
    """Store every box of a file, which is decoded once."""
    first = list(islice(frames, 2))
    if len(first) != 1:
        return [(assignment, Reason(code=SkipReason.BOX_IN_FRAMES)) for assignment in assignments]
    frame = first[0]
    file_group = sha256_bytes(frame.data)
    boxes = [assignment.box for assignment in assignments if assignment.box is not None]
    stored: list[Outcome] = []
    for box, assignment, crop in zip(
        boxes, assignments, cut_out(frame.data, boxes, config, channels), strict=True
    ):
        columns = (
            crop if isinstance(crop, Reason) else _store_picture(crop.data, folder, None, pixel_range, None)
        )
        if isinstance(crop, Crop) and not isinstance(columns, Reason):
            columns.update({SUFFIX: box.suffix, KIND: frame.kind})
            columns.update({IS_CLIPPED: crop.is_clipped, "box": crop.edges.text, "camera": crop.camera})
            # Several files can be of one patient.
            group = salted(frame.group, folder)
            columns["group"] = group or file_group
            assignment = replace(assignment, group=group or assignment.group)
        stored.append((assignment, columns))
    return stored


def _store_picture(
    data: bytes,
    folder: Path,
    location: Path | None,
    pixel_range: PixelRange | None,
    channels: ChannelMapping | None,
) -> Columns | Reason:
    """Store a picture and its thumbnail; return its columns of the manifest, or the reason against it.

    Args:
        location: path of a picture that is referenced instead of copied.
    """
    try:
        facts = examine_picture(data, pixel_range, channels)
        values = measure_values(data, channels) if facts.is_deep else None
    except UnreadableImageError as error:
        return Reason.of(error.message)
    sha256 = sha256_bytes(data)
    _write(thumbnail_path(folder, sha256), facts.thumbnail)
    if location is None:
        _write(image_path(folder, sha256, facts.extension), data)
    columns = {
        **picture_columns(data, facts),
        "sha256": sha256,
        "location": str(location) if location else "",
        VALUES: values,
        CHANNELS: facts.channels,
        FOURTH_BAND: facts.has_fourth_band,
        IS_CLIPPED: False,
    }
    # The thumbnail of a deep picture is drawn again when the range of its source is known.
    if facts.statistics.contrast >= MIN_CONTRAST and not facts.is_deep:
        columns[WINDOWS] = window_hashes(facts.thumbnail)
    return columns


def _write(path: Path, content: bytes) -> None:
    """Write a file of the staging folder, which is published as a whole."""
    try:
        path.write_bytes(content)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def picture_columns(data: bytes, facts: PictureFacts) -> dict[str, object]:
    """Make the columns of the manifest that come from a file's bytes and its decoding."""
    return {
        "width": facts.width,
        "height": facts.height,
        "size_bytes": len(data),
        "format": facts.format,
        "extension": facts.extension,
        "frames": facts.frames,
        "camera": facts.camera,
        **vars(facts.statistics),
    }
