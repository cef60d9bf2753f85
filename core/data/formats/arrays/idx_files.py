"""IDX files of MNIST and its successors: ``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte``.

Source: https://yann.lecun.org/exdb/mnist. The magic number holds the type and the number of
dimensions; sizes are big-endian.
"""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np

from core.data.formats.arrays.embedded import (
    EmbeddedPicture,
    assigned,
    embedded,
    embedded_reading,
    reader_of_array,
)
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import split_of_path
from core.data.formats.survey import MAX_LABEL_FILE_BYTES, Survey, read_label_file
from core.data.import_config import ImportConfig
from core.data.labels.layout import Split, split_named
from core.data.notes import Note, NoteKind
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_, Message

_UNSIGNED_BYTE = 0x08
_PICTURES, _LABELS = 3, 1  # dimensions


def _pairs(survey: Survey) -> list[tuple[Member, Member]]:
    """Files of pictures with their files of labels, whose names differ in one word."""
    by_name = {member.parts: member for member in survey.beside_pictures}
    pairs = []
    for parts, member in by_name.items():
        name = parts[-1]
        if "images" in name and "idx3" in name:
            labels = name.replace("images", "labels").replace("idx3", "idx1")
            if (partner := by_name.get((*parts[:-1], labels))) is not None:
                pairs.append((member, partner))
    return pairs


def _recognise(survey: Survey) -> Evidence | None:
    pairs = _pairs(survey)
    if not pairs:
        return None
    return Evidence(
        confidence=Confidence.CERTAIN,
        sentence=Message(N_("{file} has a file of labels beside it"), {"file": pairs[0][0].name}),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    pictures: list[EmbeddedPicture] = []
    files: list[Member] = []
    for pictures_file, labels_file in _pairs(survey):
        images = _load(pictures_file, _PICTURES)
        labels = _load(labels_file, _LABELS)
        if len(images) != len(labels):
            raise DataError(
                N_("{pictures} has {count} pictures and {labels} {other} labels."),
                pictures=pictures_file.name,
                count=len(images),
                labels=labels_file.name,
                other=len(labels),
            )
        files += [pictures_file, labels_file]
        split = _split(survey, pictures_file)
        pictures += [
            (
                embedded(pictures_file, index, reader_of_array(images, index)),
                assigned((str(int(labels[index])),), split, multi_label=config.multi_label),
            )
            for index in range(len(images))
        ]
    return embedded_reading(
        pictures,
        survey,
        files,
        multi_label=config.multi_label,
        notes=[Note(kind=NoteKind.UNNAMED_CLASSES)],
    )


def _split(survey: Survey, member: Member) -> Split | None:
    if member.parts[-1].lower().startswith("t10k"):  # MNIST's name of the test set
        return split_named("test")
    return split_of_path(survey.inner_path(member))


def _load(member: Member, dimensions: int) -> np.ndarray:
    """
    Returns:
        uint8, shape (n,) or (n, height, width).
    Raises:
        DataError: it is no IDX file of bytes with so many dimensions, or is cut off.
    """
    data = _unpacked(member)
    header_bytes = 4 + 4 * dimensions
    if len(data) >= header_bytes and data[:4] == bytes((0, 0, _UNSIGNED_BYTE, dimensions)):
        shape = struct.unpack(f">{dimensions}I", data[4:header_bytes])
        values = np.frombuffer(data, np.uint8, offset=header_bytes)
        one = math.prod(shape[1:])
        # Datumaro announces the number of bytes where that of the pictures stands.
        if values.size in {shape[0] * one, shape[0]} and one and values.size % one == 0:
            return values.reshape(-1, *shape[1:])
    raise _cut_off(member)


def _unpacked(member: Member) -> bytes:
    data = read_label_file(member)
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpacking = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacking.decompress(data, MAX_LABEL_FILE_BYTES)
    except zlib.error as error:
        raise _cut_off(member) from error
    if not unpacking.eof:
        raise _cut_off(member)
    return unpacked


def _cut_off(member: Member) -> DataError:
    return DataError(N_("{file} is cut off, or no IDX file. Download it again."), file=member.name)


IDX_FILES = ImportFormat(
    name="idx",
    label=N_("MNIST files (IDX)"),
    caption=N_("“train-images-idx3-ubyte” and the like."),
    recognise=_recognise,
    read=_read,
)
