"""A tiny ONNX file written by hand, so that tests need no onnx package: field numbers of onnx/onnx.proto."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FLOAT = 1


def varint(number: int) -> bytes:
    """Encode a number of a protocol buffer."""
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def field(number: int, value: bytes | str | int) -> bytes:
    """Encode one field: a message, text or whole number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def node(
    operator: str, inputs: Sequence[str], output: str, *, domain: str = "", axis: int | None = None
) -> bytes:
    parts = [field(1, name) for name in inputs] + [field(2, output), field(4, operator)]
    if domain:
        parts.append(field(7, domain))
    if axis is not None:
        parts.append(field(5, field(1, "axis") + field(3, axis) + field(20, 2)))
    return b"".join(parts)


def tensor(name: str, values: np.ndarray, *, location: str = "") -> bytes:
    """Encode weights; with ``location`` they are said to lie in another file."""
    head = b"".join(field(1, length) for length in values.shape) + field(2, FLOAT) + field(8, name)
    if location:
        return head + field(13, field(1, "location") + field(2, location)) + field(14, 1)
    return head + field(9, values.astype("<f4").tobytes())


def value(name: str, shape: Sequence[int | str]) -> bytes:
    lengths = b"".join(
        field(1, field(1, length) if isinstance(length, int) else field(2, length)) for length in shape
    )
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, lengths)))


def colour_onnx(
    outputs: Sequence[int] = (0, 1, 2),
    *,
    side: int = 24,
    location: str = "",
    domain: str = "",
    names: Sequence[str] = (),
    table: Sequence[str] = (),
) -> bytes:
    """A network that answers with the strongest channel of a picture: NCHW, float32, a softmax at its end.

    Args:
        location: file that the weights are said to lie in.
        domain: maker of an operator that no runtime knows.
        names: class names among the properties, as Ultralytics writes them.
        table: class names of an answer in the form of Windows ML: a table of probabilities by name.
    """
    kernel = np.zeros((3, len(outputs)), np.float32)
    kernel[list(outputs), range(len(outputs))] = 20
    graph = b"".join(
        [
            field(1, node("GlobalAveragePool", ["images"], "means")),
            field(1, node("Flatten", ["means"], "vector", axis=1)),
            field(1, node("MatMul", ["vector", "kernel"], "logits")),
            field(1, node("Mine" if domain else "Softmax", ["logits"], "answer", domain=domain)),
            field(2, "colours"),
            field(5, tensor("kernel", kernel, location=location)),
            field(11, value("images", ["batch", 3, side, side])),
            *_answer(outputs, table),
        ]
    )
    pairs = str(dict(enumerate(names)))
    properties = field(14, field(1, "names") + field(2, pairs)) if names else b""
    opsets = field(8, field(2, 13)) + (field(8, field(1, "ai.onnx.ml") + field(2, 1)) if table else b"")
    opsets += field(8, field(1, domain) + field(2, 1)) if domain else b""
    return field(1, 8) + opsets + field(7, graph) + properties


def _answer(outputs: Sequence[int], table: Sequence[str]) -> list[bytes]:
    if not table:
        return [field(12, value("answer", ["batch", len(outputs)]))]
    labels = field(1, "classlabels_strings") + b"".join(field(9, name) for name in table) + field(20, 8)
    zip_map = node("ZipMap", ["answer"], "loss", domain="ai.onnx.ml") + field(5, labels)
    numbers = field(1, field(1, FLOAT))
    kind = field(4, field(1, field(5, field(1, 8) + field(2, numbers))))
    return [field(1, zip_map), field(12, field(1, "loss") + field(2, kind))]
