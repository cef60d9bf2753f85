"""Heatmaps as pictures: the map alone, or laid over the picture."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from core.evaluation.explanations.perturbation import enlarged

# Viridis (Smith & van der Walt 2015) at nine equal steps: perceptually uniform, and safe for colour-blind eyes.
VIRIDIS = ("#440154", "#472D7B", "#3B528B", "#2C728E", "#21918C", "#28AE80", "#5EC962", "#ADDC30", "#FDE725")


def coloured(support: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Colour a map float (h, w) from 0 to 1: uint8 RGB (height, width, 3), of ``size`` (height, width)."""
    heat = np.clip(enlarged(support, size), 0, 1)
    anchors = np.array([[int(colour[start : start + 2], 16) for start in (1, 3, 5)] for colour in VIRIDIS])
    positions = np.linspace(0, 1, len(anchors))
    channels = [np.interp(heat, positions, anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def overlaid(picture: np.ndarray, support: np.ndarray, opacity: float) -> np.ndarray:
    """Lay a map over its picture uint8 RGB (H, W, 3): 0 shows the picture, 1 the map; uint8 (H, W, 3)."""
    colours = coloured(support, picture.shape[:2]).astype(np.float32)
    mixed = (1 - opacity) * picture + opacity * colours
    return mixed.round().astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    """Encode uint8 RGB (H, W, 3) as PNG."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
