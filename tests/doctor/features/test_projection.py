"""The map has similar pictures near each other, and is deterministic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.doctor.features import projection
from core.doctor.features.neighbours import nearest_neighbours
from core.doctor.features.projection import project_to_plane, read_map, write_map
from core.progress import JobStopped, QuietProgress
from tests.support.digit_features import digit_labels, digit_points

COUNT = 600


@pytest.fixture(scope="module")
def places() -> np.ndarray:
    return project_to_plane(digit_points()[:COUNT], QuietProgress())


def neighbours_of_own_class(places: np.ndarray, labels: np.ndarray) -> float:
    rows = nearest_neighbours(places, places, 10, own_rows=np.arange(len(places))).rows
    return float((labels[rows] == labels[:, None]).mean())


def test_neighbours_on_the_map_share_a_class(places: np.ndarray) -> None:
    """As often as neighbours by all features do, and far more often than on two principal components."""
    labels, points = digit_labels()[:COUNT], digit_points()[:COUNT]
    assert places.shape == (COUNT, 2)
    assert places.dtype == np.float32
    assert neighbours_of_own_class(places, labels) >= neighbours_of_own_class(points, labels) - 0.01
    assert neighbours_of_own_class(points[:, :2], labels) < 0.7


def test_the_map_is_the_same_every_time(places: np.ndarray) -> None:
    """People remember where things were."""
    np.testing.assert_array_equal(project_to_plane(digit_points()[:COUNT], QuietProgress()), places)


def test_the_grid_pushes_as_every_pair_would() -> None:
    """The transform stands for a sum over all pairs: computed one by one, it is within some hundredths."""
    random = np.random.default_rng(0)
    places = np.concatenate([random.normal(0, 8, (300, 2)), random.normal(25, 3, (100, 2))])
    differences = places[:, None] - places
    closeness = 1 / (1 + np.square(differences).sum(axis=2))
    expected = (differences * closeness[:, :, None] ** 2).sum(axis=1) / (closeness.sum() - len(places))
    pushed = projection._repulsion(places)
    error = np.linalg.norm(pushed - expected, axis=1) / np.linalg.norm(expected, axis=1).mean()
    assert np.median(error) < 0.06
    assert error.max() < 0.4


def test_the_graph_pulls_as_its_pairs_do() -> None:
    places = np.random.default_rng(1).normal(0, 5, (40, 2))
    graph = projection._neighbour_graph(digit_points()[:40], QuietProgress())
    dense = graph.toarray()
    differences = places[:, None] - places
    weights = dense / (1 + np.square(differences).sum(axis=2))
    np.testing.assert_allclose(
        projection._attraction(graph, places), (weights[:, :, None] * differences).sum(axis=1), atol=1e-12
    )
    assert dense.sum() == pytest.approx(1)
    np.testing.assert_array_equal(dense, dense.T)


def test_further_pictures_are_placed_among_similar_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projection, "_MAX_EMBEDDED", 500)
    labels, points = digit_labels()[:1000], digit_points()[:1000]
    places = project_to_plane(points, QuietProgress())
    assert np.isfinite(places).all()
    assert neighbours_of_own_class(places, labels) > 0.9


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9, 10, 40])
def test_few_pictures_have_a_map(count: int) -> None:
    places = project_to_plane(digit_points()[:count], QuietProgress())
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()
    assert len(np.unique(places, axis=0)) == count


def test_copies_do_not_break_the_map() -> None:
    points = np.repeat(digit_points()[:3], 40, axis=0)
    assert np.isfinite(project_to_plane(points, QuietProgress())).all()
    same = np.zeros((50, 8), np.float32)
    assert np.isfinite(project_to_plane(same, QuietProgress())).all()


def test_it_reports_progress_and_stops() -> None:
    class Watched(QuietProgress):
        seen: list[tuple[int, int]] = []  # noqa: RUF012 - one test, one list

        def advance(self, done: int, total: int, likely: float | None = None) -> None:
            self.seen.append((done, total))

        def should_stop(self) -> bool:
            return len(self.seen) == 2

    watched = Watched()
    with pytest.raises(JobStopped):
        project_to_plane(digit_points()[:100], watched)
    (first, total), (second, _) = watched.seen
    assert 0 < first < second < total


def test_a_stored_map_is_read_by_its_digest(tmp_path: Path, places: np.ndarray) -> None:
    ids = np.array([f"picture-{row}" for row in range(COUNT)])
    write_map(tmp_path, "0a1b", ids, places)
    found = read_map(tmp_path, "0a1b")
    assert found is not None
    np.testing.assert_array_equal(found.values, places)
    assert found.ids.tolist() == ids.tolist()
    assert (tmp_path / "doctor" / "map-0a1b.npz").is_file()
    assert read_map(tmp_path, "ffff") is None
