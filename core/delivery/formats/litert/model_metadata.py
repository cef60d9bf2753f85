"""TensorFlow Lite metadata of an image classifier, as MediaPipe, ML Binding and Netron read it.

The tables are those of ``metadata_schema.fbs`` in tflite-support 0.4.4, which cannot be installed beside
TensorFlow: it requires a protobuf of 2022. Numbers below are the positions of their fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import flatbuffers

from core.delivery.formats.interface import OUTPUTS, PICTURE

# Entry in a LiteRT file that names the buffer.
ENTRY = "TFLITE_METADATA"
_IDENTIFIER = b"M001"
# Oldest version of the schema that has every field used here.
_PARSER_VERSION = "1.0.0"
_TEXT_FILE, _AXIS_LABELS = 1, 2
_FEATURES, _IMAGE = 1, 2
_RGB = 1
_NORMALIZATION = 1


@dataclass(frozen=True, kw_only=True)
class Description:
    """Sentences and facts of a classifier that its metadata tells."""

    name: str
    text: str
    version: str
    author: str
    licence: str
    # side of the picture in pixels
    input_size: int
    # names of the files packed behind the network
    labels_file: str
    facts_file: str


def classifier_metadata(description: Description, outputs: int) -> bytes:
    """Write the metadata buffer of a classifier.

    Args:
        outputs: number of outputs of the file: 2 with a stranger score.
    """
    tables = _Tables()
    results = [
        tables.tensor(
            OUTPUTS[0], "Probability of each class.", _FEATURES, label_file=description.labels_file
        ),
        tables.tensor(OUTPUTS[1], "Higher for pictures of none of the classes.", _FEATURES),
    ]
    size = description.input_size
    picture = tables.tensor(PICTURE, f"RGB, 0 to 255, {size} × {size} pixels.", _IMAGE, input_size=size)
    graph = tables.table({2: tables.vector([picture]), 3: tables.vector(results[:outputs])})
    facts = tables.file(description.facts_file, "Facts of this classifier, as JSON.", _TEXT_FILE)
    root = tables.table(
        {
            0: tables.text(description.name),
            1: tables.text(description.text),
            2: tables.text(description.version),
            3: tables.vector([graph]),
            4: tables.text(description.author),
            5: tables.text(description.licence),
            6: tables.vector([facts]),
            7: tables.text(_PARSER_VERSION),
        }
    )
    tables.builder.Finish(root, file_identifier=_IDENTIFIER)
    return bytes(tables.builder.Output())


class _Tables:
    """Writer of the schema's tables. Each method returns the offset of what it wrote."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(4096)

    def text(self, text: str) -> int:
        return int(self.builder.CreateString(text))

    def vector(self, offsets: Sequence[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())

    def numbers(self, numbers: Sequence[float]) -> int:
        self.builder.StartVector(4, len(numbers), 4)
        for number in reversed(numbers):
            self.builder.PrependFloat32(number)
        return int(self.builder.EndVector())

    def table(
        self,
        offsets: Mapping[int, int],
        *,
        small: Mapping[int, int] | None = None,
        whole: Mapping[int, int] | None = None,
    ) -> int:
        """Write a table.

        Args:
            offsets: positions of fields, and what they refer to.
            small: the same of numbers of one byte.
            whole: the same of numbers of four bytes.
        """
        self.builder.StartObject(max({**offsets, **(small or {}), **(whole or {})}, default=-1) + 1)
        for position, offset in offsets.items():
            self.builder.PrependUOffsetTRelativeSlot(position, offset, 0)
        for position, number in (small or {}).items():
            self.builder.PrependByteSlot(position, number, 0)
        for position, number in (whole or {}).items():
            self.builder.PrependUint32Slot(position, number, 0)
        return int(self.builder.EndObject())

    def file(self, name: str, text: str, kind: int) -> int:
        return self.table({0: self.text(name), 1: self.text(text)}, small={2: kind})

    def tensor(
        self, name: str, text: str, content: int, *, label_file: str | None = None, input_size: int = 0
    ) -> int:
        """Write the description of an input or output."""
        properties = self._image(input_size) if content == _IMAGE else self.table({})
        fields = {
            0: self.text(name),
            1: self.text(text),
            3: self.table({1: properties}, small={0: content}),
        }
        if content == _IMAGE:
            fields[4] = self.vector([self._unchanged()])
        if label_file is not None:
            fields[6] = self.vector([self.file(label_file, "Classes, one a line.", _AXIS_LABELS)])
        return self.table(fields)

    def _image(self, size: int) -> int:
        return self.table({1: self.table({}, whole={0: size, 1: size})}, small={0: _RGB})

    def _unchanged(self) -> int:
        """Preprocessing that changes nothing: it is inside the network."""
        options = self.table({0: self.numbers([0.0]), 1: self.numbers([1.0])})
        return self.table({1: options}, small={0: _NORMALIZATION})
