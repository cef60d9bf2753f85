"""Model that a runtime has loaded, and what all runtimes share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.evaluation.foreign.facts import Interface, TensorFacts
from core.evaluation.foreign.faults import custom_parts, damaged


@dataclass(frozen=True, kw_only=True)
class OpenedModel:
    """A loaded model."""

    interface: Interface
    # Numbers (B, …) in the input's type to the outputs, each (B, …) in its own type.
    answer: Callable[[np.ndarray], list[np.ndarray]]


def each_batch(
    batch: np.ndarray, shape: Any, run: Callable[[np.ndarray], list[np.ndarray]]
) -> list[np.ndarray]:
    """Run a batch at once, or picture by picture where the model has a batch of 1 built in."""
    if lengths(shape)[:1] != (1,):
        return run(batch)
    rows = [run(one[np.newaxis]) for one in batch]
    return [np.concatenate(items) for items in zip(*rows, strict=True)]


def tensor(name: str, shape: Any, dtype: str) -> TensorFacts:
    """State an input or output."""
    return TensorFacts(name=str(name), shape=lengths(shape), dtype=str(dtype))


def lengths(shape: Any) -> tuple[int, ...]:
    """Read a shape of any library; names and missing lengths become 0."""
    if getattr(shape, "rank", 0) is None:
        return ()
    axes = () if shape is None else shape
    return tuple(max(0, int(length)) if isinstance(length, (int, np.integer)) else 0 for length in axes)


@contextlib.contextmanager
def loading(path: Path) -> Iterator[None]:
    """Turn the many errors of loaders into one sentence."""
    try:
        yield
    except MemoryError:
        raise
    # Loaders raise anything for a file that is not theirs.
    except Exception as error:
        text = str(error)
        for start in ("Unknown layer: ", "unresolved custom op: ", "Could not locate class "):
            if start in text:
                name = text.partition(start)[2].split()[0].strip("'\".,")
                raise custom_parts(path, name) from error
        raise damaged(path) from error
