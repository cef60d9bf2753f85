"""Where each pixel of a moved picture comes from: one mapping for all of a picture's movements.

Pixel coordinates: x to the right, y down, 0 at the picture's edge; the centre of the
first pixel is at 0.5. Everything is mapped from the new picture to the old one.
"""

from __future__ import annotations

import numpy as np

from core.models.augmentation.transform_params import BEND_CELLS, Draws

Matrices = np.ndarray  # float64 (B, 3, 3), on columns (x, y, 1)


def homographies(draws: Draws, height: int, width: int) -> Matrices:
    """The movements without bending; exactly the identity where nothing moves."""
    size = np.array([width, height], np.float64)
    turned = _linear(draws)
    middle = size / 2
    # About the middle, then shifted: p -> turned (p - middle) + middle - shift.
    moved = _affine(turned, middle - turned @ middle - draws.shift * size)
    kept = draws.kept.astype(np.float64)
    cut = _affine(kept[:, np.newaxis, np.newaxis] * np.eye(2), (1 - kept)[:, np.newaxis] * draws.place * size)
    return _tilts(draws, size) @ cut @ moved


def nodes(draws: Draws, matrices: Matrices, height: int, width: int) -> np.ndarray:
    """The old places of a bent picture's nodes, float64 (B, N, N, 2) of (x, y); rows first.

    Between nodes, which stand at ``node_places``, places are interpolated bilinearly.
    """
    x, y = np.meshgrid(node_places(width), node_places(height))
    places = np.stack([x, y], axis=-1) + draws.bend * np.array([width, height])
    homogeneous = np.concatenate([places, np.ones((*places.shape[:-1], 1))], axis=-1)
    mapped = np.einsum("bij,brcj->brci", matrices, homogeneous)
    return mapped[..., :2] / mapped[..., 2:]


def node_places(side: int) -> np.ndarray:
    """Whole pixel edges from 0 to ``side``, as even as can be: int64 (BEND_CELLS + 1,)."""
    return np.rint(np.linspace(0, side, BEND_CELLS + 1)).astype(np.int64)


def corners_of(matrix: np.ndarray, height: int, width: int) -> np.ndarray:
    """The old places of the new picture's corners, float64 (4, 2)."""
    corners = np.array([(0, 0, 1), (width, 0, 1), (width, height, 1), (0, height, 1)], np.float64)
    mapped = corners @ matrix.T
    return mapped[:, :2] / mapped[:, 2:]


def _linear(draws: Draws) -> np.ndarray:
    """Turned, slanted and scaled: float64 (B, 2, 2)."""
    cosine, sine = np.cos(draws.turn, dtype=np.float64), np.sin(draws.turn, dtype=np.float64)
    turn = np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], axis=1)
    slant = np.tile(np.eye(2), (len(draws), 1, 1))
    slant[:, 0, 1], slant[:, 1, 0] = draws.shear[:, 0], draws.shear[:, 1]
    return draws.scale[:, np.newaxis, np.newaxis] * (slant @ turn)


def _affine(linear: np.ndarray, offset: np.ndarray) -> Matrices:
    matrices = np.tile(np.eye(3), (len(linear), 1, 1))
    matrices[:, :2, :2], matrices[:, :2, 2] = linear, offset
    return matrices


def _tilts(draws: Draws, size: np.ndarray) -> Matrices:
    """Each picture's corners to where they were drawn to: eight equations for eight unknowns."""
    matrices = np.tile(np.eye(3), (len(draws), 1, 1))
    tilted = draws.corners.any(axis=(1, 2))
    if tilted.any():
        corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * size
        matrices[tilted] = _through(corners, corners + draws.corners[tilted] * size)
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
