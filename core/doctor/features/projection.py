"""Map of a dataset: every picture a point in the plane, similar ones near each other.

The method is t-SNE (van der Maaten and Hinton 2008) with the usual early exaggeration and
a start from the principal components. Each picture is attracted by its 15 nearest
neighbours with equal weights, which gives the maps that tuned similarities give (Böhm,
Berens and Kobak 2022). All pictures push each other away; that is summed on a
grid by a Fourier transform, as Linderman et al. 2019 do it, so that the time grows
with the number of pictures and not with its square. On the digits this takes a
tenth of scikit-learn's time, and as many neighbours in the map share a class.
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

_LEAST_LAID_OUT = 10  # pictures; of fewer, the two strongest components are the map
_MOST_LAID_OUT = 20_000  # the others are placed among them
_NEIGHBOURS = 15  # or a fifth of the pictures, where they are few
_VOTERS = 5  # neighbours that place a picture which is not laid out itself
_ITERATIONS, _EXAGGERATED = 400, 150  # exaggeration ends after the second
_EXAGGERATION = 12.0
_MOMENTUM_EXAGGERATED, _MOMENTUM = 0.5, 0.8
_START_SPREAD = 1e-4
_CELL = 0.35  # of the grid; the push of a picture is strongest within 1
_MOST_CELLS = 1024  # along a side: beyond, cells grow
_MARGIN = 2  # empty cells around the points, so that slopes can be taken
_MAP = "map"


def project_to_plane(points: np.ndarray, progress: Progress, *, seed: int = 0) -> np.ndarray:
    """Project pictures to the plane, the same way for the same points.

    Labels are ignored, so that pictures among another class stand out.

    Args:
        points: reduced features, float32 (n, D), the strongest component first.
    Returns:
        float32 (n, 2), around the origin; distances far apart mean little.
    Raises:
        JobStopped: the user asked to stop.
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(points))[:_MOST_LAID_OUT])
    laid_out = _lay_out(points[chosen], progress)
    if len(chosen) == len(points):
        return laid_out
    places = np.empty((len(points), 2), np.float32)
    places[chosen] = laid_out
    rest = np.setdiff1d(np.arange(len(points)), chosen)
    neighbours = nearest_neighbours(
        points[rest], points[chosen], _VOTERS, on_block=lambda done, total: raise_if_stopped(progress)
    )
    # The median stands in the cluster that most neighbours are of, the mean between clusters.
    places[rest] = np.median(laid_out[neighbours.rows], axis=1)
    return places


def write_map(dataset_folder: Path, digest: str, ids: np.ndarray, places: np.ndarray) -> None:
    """Write a map as ``doctor/map-DIGEST.npz``; the digest names the pictures and the network."""
    write_rows(dataset_folder, _MAP, digest, CachedRows(ids=ids, values=places))


def read_map(dataset_folder: Path, digest: str) -> CachedRows | None:
    """Read the map of these pictures, coordinates float32 (n, 2) in ``values``; None without one."""
    return read_rows(dataset_folder, _MAP, digest)


def map_written(dataset_folder: Path) -> int:
    """Time of the newest map, in nanoseconds; 0 without any."""
    files = (dataset_folder / "doctor").glob(f"{_MAP}-*.npz")
    return max((file.stat().st_mtime_ns for file in files), default=0)


def _lay_out(points: np.ndarray, progress: Progress) -> np.ndarray:
    """t-SNE: float32 (n, 2)."""
    places = _start(points)
    if len(points) < _LEAST_LAID_OUT:
        return (places / _START_SPREAD).astype(np.float32)
    graph = _neighbour_graph(points, progress)
    learning_rate = len(points) / _EXAGGERATION  # after Belkina et al. 2019
    velocity, gain = np.zeros_like(places), np.ones_like(places)
    for iteration in range(_ITERATIONS):
        raise_if_stopped(progress)
        is_exaggerated = iteration < _EXAGGERATED
        pull = _attraction(graph, places) * (_EXAGGERATION if is_exaggerated else 1.0)
        gradient = pull - _repulsion(places)
        # Jacobs' delta-bar-delta, as in the original: faster where the direction stays
        turns = np.sign(gradient) == np.sign(velocity)
        gain = np.maximum(np.where(turns, gain * 0.8, gain + 0.2), 0.01)
        momentum = _MOMENTUM_EXAGGERATED if is_exaggerated else _MOMENTUM
        velocity = momentum * velocity - learning_rate * gain * gradient
        places = places + velocity
        places -= places.mean(axis=0)
        progress.advance(iteration + 1, _ITERATIONS)
    return places.astype(np.float32)


def _start(points: np.ndarray) -> np.ndarray:
    """float64 (n, 2): the two strongest components, tiny."""
    start = np.zeros((len(points), 2))
    start[:, : points.shape[1]] = points[:, :2]
    spread = start[:, 0].std() if len(points) else 0.0
    scaled: np.ndarray = start * (_START_SPREAD / spread) if spread else start
    return scaled


def _neighbour_graph(points: np.ndarray, progress: Progress) -> Any:
    """Attraction weights: scipy.sparse.csr_array (n, n), symmetric, sum 1."""
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


def _attraction(graph: Any, places: np.ndarray) -> np.ndarray:
    """For each i the sum over j of p_ij (y_i - y_j) / (1 + |y_i - y_j|²): float64 (n, 2)."""
    here = np.repeat(np.arange(len(places)), np.diff(graph.indptr))
    squares = np.square(places[here] - places[graph.indices]).sum(axis=1)
    weights = sparse.csr_array((graph.data / (1 + squares), graph.indices, graph.indptr), shape=graph.shape)
    sums = weights @ np.column_stack([places, np.ones(len(places))])  # (n, 3): of w_ij y_j, and of w_ij
    pull: np.ndarray = places * sums[:, 2:] - sums[:, :2]
    return pull


def _repulsion(places: np.ndarray) -> np.ndarray:
    """For each i the sum over j of (y_i - y_j) / (1 + |y_i - y_j|²)², divided by that of 1 / (1 + …) over all pairs.

    The first sum is minus half the slope of the second one's potential. The points
    are spread over the cells around them, the potential of the cells is a
    convolution, and both are read back where the points are: float64 (n, 2).
    """
    lowest, span = places.min(axis=0), np.ptp(places, axis=0).max()
    cell = max(_CELL, span / _MOST_CELLS)
    position = (places - lowest) / cell + _MARGIN
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
    of_all_pairs = at_points[0].sum() - len(places)  # without each point's own
    push: np.ndarray = -0.5 * np.column_stack(at_points[1:]) / max(of_all_pairs, 1.0)
    return push


def _around(corner: np.ndarray, fraction: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The four cells around each point, int64 (4, n), and its share in each, float64 (4, n)."""
    first = corner[:, 0] * side + corner[:, 1]
    cells = np.stack([first, first + 1, first + side, first + side + 1])
    x, y = fraction.T
    return cells, np.stack([(1 - x) * (1 - y), (1 - x) * y, x * (1 - y), x * y])


@lru_cache(maxsize=1)
def _kernel_spectrum(padded: int, cell: float) -> np.ndarray:
    """The Fourier transform of 1 / (1 + d²) on a periodic grid: complex64 (padded, padded // 2 + 1).

    Sharpened by what spreading points over cells and reading back between cells
    blur (Hockney and Eastwood 1988): this halves the error.
    """
    steps = np.arange(padded)
    along = np.square(np.minimum(steps, padded - steps) * cell)
    kernel = 1 / (1 + along[:, None] + along[None, :])
    blur = np.sinc(fft.fftfreq(padded))[:, None] * np.sinc(fft.rfftfreq(padded))[None, :]
    spectrum: np.ndarray = fft.rfft2(kernel.astype(np.float32)) / blur.astype(np.float32) ** 4
    return spectrum
