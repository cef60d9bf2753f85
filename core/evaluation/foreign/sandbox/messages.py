"""Messages between Darkroom and the isolated process: a line of JSON, arrays as plain bytes."""

from __future__ import annotations

import json
import math
from typing import Any, BinaryIO

import numpy as np

# Of a line; a message has at most some thousand class names.
_LONGEST_LINE = 4 << 20
# Lists and objects inside one another; an interface has 4.
_DEEPEST = 16
_LARGEST_ARRAY_BYTES = 1 << 30


class BrokenMessageError(Exception):
    """Message that is cut off: the process ended."""


class UnfitMessageError(BrokenMessageError):
    """Message of another form than expected, or too large: the process is not to be trusted."""


def send(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Write a message."""
    stream.write(json.dumps(message).encode() + b"\n")
    stream.flush()


def send_array(stream: BinaryIO, array: np.ndarray) -> None:
    """Write an array of numbers: a message with its type and shape, then its bytes."""
    whole = np.ascontiguousarray(array)
    send(stream, {"dtype": whole.dtype.name, "shape": list(whole.shape)})
    stream.write(whole.data)
    stream.flush()


def receive(stream: BinaryIO) -> dict[str, Any]:
    """Read a message; empty at the end of the stream.

    Raises:
        BrokenMessageError: the line is cut off.
        UnfitMessageError: it is not a message, too long or too deep.
    """
    line = stream.readline(_LONGEST_LINE)
    if not line:
        return {}
    if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
        raise BrokenMessageError
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnfitMessageError from error
    if not isinstance(message, dict) or _is_deeper(message, _DEEPEST):
        raise UnfitMessageError
    return message


def receive_array(
    stream: BinaryIO, header: dict[str, Any], most_bytes: int = _LARGEST_ARRAY_BYTES
) -> np.ndarray:
    """Read the array that a message announces.

    Raises:
        BrokenMessageError: the array is cut off.
        UnfitMessageError: it is no array of numbers, or too large.
    """
    if not header:
        raise BrokenMessageError
    try:
        dtype = np.dtype(str(header["dtype"]))
        shape = tuple(int(length) for length in header["shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnfitMessageError from error
    size = math.prod(shape) * dtype.itemsize
    if dtype.kind not in "iuf" or min(shape, default=0) < 0 or size > most_bytes:
        raise UnfitMessageError
    data = stream.read(size)
    if len(data) != size:
        raise BrokenMessageError
    return np.frombuffer(data, dtype).reshape(shape)


def _is_deeper(message: dict[str, Any], limit: int) -> bool:
    """True if more lists and objects are inside one another than ``limit``."""
    level: list[Any] = [message]
    for _ in range(limit):
        lists = [item.values() if isinstance(item, dict) else item for item in level]
        level = [child for items in lists for child in items if isinstance(child, dict | list)]
    return bool(level)
