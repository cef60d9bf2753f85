"""Pickles of plain values and arrays of numbers, read without calling anything that they name.

The names in a pickle stand for the classes of this module. An array is made from its bytes
once its type and shape are known to be plain.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

_NUMBERS = re.compile(r"[biuf][1248]")
_BYTE_ORDERS = frozenset("<>|=")


class ObjectArrayError(pickle.UnpicklingError):
    """An array of Python objects."""


def load_plain_pickle(data: bytes) -> Any:
    """Read a pickle; its arrays are ``PickledArray``.

    Raises:
        ObjectArrayError: an array holds Python objects.
        Exception: of any kind; the pickle is damaged, or holds more than plain values.
    """
    return _PlainUnpickler(io.BytesIO(data), encoding="bytes").load()


class _PickledType:
    """A type of numbers, such as “u1”."""

    def __init__(self, code: str | bytes, *_: Any) -> None:
        self.code = code.decode("ascii") if isinstance(code, bytes) else code
        self.order = "|"
        if self.code.startswith("O"):
            raise ObjectArrayError("an array holds Python objects")
        if not _NUMBERS.fullmatch(self.code):
            raise pickle.UnpicklingError(f"an array of “{self.code}” is no array of numbers")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if order not in _BYTE_ORDERS:
            raise pickle.UnpicklingError(f"“{order}” is no byte order")
        self.order = order


class PickledArray:
    """An array of numbers, empty until the pickle says what it holds."""

    def __init__(self, *_: Any) -> None:
        self.values = np.zeros(0, np.uint8)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, is_fortran, content = state
        if not isinstance(kind, _PickledType) or not isinstance(content, bytes):
            raise pickle.UnpicklingError("an array holds more than numbers")
        values = np.frombuffer(content, np.dtype(kind.order + kind.code))
        if any(length < 0 for length in shape) or values.size != math.prod(shape):
            raise pickle.UnpicklingError(f"an array of the shape {shape} has {values.size} values")
        self.values = values.reshape(shape, order="F" if is_fortran else "C")


def _encode(text: str, encoding: str | bytes) -> bytes:
    """Bytes as Python 3 writes them for Python 2; other encodings can multiply their text."""
    if encoding not in {"latin1", b"latin1"}:
        raise pickle.UnpicklingError(f"the encoding {encoding!r} is not allowed")
    return text.encode("latin1")


# ``numpy.core`` is the name of older versions.
_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): PickledArray,
    ("numpy", "dtype"): _PickledType,
    ("numpy.core.multiarray", "_reconstruct"): PickledArray,
    ("numpy._core.multiarray", "_reconstruct"): PickledArray,
    ("_codecs", "encode"): _encode,
}


# The one in Python: the one in C makes room for as many values as the file announces.
class _PlainUnpickler(pickle._Unpickler):
    """Unpickler of plain values and arrays of numbers."""

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed") from None

    def _build(self) -> None:
        """Fill an array or a type; nothing else has a state."""
        state = self.stack.pop()  # type: ignore[attr-defined]
        instance = self.stack[-1]  # type: ignore[attr-defined]
        if not isinstance(instance, PickledArray | _PickledType):
            raise pickle.UnpicklingError(f"{type(instance).__name__} has no state")
        instance.__setstate__(state)

    dispatch[pickle.BUILD[0]] = _build
