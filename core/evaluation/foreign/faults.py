"""Errors of foreign models that several modules raise."""

from __future__ import annotations

from pathlib import Path

from core.errors import ForeignModelError
from core.messages import N_

__all__ = ["ForeignModelError", "custom_parts", "damaged"]


def damaged(file: Path) -> ForeignModelError:
    """Make the error for a file that only pretends to be a model, or is cut off."""
    return ForeignModelError(
        N_(
            "{file} is damaged, cut off, or not a model of the kind that its name says. Export or copy it again."
        ),
        file=file.name,
    )


def custom_parts(file: Path, names: str) -> ForeignModelError:
    """Make the error for a model with layers or operations of its own."""
    return ForeignModelError(
        N_(
            "{file} contains parts that are programs of their own ({names}). Foreign programs are never run here, so it was not opened. Build the model from standard layers, or export it as TFLite or ONNX."
        ),
        file=file.name,
        names=names,
    )
