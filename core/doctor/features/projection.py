"""Map of a dataset: each picture is a point in the plane, near similar ones.

The method is t-SNE (van der Maaten and Hinton 2008) with the usual early exaggeration and
a start from the principal components. Each picture is attracted by its 15 nearest neighbours
with equal weights, which gives the same maps as tuned similarities (Böhm, Berens and Kobak
2022). The repulsion of all pairs is summed on a grid by a Fourier transform (Linderman et al.
2019), so the time grows linearly with the number of pictures. On the digits this takes a tenth
of scikit-learn's time, and as many neighbours on the map share a class.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import fft, sparse

from core.doctor.features.neighbours import nearest_neighbours
from core.doctor.features.row_cache import CachedRows, read_rows, write_rows
from core.progress import Progress, raise_if_stopped

# Pictures. The map of fewer is their two strongest components.
_MIN_EMBEDDED = 10
# Further pictures are placed by their neighbours.
_MAX_EMBEDDED = 20_000
# At most a fifth of the pictures.
_NEIGHBOURS = 15
# Neighbours that determine the position of a further picture.
_VOTERS = 5
# Exaggeration ends after the second number.
_ITERATIONS, _EXAGGERATED = 400, 150
_EXAGGERATION = 12.0
_MOMENTUM_EXAGGERATED, _MOMENTUM = 0.5, 0.8
_START_SPREAD = 1e-4
# Size of the grid's cells. The repulsion of a picture is strongest within 1.
_CELL = 0.35
# Along a side. Beyond, cells grow.
_MAX_CELLS = 1024
# Empty cells around the points, for the gradients.
_MARGIN = 2
_MAP = "map"


def project_to_plane(points: np.ndarray, progress: Progress, *, seed: int = 0) -> np.ndarray:
    """Project pictures to the plane; deterministic.

    Labels are ignored, so pictures among those of another class are visible.

    Args:
        points: reduced features, float32 (n, D), the strongest component first.
    Returns:
        float32 (n, 2), around the origin. Large distances have little meaning.
    Raises:
        JobStopped: the user stopped the work.
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(points))[:_MAX_EMBEDDED])
    embedded = _embed(points[chosen], progress)
    if len(chosen) == len(points):
        return embedded
    coordinates = np.empty((len(points), 2), np.float32)
    coordinates[chosen] = embedded
    rest = np.setdiff1d(np.arange(len(points)), chosen)
    neighbours = nearest_neighbours(
        points[rest], points[chosen], _VOTERS, on_block=lambda done, total: raise_if_stopped(progress)
    )
    # The median is inside the cluster of most neighbours, the mean between clusters.
    coordinates[rest] = np.median(embedded[neighbours.rows], axis=1)
    return coordinates


def write_map(dataset_folder: Path, digest: str, ids: np.ndarray, coordinates: np.ndarray) -> None:
    """Write a map as ``doctor/map-DIGEST.npz``; the digest names the pictures and the network."""
    write_rows(dataset_folder, _MAP, digest, CachedRows(ids=ids, values=coordinates))


def read_map(dataset_folder: Path, digest: str) -> CachedRows | None:
    """Read the map of these pictures, coordinates float32 (n, 2) in ``values``; None without one."""
    return read_rows(dataset_folder, _MAP, digest)


def map_written(dataset_folder: Path) -> int:
    """Return the time of the newest map, in nanoseconds; 0 without any."""
    files = (dataset_folder / "doctor").glob(f"{_MAP}-*.npz")
    return max((file.stat().st_mtime_ns for file in files), default=0)


def _embed(points: np.ndarray, progress: Progress) -> np.ndarray:
    """Compute t-SNE: float32 (n, 2)."""
    coordinates = _start(points)
    if len(points) < _MIN_EMBEDDED:
        return (coordinates / _START_SPREAD).astype(np.float32)
    graph = _neighbour_graph(points, progress)
    # After Belkina et al. 2019.
    learning_rate = len(points) / _EXAGGERATION
    velocity, gain = np.zeros_like(coordinates), np.ones_like(coordinates)
    for iteration in range(_ITERATIONS):
        raise_if_stopped(progress)
        is_exaggerated = iteration < _EXAGGERATED
        pull = _attraction(graph, coordinates) * (_EXAGGERATION if is_exaggerated else 1.0)
        gradient = pull - _repulsion(coordinates)
        # Jacobs' delta-bar-delta, as in the original: faster while the direction is stable.
        turns = np.sign(gradient) == np.sign(velocity)
        gain = np.maximum(np.where(turns, gain * 0.8, gain + 0.2), 0.01)
        momentum = _MOMENTUM_EXAGGERATED if is_exaggerated else _MOMENTUM
        velocity = momentum * velocity - learning_rate * gain * gradient
        coordinates = coordinates + velocity
        coordinates -= coordinates.mean(axis=0)
        progress.advance(iteration + 1, _ITERATIONS)
    return coordinates.astype(np.float32)


def _start(points: np.ndarray) -> np.ndarray:
    """Scale the two strongest components to a small spread: float64 (n, 2)."""
    start = np.zeros((len(points), 2))
    start[:, : points.shape[1]] = points[:, :2]
    spread = start[:, 0].std() if len(points) else 0.0
    scaled: np.ndarray = start * (_START_SPREAD / spread) if spread else start
    return scaled


def _neighbour_graph(points: np.ndarray, progress: Progress) -> Any:
    """Compute attraction weights: scipy.sparse.csr_array (n, n), symmetric, with sum 1."""
    count = len(points)
    rows = nearest_neighbours(
        points,
        points,
        min(_NEIGHBOURS, count // 5),
        own_rows=np.arange(count),
        on_block=lambda done, total: raise_if_stopped(progress),
    ).rows
    starts = np.arange(0, rows.size + 1, rows.shape[1])
    one_way = sparse.csr_array((np.ones(rows.size), rows.ravel(), starts), shape=(count, count))
    graph = sparse.csr_array(one_way + one_way.T)
    graph.data /= graph.data.sum()
    return graph


def _attraction(graph: Any, coordinates: np.ndarray) -> np.ndarray:
    """Sum p_ij (y_i - y_j) / (1 + |y_i - y_j|²) over j for each i: float64 (n, 2)."""
    here = np.repeat(np.arange(len(coordinates)), np.diff(graph.indptr))
    squares = np.square(coordinates[here] - coordinates[graph.indices]).sum(axis=1)
    weights = sparse.csr_array((graph.data / (1 + squares), graph.indices, graph.indptr), shape=graph.shape)
    # Of w_ij y_j, and of w_ij: (n, 3).
    sums = weights @ np.column_stack([coordinates, np.ones(len(coordinates))])
    pull: np.ndarray = coordinates * sums[:, 2:] - sums[:, :2]
    return pull


def _repulsion(coordinates: np.ndarray) -> np.ndarray:
    """Sum (y_i - y_j) / (1 + |y_i - y_j|²)² over j for each i, divided by 1 / (1 + …) over all pairs.

    The first sum is minus half the gradient of the second one's potential. Points are spread
    over the cells around them, the potential of the cells is a convolution, and both are
    interpolated at the points.

    Returns:
        float64 (n, 2).
    """
    lowest, span = coordinates.min(axis=0), np.ptp(coordinates, axis=0).max()
    cell = max(_CELL, span / _MAX_CELLS)
    position = (coordinates - lowest) / cell + _MARGIN
    corner = np.floor(position).astype(np.int64)
    fraction = position - corner
    side = int(corner.max()) + 2 + _MARGIN
    corners, weights = _around(corner, fraction, side)
    density = np.bincount(corners.ravel(), weights.ravel(), minlength=side * side).astype(np.float32)
    padded = fft.next_fast_len(2 * side, real=True)
    spectrum = fft.rfft2(density.reshape(side, side), s=(padded, padded)) * _kernel_spectrum(padded, cell)
    potential = fft.irfft2(spectrum, s=(padded, padded))[:side, :side]
    slopes = np.gradient(potential, cell)
    at_points = [(field.ravel()[corners] * weights).sum(axis=0) for field in (potential, *slopes)]
    # Without each point's own potential.
    of_all_pairs = at_points[0].sum() - len(coordinates)
    push: np.ndarray = -0.5 * np.column_stack(at_points[1:]) / max(of_all_pairs, 1.0)
    return push


def _around(corner: np.ndarray, fraction: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the four cells around each point, int64 (4, n), and its share in each, float64 (4, n)."""
    first = corner[:, 0] * side + corner[:, 1]
    cells = np.stack([first, first + 1, first + side, first + side + 1])
    x, y = fraction.T
    return cells, np.stack([(1 - x) * (1 - y), (1 - x) * y, x * (1 - y), x * y])


@lru_cache(maxsize=1)
def _kernel_spectrum(padded: int, cell: float) -> np.ndarray:
    """Compute the Fourier transform of 1 / (1 + d²) on a periodic grid: complex64 (padded, padded // 2 + 1).

    It is divided by the blur of the spreading and the interpolation (Hockney and Eastwood 1988),
    which halves the error.
    """
    steps = np.arange(padded)
    along = np.square(np.minimum(steps, padded - steps) * cell)
    kernel = 1 / (1 + along[:, None] + along[None, :])
    blur = np.sinc(fft.fftfreq(padded))[:, None] * np.sinc(fft.rfftfreq(padded))[None, :]
    spectrum: np.ndarray = fft.rfft2(kernel.astype(np.float32)) / blur.astype(np.float32) ** 4
    return spectrum
