"""NumPy files with pictures and labels: MedMNIST, Keras and other ``.npz``, or pairs of ``.npy``.

Arrays belong together by their names: ``train_images`` and ``train_labels``, ``x_test`` and
``y_test``, ``images`` and ``labels``. Object arrays are never loaded, because they run code.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from core.data.formats.annotations import Labels
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
from core.data.formats.survey import Survey, is_picture_name, read_label_file
from core.data.import_config import ImportConfig
from core.data.labels.layout import Split, split_named
from core.data.notes import Note, NoteKind
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_, Message

_MOST_UNPACKED_BYTES = 4 << 30
_WORDS = re.compile(r"[a-z]+")
_PICTURE_WORDS = frozenset({"x", "images", "image", "imgs", "data", "pictures"})
_LABEL_WORDS = frozenset({"y", "labels", "label", "targets", "target", "classes"})


@dataclass(frozen=True, kw_only=True)
class _ArrayName:
    """Role of an array, by its name: pictures or labels, and the rest of the name."""

    member: Member
    key: str  # in an .npz; "" for an .npy
    is_pictures: bool
    rest: tuple[str, ...]


def _role(member: Member, key: str, stem: str) -> _ArrayName | None:
    words = _WORDS.findall(stem.lower())
    roles = [word for word in words if word in _PICTURE_WORDS | _LABEL_WORDS]
    if not roles:
        return None
    rest = tuple(word for word in words if word not in _PICTURE_WORDS | _LABEL_WORDS)
    is_pictures = not any(word in _LABEL_WORDS for word in roles)
    return _ArrayName(member=member, key=key, is_pictures=is_pictures, rest=(*member.parts[:-1], *rest))


def _names(survey: Survey) -> list[_ArrayName]:
    names = [_role(member, "", member.parts[-1].rpartition(".")[0]) for member in survey.ending(".npy")]
    for member in survey.ending(".npz"):
        with _opened(member) as archive:
            names += [_role(member, key, key) for key in archive.files]
    return [name for name in names if name is not None]


def _pairs(survey: Survey) -> list[tuple[_ArrayName, _ArrayName | None]]:
    """Arrays of pictures with their labels."""
    names = _names(survey)
    labels = {
        (name.rest, name.member.name if name.key else ""): name for name in names if not name.is_pictures
    }
    return [
        (name, labels.get((name.rest, name.member.name if name.key else "")))
        for name in names
        if name.is_pictures
    ]


def _recognise(survey: Survey) -> Evidence | None:
    if not survey.ending(".npz", ".npy"):
        return None
    pairs = [pair for pair in _pairs(survey) if pair[1] is not None]
    if not pairs:
        return None
    pictures, labels = pairs[0]
    assert labels is not None
    # Beside picture files they may hold anything, such as features.
    has_pictures = any(is_picture_name(member.parts[-1]) for member in survey.members)
    return Evidence(
        confidence=Confidence.LIKELY if has_pictures else Confidence.CERTAIN,
        sentence=Message(
            N_("“{pictures}” and “{labels}” are arrays of pictures and labels"),
            {"pictures": _shown(pictures), "labels": _shown(labels)},
        ),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    multi_label = config.multi_label
    arrays: list[np.ndarray] = []
    labels_of_arrays: list[np.ndarray | None] = []
    pairs = _pairs(survey)
    files: dict[str, Member] = {}
    for name, labels_name in pairs:
        array = require_pictures(_load(name), _shown(name))
        labels = _label_array(labels_name) if labels_name else None
        if labels is not None and len(labels) != len(array):
            raise DataError(
                N_("{pictures} has {count} pictures and {labels} {other} labels."),
                pictures=_shown(name),
                count=len(array),
                labels=_shown(labels_name) if labels_name else "",
                other=len(labels),
            )
        multi_label = multi_label or _is_multi_label(labels)
        arrays.append(array)
        labels_of_arrays.append(labels)
        for used in (name, labels_name):
            if used is not None:
                files[used.member.name] = used.member
    pictures: list[EmbeddedPicture] = []
    for (name, _), array, labels in zip(pairs, with_own_range(arrays), labels_of_arrays, strict=True):
        split = next((split for word in name.rest if (split := split_named(word))), None)
        pictures += _pictures(_as_file(name), array, labels, split, multi_label=multi_label)
    return embedded_reading(
        pictures,
        survey,
        files.values(),
        multi_label=multi_label,
        notes=[Note(kind=NoteKind.UNNAMED_CLASSES)],
    )


def _pictures(
    data_file: Member,
    array: np.ndarray,
    labels: np.ndarray | None,
    split: Split | None,
    *,
    multi_label: bool,
) -> Iterator[EmbeddedPicture]:
    for index in range(len(array)):
        names = _labels(labels[index], multi_label=multi_label) if labels is not None else None
        yield (
            embedded(data_file, index, reader_of_array(array, index)),
            assigned(names, split, multi_label=multi_label),
        )


def _is_multi_label(labels: np.ndarray | None) -> bool:
    """True for rows of 0 and 1 of which one has not exactly one 1."""
    if labels is None or labels.ndim != 2 or labels.shape[1] < 2:
        return False
    return bool(np.any(labels.sum(axis=1) != 1))


def _labels(value: np.ndarray, *, multi_label: bool) -> Labels | None:
    """Class numbers of one picture: from a row of 0 and 1, or a number; NaN says that it has none."""
    flat = np.ravel(value)
    if flat.size > 1:
        return tuple(str(index) for index in np.flatnonzero(flat))
    item = flat[0].item() if flat.size else float("nan")
    if isinstance(item, float):
        return None if math.isnan(item) else (str(int(item) if item.is_integer() else item),)
    return (item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item),)


def _as_file(name: _ArrayName) -> Member:
    """The array as a file of the source, whose name the pictures bear as their folder."""
    if not name.key:
        return name.member
    member = name.member
    return Member(name=_shown(name), parts=(*member.parts, name.key), read=member.read)


def _shown(name: _ArrayName) -> str:
    return f"{name.member.name}/{name.key}" if name.key else name.member.name


def _opened(member: Member) -> np.lib.npyio.NpzFile:
    try:
        archive = np.load(io.BytesIO(read_label_file(member)), allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("no npz")
        members = archive.zip.infolist() if archive.zip else []
        if sum(int(info.file_size) for info in members) > _MOST_UNPACKED_BYTES:
            raise ValueError(f"it unpacks to more than {_MOST_UNPACKED_BYTES >> 30} GB")
    except DataError:
        raise
    except Exception as error:  # a damaged file raises errors of every kind
        raise _unreadable(member.name, error) from error
    return archive


def _load(name: _ArrayName) -> np.ndarray:
    """
    Raises:
        DataError: the array is damaged, or holds Python objects.
    """
    data = read_label_file(name.member)
    try:
        if not name.key:
            return _array(io.BytesIO(data), len(data))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            info = archive.getinfo(f"{name.key}.npy")
            with archive.open(info) as stream:
                return _array(stream, info.file_size)
    except Exception as error:  # a damaged file raises errors of every kind
        raise _unreadable(_shown(name), error) from error


def _array(stream: IO[bytes], size: int) -> np.ndarray:
    """Read an array that is there as a whole: NumPy makes room for what the file announces.

    Args:
        size: bytes of the file.
    """
    version = np.lib.format.read_magic(stream)
    read_header = (
        np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    )
    shape, _, kind = read_header(stream)
    if kind.hasobject:
        raise ValueError("it holds Python objects")
    if min(shape, default=0) < 0 or math.prod(shape) * kind.itemsize > size:
        raise ValueError(f"it is cut off: {shape} of {kind} do not fit into {size} bytes")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)


def _label_array(name: _ArrayName) -> np.ndarray:
    """
    Raises:
        DataError: it has neither one label for each picture nor a row of 0 and 1.
    """
    array = np.atleast_1d(_load(name))
    is_plain = array.dtype.kind in "uifb" or (array.dtype.kind in "SU" and array.size == len(array))
    has_rows = array.ndim == 2 and array.shape[1] > 1
    if not is_plain or array.ndim > 2 or (has_rows and not np.isin(array, (0, 1)).all()):
        raise DataError(
            N_(
                "{name} holds {type} values of the shape {shape}. Expected are labels: a number or text for each picture, or a row of 0 and 1."
            ),
            name=_shown(name),
            type=str(array.dtype),
            shape=str(array.shape),
        )
    return array


def _unreadable(name: str, error: BaseException) -> DataError:
    return DataError(
        N_("{name} cannot be read as a NumPy array: {error}. Save it again without objects."),
        name=name,
        error=str(error),
    )


NUMPY_FILES = ImportFormat(
    name="numpy",
    label=N_("NumPy arrays"),
    caption=N_("“.npz” or “.npy” with pictures and labels, such as MedMNIST."),
    recognise=_recognise,
    read=_read,
)
