"""CIFAR-10 and CIFAR-100: batches of pictures with labels, in their Python form or as plain bytes.

In the binary form a record is one byte for the class (two in CIFAR-100: coarse, fine) and 3072
for the picture. A pickle of the Python form can run code, so it is read by an unpickler of plain
values and arrays of numbers.

Source: https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.data.formats.arrays.embedded import (
    EmbeddedPicture,
    assigned,
    embedded,
    embedded_reading,
    reader_of_array,
)
from core.data.formats.arrays.pickles import ObjectArrayError, PickledArray, load_plain_pickle
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import class_named, class_names_on_lines, laid_out_as
from core.data.formats.survey import Survey, read_label_file
from core.data.import_config import ImportConfig
from core.data.labels.layout import Split
from core.data.notes import Note, NoteKind
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_, Message

_TOOL = "CIFAR"
_SPLITS = {f"data_batch_{number}": Split.TRAIN for number in range(1, 6)} | {
    "test_batch": Split.TEST,
    "train": Split.TRAIN,
    "test": Split.TEST,
}
_NAMES_FILES = {"batches.meta": "label_names", "meta": "fine_label_names"}
# The binary form: names of the classes, a line each, with the number of label bytes of a record.
_BINARY_NAMES_FILES = {"batches.meta.txt": 1, "fine_label_names.txt": 2}
_LABEL_KEYS = ("labels", "fine_labels")
_SIDE = 32


def _batches(survey: Survey) -> list[Member]:
    return _beside(survey, list(_NAMES_FILES), list(_SPLITS)) or _binary_batches(survey)


def _binary_batches(survey: Survey) -> list[Member]:
    return _beside(survey, list(_BINARY_NAMES_FILES), [f"{name}.bin" for name in _SPLITS])


def _beside(survey: Survey, names_files: list[str], batches: list[str]) -> list[Member]:
    """Batches in the folder of their names of classes; those of CIFAR-10 are known by their own names."""
    folders = {member.parts[:-1] for member in survey.named(*names_files)}
    found = [member for member in survey.named(*batches) if member.parts[-1] in batches]
    with_names = [member for member in found if member.parts[:-1] in folders]
    return with_names or [member for member in found if "_batch" in member.parts[-1]]


def _recognise(survey: Survey) -> Evidence | None:
    batches = _batches(survey)
    if not batches:
        return None
    return Evidence(
        confidence=Confidence.CERTAIN,
        sentence=Message(N_("{file} is a batch of CIFAR"), {"file": batches[0].name}),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    batches = _batches(survey)
    if not batches:
        return FormatReading(pictures=[])
    if batches == _binary_batches(survey):
        return _read_binary(survey, batches, config)
    names_files, names = survey.named(*_NAMES_FILES)[:1], []
    pictures: list[EmbeddedPicture] = []
    for names_file in names_files:
        with laid_out_as(_TOOL, names_file.name):
            names = [_text(name) for name in _load(names_file)[_NAMES_FILES[names_file.parts[-1]]]]
    for member in batches:
        with laid_out_as(_TOOL, member.name):
            batch = _load(member)
            array = _numbers(batch["data"], np.uint8).reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
            labels = next(batch[key] for key in _LABEL_KEYS if key in batch)
            if isinstance(labels, PickledArray):
                labels = labels.values.tolist()
            if len(labels) != len(array):
                raise ValueError(f"{len(array)} pictures, {len(labels)} labels")
            split = _SPLITS[member.parts[-1]]
            pictures += [
                (
                    embedded(member, index, reader_of_array(array, index)),
                    assigned((_class_name(names, int(label)),), split, multi_label=config.multi_label),
                )
                for index, label in enumerate(labels)
            ]
    return _reading(pictures, survey, names_files, batches, config)


def _reading(
    pictures: Sequence[EmbeddedPicture],
    survey: Survey,
    names_files: Sequence[Member],
    batches: Sequence[Member],
    config: ImportConfig,
) -> FormatReading:
    notes = [] if names_files else [Note(kind=NoteKind.UNNAMED_CLASSES)]
    files = [*names_files, *batches]
    return embedded_reading(pictures, survey, files, multi_label=config.multi_label, notes=notes)


def _class_name(names: Sequence[str], number: int) -> str:
    """The name of a class; without names its number."""
    return class_named(names, number) if names else str(number)


def _read_binary(survey: Survey, batches: list[Member], config: ImportConfig) -> FormatReading:
    names_files = survey.named(*_BINARY_NAMES_FILES)[:1]
    names = class_names_on_lines(survey, names_files[0]) if names_files else []
    label_bytes = _BINARY_NAMES_FILES[names_files[0].parts[-1].casefold()] if names_files else 1
    pictures: list[EmbeddedPicture] = []
    for member in batches:
        with laid_out_as(_TOOL, member.name):
            records = np.frombuffer(read_label_file(member), np.uint8).reshape(-1, label_bytes + 3 * _SIDE**2)
            array = records[:, label_bytes:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
            split = _SPLITS[member.parts[-1].removesuffix(".bin")]
            pictures += [
                (
                    embedded(member, index, reader_of_array(array, index)),
                    assigned((_class_name(names, int(label)),), split, multi_label=config.multi_label),
                )
                for index, label in enumerate(records[:, label_bytes - 1])
            ]
    return _reading(pictures, survey, names_files, batches, config)


def _load(member: Member) -> dict[str, Any]:
    """
    Raises:
        DataError: the pickle is damaged, or holds more than numbers and texts.
    """
    data = read_label_file(member)
    try:
        values = load_plain_pickle(data)
        return {_text(key): value for key, value in values.items()}
    except ObjectArrayError as error:
        raise DataError(
            N_(
                "{file} holds an array of Python objects. Datumaro writes CIFAR so, with red and blue exchanged. Export the dataset in another format, such as “datumaro”."
            ),
            file=member.name,
        ) from error
    except Exception as error:  # a damaged pickle raises errors of every kind
        raise DataError(
            N_("{file} holds more than pictures and labels, or is damaged: {error}. Download it again."),
            file=member.name,
            error=str(error),
        ) from error


def _numbers(value: Any, kind: type[np.generic]) -> np.ndarray:
    """
    Raises:
        ValueError: it is no array of such numbers.
    """
    if not isinstance(value, PickledArray) or value.values.dtype != kind:
        raise ValueError(f"no array of {kind.__name__}")
    return value.values


def _text(value: Any) -> str:
    """
    Raises:
        ValueError: it is no text.
    """
    if not isinstance(value, bytes | str):
        raise ValueError(f"{type(value).__name__} is no text")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


CIFAR = ImportFormat(
    name="cifar",
    label="CIFAR-10, CIFAR-100",
    caption=N_("The batches of the Python version."),
    recognise=_recognise,
    read=_read,
)
