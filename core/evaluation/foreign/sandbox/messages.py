"""Messages between Darkroom and the isolated process: a line of JSON, arrays as plain bytes."""

from __future__ import annotations

import json
import math
from typing import Any, BinaryIO

import numpy as np

# Of a line; a message has at most some thousand class names.
_LONGEST_LINE = 4 << 20
_LARGEST_ARRAY_BYTES = 1 << 30


class BrokenMessageError(Exception):
    """Message of another form than expected, or cut off: the process ended or is not to be trusted."""


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
        BrokenMessageError: the line is not a message.
    """
    line = stream.readline(_LONGEST_LINE)
    if not line:
        return {}
    try:
        message = json.loads(line)
    except ValueError as error:
        raise BrokenMessageError from error
    if not isinstance(message, dict):
        raise BrokenMessageError
    return message


def receive_array(stream: BinaryIO, header: dict[str, Any]) -> np.ndarray:
    """Read the array that a message announces.

    Raises:
        BrokenMessageError: it is no array of numbers, too large, or cut off.
    """
    try:
        dtype = np.dtype(str(header["dtype"]))
        shape = tuple(int(length) for length in header["shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenMessageError from error
    size = math.prod(shape) * dtype.itemsize
    if dtype.kind not in "iuf" or min(shape, default=0) < 0 or size > _LARGEST_ARRAY_BYTES:
        raise BrokenMessageError
    data = stream.read(size)
    if len(data) != size:
        raise BrokenMessageError
    return np.frombuffer(data, dtype).reshape(shape)
