"""Import of Keras on NumPy without JAX and scikit-learn.

Keras 3.15.1's NumPy backend takes its Fourier transforms and convolutions from JAX, and
its scikit-learn wrappers import scikit-learn. The web process calls neither. Without
them the import takes a third of the time and 160 MB less memory, and JAX (380 MB on
disk) need not be installed.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import threading
import types
from collections.abc import Iterator, MutableSequence, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

_LEFT_OUT = ("jax", "keras.src.backend.jax")
_lock = threading.Lock()


def import_keras() -> None:
    """Import Keras, without JAX if its backend is NumPy.

    Call it before the first ``import keras`` of a function that runs in the web process.
    """
    with _lock:
        if "keras" in sys.modules:
            return
        if os.environ.get("KERAS_BACKEND") != "numpy":
            import keras

            return
        with _placeholders():
            import keras  # noqa: F401


@contextmanager
def _placeholders() -> Iterator[None]:
    """Make modules of JAX importable as empty ones, and scikit-learn missing."""
    finder = _PlaceholderFinder()
    hidden = "sklearn" not in sys.modules
    sys.meta_path.insert(0, finder)
    if hidden:
        sys.modules["sklearn"] = None  # type: ignore[assignment] # Python's own way to say: not installed
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if hidden:
            del sys.modules["sklearn"]
        for name in [name for name in sys.modules if _is_left_out(name)]:
            if isinstance(sys.modules[name], _Placeholder):
                del sys.modules[name]  # a later import gets the real JAX


class _Placeholder(types.ModuleType):
    """A module in which every name stands for something that is not there."""

    __path__: MutableSequence[str] = []  # noqa: RUF012 - what the import system looks at

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self.__name__}.{name}")


class _Absent:
    """Something that may be named but not called."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> _Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self._name}.{name}")

    def __call__(self, *arguments: Any, **options: Any) -> NoReturn:
        raise ImportError(f"{self._name} was left out of the web process; call it in a worker")


class _PlaceholderFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if _is_left_out(name) else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Placeholder(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """A placeholder needs no content."""


def _is_left_out(name: str) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in _LEFT_OUT)
