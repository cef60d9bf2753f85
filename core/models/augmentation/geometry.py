"""Geometry of moved pictures: one mapping from new to old pixels for all movements.

Pixel coordinates: x to the right, y down, 0 at the picture's edge; the centre of the
first pixel is at 0.5. Every mapping goes from the new picture to the old one.
"""

from __future__ import annotations

import numpy as np

from core.models.augmentation.transform_params import ELASTIC_CELLS, TransformParams

Matrices = np.ndarray  # float64 (B, 3, 3), on columns (x, y, 1)


def homographies(params: TransformParams, height: int, width: int) -> Matrices:
    """Homographies of all movements but the elastic ones; exactly the identity where nothing moves."""
    size = np.array([width, height], np.float64)
    turned = _linear(params)
    middle = size / 2
    # About the middle, then shifted: p -> turned (p - middle) + middle - shift.
    moved = _affine(turned, middle - turned @ middle - params.shift * size)
    crop_size = params.crop_size.astype(np.float64)
    cut = _affine(
        crop_size[:, np.newaxis, np.newaxis] * np.eye(2),
        (1 - crop_size)[:, np.newaxis] * params.crop_position * size,
    )
    return _perspectives(params, size) @ cut @ moved


def nodes(params: TransformParams, matrices: Matrices, height: int, width: int) -> np.ndarray:
    """Old coordinates of an elastic picture's nodes, float64 (B, N, N, 2) of (x, y); rows first.

    Between nodes, which are at ``node_coordinates``, coordinates are interpolated bilinearly.
    """
    x, y = np.meshgrid(node_coordinates(width), node_coordinates(height))
    coordinates = np.stack([x, y], axis=-1) + params.elastic * np.array([width, height])
    homogeneous = np.concatenate([coordinates, np.ones((*coordinates.shape[:-1], 1))], axis=-1)
    mapped = np.einsum("bij,brcj->brci", matrices, homogeneous)
    return mapped[..., :2] / mapped[..., 2:]


def node_coordinates(side: int) -> np.ndarray:
    """Whole pixel edges from 0 to ``side``, as even as possible: int64 (ELASTIC_CELLS + 1,)."""
    return np.rint(np.linspace(0, side, ELASTIC_CELLS + 1)).astype(np.int64)


def corners_of(matrix: np.ndarray, height: int, width: int) -> np.ndarray:
    """Old coordinates of the new picture's corners, float64 (4, 2)."""
    corners = np.array([(0, 0, 1), (width, 0, 1), (width, height, 1), (0, height, 1)], np.float64)
    mapped = corners @ matrix.T
    return mapped[:, :2] / mapped[:, 2:]


def _linear(params: TransformParams) -> np.ndarray:
    """Rotation, shear and zoom: float64 (B, 2, 2)."""
    cosine, sine = np.cos(params.rotation, dtype=np.float64), np.sin(params.rotation, dtype=np.float64)
    turn = np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], axis=1)
    shear = np.tile(np.eye(2), (len(params), 1, 1))
    shear[:, 0, 1], shear[:, 1, 0] = params.shear[:, 0], params.shear[:, 1]
    return params.zoom[:, np.newaxis, np.newaxis] * (shear @ turn)


def _affine(linear: np.ndarray, offset: np.ndarray) -> Matrices:
    matrices = np.tile(np.eye(3), (len(linear), 1, 1))
    matrices[:, :2, :2], matrices[:, :2, 2] = linear, offset
    return matrices


def _perspectives(params: TransformParams, size: np.ndarray) -> Matrices:
    """Perspective homographies from four moved corners: eight equations for eight unknowns."""
    matrices = np.tile(np.eye(3), (len(params), 1, 1))
    tilted = params.perspective.any(axis=(1, 2))
    if tilted.any():
        corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * size
        matrices[tilted] = _through(corners, corners + params.perspective[tilted] * size)
    return matrices


def _through(before: np.ndarray, after: np.ndarray) -> Matrices:
    """The homographies that take four points (4, 2) to four others each (B, 4, 2)."""
    x, y = before[:, 0], before[:, 1]
    equations, known = np.zeros((len(after), 8, 8)), np.zeros((len(after), 8))
    for row, coordinate in enumerate((after[..., 0], after[..., 1])):
        part = slice(4 * row, 4 * row + 4)
        equations[:, part, 3 * row : 3 * row + 3] = np.stack([x, y, np.ones(4)], axis=1)
        equations[:, part, 6], equations[:, part, 7] = -x * coordinate, -y * coordinate
        known[:, part] = coordinate
    solved = np.linalg.solve(equations, known[..., np.newaxis])[..., 0]
    return np.concatenate([solved, np.ones((len(after), 1))], axis=1).reshape(-1, 3, 3)
