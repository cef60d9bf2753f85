"""CSV of pixels, such as MNIST as CSV: a row for each picture, with a label and a column for each pixel.

FER2013 has all pixels in one cell, separated by spaces.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.formats.arrays.embedded import (
    EmbeddedPicture,
    assigned,
    embedded,
    embedded_reading,
    reader_of_array,
    require_pictures,
    with_own_range,
)
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import fitting, split_of_path
from core.data.formats.survey import Survey, is_picture_name, read_label_file
from core.data.import_config import ImportConfig
from core.data.labels.layout import Split, split_named
from core.data.notes import Note, NoteKind
from core.data.sources.members import Member, UnreadableMemberError
from core.errors import DataError
from core.messages import N_, Message

_HEAD_BYTES = 1 << 18  # holds two rows of pictures of 128 × 128 pixels
_LEAST_SIDE = 8  # pixels
_USAGES = {"publictest": Split.VALIDATION, "privatetest": Split.TEST}


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Columns of a CSV of pixels."""

    member: Member
    has_header: bool
    # Column of the labels; None without one.
    label: int | None
    # Height and width, with 3 channels for colour.
    shape: tuple[int, ...]
    # Column of a cell with all pixels; None where each pixel has a column.
    packed: int | None = None
    # Column with parts of the split.
    split: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Content:
    """Pictures of a table, uint8 (n, height, width) or (n, height, width, 3), with their labels and parts."""

    pixels: np.ndarray
    labels: Sequence[object]
    parts: Sequence[object]


def _layouts(survey: Survey) -> list[_Layout]:
    """Tables of pixels; those without labels only if no other has labels."""
    members = fitting(survey.ending(".csv"), lambda member: _layout_of(member) is not None)
    found = [layout for member in members if (layout := _layout_of(member))]
    return [layout for layout in found if layout.label is not None] or found


def _layout_of(member: Member) -> _Layout | None:
    rows = _first_rows(member)
    if len(rows) < 2 or len(rows[0]) != len(rows[1]):
        return None
    has_header = not all(map(_is_number, rows[0]))
    header, row = rows[0], rows[1]
    packed = next((index for index, cell in enumerate(row) if _is_packed(cell)), None)
    if packed is not None:
        others = [index for index in range(len(row)) if index != packed]
        parts = [index for index in others if _split_of_usage(row[index])]
        label = next((index for index in others if index not in parts), None)
        shape = _shape_of(len(row[packed].split()))
        return _Layout(
            member=member, has_header=has_header, label=label, shape=shape or (), packed=packed,
            split=parts[0] if parts else None,
        )  # fmt: skip
    for label in _label_candidates(header, has_header=has_header):
        pixels = [cell for index, cell in enumerate(row) if index != label]
        shape = _shape_of(len(pixels))
        if shape is not None and _are_pixels(pixels):
            return _Layout(member=member, has_header=has_header, label=label, shape=shape)
    return None


def _label_candidates(header: Sequence[str], *, has_header: bool) -> list[int | None]:
    named = [index for index, name in enumerate(header) if name.strip().casefold() in {"label", "class"}]
    return [*named, 0, len(header) - 1, None] if has_header else [0, len(header) - 1, None]


def _first_rows(member: Member) -> list[list[str]]:
    """The first two rows of a table."""
    try:
        text = _head(member).decode("utf-8", "replace").removeprefix("\ufeff")
        lines = text.split("\n", 2)[:2]
        return [row for row in csv.reader(line.strip("\r") for line in lines) if row]
    except (UnreadableMemberError, OSError, csv.Error):
        return []


def _head(member: Member) -> bytes:
    if member.path is not None:
        with member.path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    if member.content is not None:
        return next(iter(member.content.chunks()), b"")[:_HEAD_BYTES]
    return member.read()[:_HEAD_BYTES]


def _shape_of(count: int) -> tuple[int, ...] | None:
    """Shape of a square picture of so many values, grey or colour."""
    for channels in (1, 3):
        side = math.isqrt(count // channels)
        if side >= _LEAST_SIDE and side * side * channels == count:
            return (side, side) if channels == 1 else (side, side, 3)
    return None


def _is_packed(cell: str) -> bool:
    """True for a cell with all pixels of a picture."""
    values = cell.split()
    return _shape_of(len(values)) is not None and all(map(_is_number, values))


def _are_pixels(cells: Sequence[str]) -> bool:
    """True for numbers of which one is neither 0 nor 1, as in columns of flags."""
    return all(map(_is_number, cells)) and any(float(cell) not in {0.0, 1.0} for cell in cells)


def _is_number(cell: str) -> bool:
    return cell.strip().replace(".", "", 1).isdigit()


def _recognise(survey: Survey) -> Evidence | None:
    layouts = _layouts(survey)
    if not layouts:
        return None
    side = layouts[0].shape[0]
    # Beside picture files, so many numbers may be features of theirs.
    has_pictures = any(is_picture_name(member.parts[-1]) for member in survey.members)
    return Evidence(
        confidence=Confidence.LIKELY if has_pictures else Confidence.CERTAIN,
        sentence=Message(
            N_("{file} holds pictures of {side} × {side} pixels"),
            {"file": layouts[0].member.name, "side": side},
        ),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    layouts = _layouts(survey)
    contents = [_content(layout) for layout in layouts]
    arrays = with_own_range([content.pixels for content in contents])
    pictures: list[EmbeddedPicture] = []
    for layout, content, array in zip(layouts, contents, arrays, strict=True):
        split = split_of_path(survey.inner_path(layout.member))
        pictures += _pictures(layout.member, content, array, split, multi_label=config.multi_label)
    numbers = all(assignment.label.isdigit() for _, assignment in pictures if assignment.label)
    notes = [Note(kind=NoteKind.UNNAMED_CLASSES)] if numbers and pictures else []
    return embedded_reading(
        pictures,
        survey,
        [layout.member for layout in layouts],
        multi_label=config.multi_label,
        notes=notes,
    )


def _content(layout: _Layout) -> _Content:
    frame = _frame(layout)
    blank = [""] * len(frame)
    return _Content(
        pixels=require_pictures(_pixels(layout, frame), layout.member.name),
        labels=blank if layout.label is None else list(frame.iloc[:, layout.label].fillna("")),
        parts=blank if layout.split is None else list(frame.iloc[:, layout.split].fillna("")),
    )


def _pictures(
    member: Member, content: _Content, array: np.ndarray, split: Split | None, *, multi_label: bool
) -> list[EmbeddedPicture]:
    return [
        (
            embedded(member, number, reader_of_array(array, number)),
            assigned(
                (str(label).strip(),) if str(label).strip() else None,
                _split_of_usage(str(part)) or split,
                multi_label=multi_label,
            ),
        )
        for number, (label, part) in enumerate(zip(content.labels, content.parts, strict=True))
    ]


def _split_of_usage(part: str) -> Split | None:
    """FER2013 calls its parts Training, PublicTest and PrivateTest."""
    return _USAGES.get(part.casefold()) or split_named(part)


def _frame(layout: _Layout) -> pd.DataFrame:
    names = {index: str for index in (layout.label, layout.packed, layout.split) if index is not None}
    try:
        return pd.read_csv(
            io.BytesIO(read_label_file(layout.member)),
            header=None,
            skiprows=1 if layout.has_header else 0,
            dtype=names,
            # A class may be called “NA” or “None”.
            keep_default_na=False,
            na_values=[""],
            low_memory=False,
        )
    except (ValueError, pd.errors.ParserError, OverflowError) as error:
        raise DataError(
            N_("{table} cannot be read: {error}. Expected is a row of numbers for each picture."),
            table=layout.member.name,
            error=str(error),
        ) from error


def _pixels(layout: _Layout, frame: pd.DataFrame) -> np.ndarray:
    """Pixels as numbers, shape (pictures, height, width) or (pictures, height, width, 3)."""
    try:
        if layout.packed is not None:
            cells = frame.iloc[:, layout.packed]
            values = np.stack([np.array(str(cell).split(), np.float64) for cell in cells])
        else:
            columns = [index for index in range(frame.shape[1]) if index != layout.label]
            values = frame.iloc[:, columns].to_numpy(np.float64)
        if not np.isfinite(values).all():
            raise ValueError("a pixel is blank")
        return values.reshape(-1, *layout.shape)
    except (ValueError, TypeError) as error:
        raise DataError(
            N_("{table} cannot be read: {error}. Expected is a row of numbers for each picture."),
            table=layout.member.name,
            error=str(error),
        ) from error


PIXEL_TABLES = ImportFormat(
    name="pixel_tables",
    label=N_("CSV of pixels"),
    caption=N_("A row for each picture: its class and the values of its pixels, as MNIST in CSV."),
    recognise=_recognise,
    read=_read,
)
