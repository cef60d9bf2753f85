"""Colour transforms as one matrix and one offset a picture: contrast, saturation, hue, brightness, invert."""

from __future__ import annotations

import numpy as np

from core.models.augmentation.transform_params import TransformParams

# brightness of red, green and blue (ITU-R BT.601)
LUMA = np.array([0.299, 0.587, 0.114])
_TO_YIQ = np.array([LUMA, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])


def colour_matrices(params: TransformParams) -> np.ndarray:
    """float64 (B, 3, 3), on columns (red, green, blue); exactly the identity where nothing changes."""
    matrices = params.contrast[:, np.newaxis, np.newaxis] * _hues(params) @ _saturations(params)
    return np.where(params.invert[:, np.newaxis, np.newaxis], -matrices, matrices)


def colour_offsets(params: TransformParams) -> tuple[np.ndarray, np.ndarray]:
    """Offsets of each colour, 0 to 255: ``mean colour @ matrix.T + constant``.

    Contrast works around the picture's mean colour, which only the pixels give.

    Returns:
        float64 (B, 3, 3), zero where the contrast stays, and float64 (B, 1).
    """
    about_mean = (1 - params.contrast)[:, np.newaxis, np.newaxis] * _hues(params) @ _saturations(params)
    added = 255.0 * params.brightness[:, np.newaxis]
    negative = params.invert[:, np.newaxis]
    return (
        np.where(negative[..., np.newaxis], -about_mean, about_mean),
        np.where(negative, 255 - added, added),
    )


def _saturations(params: TransformParams) -> np.ndarray:
    """Towards the grey that looks as bright, or away from it."""
    share = params.saturation[:, np.newaxis, np.newaxis].astype(np.float64)
    return share * np.eye(3) + (1 - share) * np.tile(LUMA, (3, 1))


def _hues(params: TransformParams) -> np.ndarray:
    """Turned about the axis of greys: brightness and greys stay as they are."""
    matrices = np.tile(np.eye(3), (len(params), 1, 1))
    turned = params.hue != 0
    cosine, sine = np.cos(params.hue[turned]), np.sin(params.hue[turned])
    turns = np.tile(np.eye(3), (len(cosine), 1, 1))
    turns[:, 1, 1], turns[:, 1, 2], turns[:, 2, 1], turns[:, 2, 2] = cosine, -sine, sine, cosine
    matrices[turned] = np.linalg.inv(_TO_YIQ) @ turns @ _TO_YIQ
    return matrices
