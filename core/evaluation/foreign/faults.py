"""Errors of foreign models that several modules raise."""

from __future__ import annotations

from pathlib import Path

from core.errors import ForeignModelError
from core.messages import N_

__all__ = ["ForeignModelError", "custom_parts", "damaged", "no_model", "pickled"]


def damaged(file: Path) -> ForeignModelError:
    """Make the error for a file that only pretends to be a model, or is cut off."""
    return ForeignModelError(
        N_(
            "{file} is damaged, cut off, or not a model of the kind that its name says. Export or copy it again."
        ),
        file=file.name,
    )


def no_model() -> ForeignModelError:
    """Make the error for a file or folder without a model of a known kind."""
    return ForeignModelError(
        N_(
            "There is no model in it. Possible are Keras (.keras, .h5), TFLite, ONNX, SavedModel and TensorFlow.js, and exports of Teachable Machine, Lobe and Custom Vision."
        )
    )


def pickled(file: Path) -> ForeignModelError:
    """Make the error for a pickle, whose opening calls what it names."""
    return ForeignModelError(
        N_(
            "{file} is a pickle, as PyTorch and scikit-learn write it. Opening a pickle runs programs inside it, so it was not opened. Export the model as ONNX (torch.onnx.export, skl2onnx), TFLite or Keras."
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
