"""Views of a picture inside a network, as ``core.models.views`` makes them from arrays. Imported by workers only."""

from __future__ import annotations

import keras
from keras import layers, ops

from core.models.views import View


def view_inside(picture: keras.KerasTensor, view: View, name: str) -> keras.KerasTensor:
    """Make one view of a picture, uint8 RGB (B, S, S, 3).

    Args:
        name: prefix of the names of its layers.
    """
    size = picture.shape[1]
    margin = view.margin(size)
    if margin:
        centre = layers.Cropping2D(margin, dtype="uint8", name=f"{name}_centre")(picture)
        stretched = layers.Resizing(size, size, dtype="float32", name=f"{name}_size")(centre)
        picture = ops.cast(ops.round(stretched), "uint8")
    return ops.flip(picture, axis=2) if view.is_mirrored else picture
