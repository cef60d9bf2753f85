"""Pictures inside data files: members whose bytes are made when they are read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from PIL import Image

from core.data.formats.annotations import Labels, label_text
from core.data.formats.import_format import FormatReading
from core.data.formats.survey import Survey
from core.data.labels.boxes import Box
from core.data.labels.label_sets import NONE_OF_THEM
from core.data.labels.layout import FileAssignment, Split
from core.data.notes import Note, NoteKind
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import Member
from core.errors import DataError
from core.formatting import number
from core.messages import N_

# Level of 255. Pictures of which none has a lighter pixel have another range.
_DARK = 64

EmbeddedPicture = tuple[Member, FileAssignment]


def embedded(data_file: Member, number: int, read: Callable[[], bytes], suffix: str = "png") -> Member:
    """A picture of a data file as if the file were a folder of numbered pictures.

    Args:
        number: position in the file, from 0. Names sort in this order.
    """
    name = f"{number:07d}.{suffix}"
    return Member(name=f"{data_file.name}/{name}", parts=(*data_file.parts, name), read=read)


def assigned(labels: Labels | None, split: Split | None, *, multi_label: bool) -> FileAssignment:
    """Assignment of a picture; without labels it is labelled later."""
    text = label_text(labels, multi_label=multi_label)
    if not multi_label and text == NONE_OF_THEM:
        text = ""
    return FileAssignment(label=text, split=split)


def embedded_reading(
    pictures: Sequence[EmbeddedPicture],
    survey: Survey,
    data_files: Iterable[Member],
    *,
    multi_label: bool,
    notes: Sequence[Note] = (),
    boxes: Mapping[str, Sequence[Box]] | None = None,
) -> FormatReading:
    """Reading of a source whose pictures are inside data files; files beside them are left out."""
    files = frozenset(member.name for member in data_files)
    blank = sum(not assignment.label for _, assignment in pictures)
    counted = [Note(kind=NoteKind.BLANK_LABELS, values={"count": blank})] if blank else []
    return FormatReading(
        pictures=pictures,
        left_out=[
            (member.name, Reason(code=SkipReason.NOT_A_PICTURE))
            for member in survey.members
            if member.name not in files
        ],
        notes=(*notes, *counted),
        multi_label=multi_label,
        label_files=files,
        boxes=boxes or {},
    )


def reader_of_array(array: np.ndarray, index: int) -> Callable[[], bytes]:
    """Reader of one picture of an array as PNG.

    Args:
        array: uint8, shape (n, height, width) or (n, height, width, 1 or 3), RGB; uint16, grey.
    """
    return partial(_png, array, index)


def with_own_range(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Arrays of a source whose values do not fill a byte, such as 0 to 16, as pictures of more than 8 bits.

    As bytes they would look black. The range of such pictures is found for all of them, and stated.

    Args:
        arrays: uint8, as ``require_pictures`` returns them.
    Returns:
        uint16 for grey pictures of that kind; others as they are.
    """
    top = max((int(array.max()) for array in arrays if array.size), default=0)
    are_grey = all(array.ndim == 3 or array.shape[-1] == 1 for array in arrays)
    return [array.astype(np.uint16) for array in arrays] if 0 < top < _DARK and are_grey else list(arrays)


def require_pictures(array: np.ndarray, name: str) -> np.ndarray:
    """The array as uint8 pictures: grey or RGB, channels last.

    Values from 0 to 1 are scaled to 0 to 255. Channels that come first are moved.

    Raises:
        DataError: the shape or the values are not those of pictures.
    """
    if array.ndim == 4 and array.shape[1] in {1, 3} and array.shape[-1] not in {1, 3}:
        array = np.moveaxis(array, 1, -1)
    is_picture = array.ndim == 3 or (array.ndim == 4 and array.shape[-1] in {1, 3})
    if not is_picture or 0 in array.shape[1:]:
        raise DataError(
            N_(
                "{name} has the shape {shape}. Expected are pictures: (count, height, width) "
                "or (count, height, width, 3)."
            ),
            name=name,
            shape=str(array.shape),
        )
    if array.dtype.kind not in "uifb":
        raise DataError(
            N_("{name} holds {type} values. Expected are numbers from 0 to 255, or from 0 to 1."),
            name=name,
            type=str(array.dtype),
        )
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if low >= 0.0 and high <= 1.0:
        return np.rint(array * np.float32(255)).astype(np.uint8)
    if array.dtype == np.uint8:
        return array
    if low >= 0.0 and high <= 255.0:
        return np.rint(array).astype(np.uint8)
    raise DataError(
        N_(
            "{name} holds values from {low} to {high}. Expected are 0 to 255, or 0 to 1. "
            "Scale them before you save the file."
        ),
        name=name,
        low=number(low),
        high=number(high),
    )


def _png(array: np.ndarray, index: int) -> bytes:
    pixels = array[index]
    if pixels.ndim == 3 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()
