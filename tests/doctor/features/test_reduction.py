"""Reduced features preserve similarity, from arrays and from memory maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from core.doctor.features.reduction import reduced_features, to_unit_scale
from core.progress import JobStopped, QuietProgress
from tests.support.digit_features import digit_features, digit_labels, digit_points


def test_with_all_dimensions_distances_stay() -> None:
    """Then the components are the features of unit length, only turned."""
    features = digit_features()[:300]
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    points = reduced_features(features, QuietProgress(), dimensions=64)
    np.testing.assert_allclose(pdist(points), pdist(unit), atol=1e-4)


def test_the_strongest_components_come_first_and_hold_what_a_full_decomposition_holds() -> None:
    features = digit_features()
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    best = np.linalg.svd(unit - unit.mean(axis=0), compute_uv=False)[:10] ** 2
    held = np.square(reduced_features(features, QuietProgress(), dimensions=10).astype(np.float64)).sum(
        axis=0
    )
    assert (np.diff(held) <= 0).all()
    assert held.sum() >= 0.99 * best.sum()


def test_the_length_of_features_does_not_count() -> None:
    features = digit_features()[:200]
    longer = features * np.linspace(0.5, 2, len(features), dtype=np.float32)[:, None]
    np.testing.assert_allclose(
        pdist(reduced_features(features, QuietProgress())),
        pdist(reduced_features(longer, QuietProgress())),
        atol=1e-4,
    )


def test_a_memory_map_gives_the_same(tmp_path: Path) -> None:
    np.save(tmp_path / "features.npy", digit_features())
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    np.testing.assert_array_equal(reduced_features(mapped, QuietProgress()), digit_points())


def test_chosen_rows_are_reduced_as_if_alone() -> None:
    features, rows = digit_features(), np.arange(100, 400, 2)
    chosen = reduced_features(features, QuietProgress(), rows=rows)
    np.testing.assert_array_equal(chosen, reduced_features(features[rows], QuietProgress()))


def test_whole_pictures_drop_positions() -> None:
    """Quarters in another order are the same picture then, and another one otherwise."""
    features = digit_features()[:100]
    turned = np.roll(features, features.shape[1] // 4, axis=1)
    both = np.concatenate([features, turned])
    whole = reduced_features(both, QuietProgress(), whole_pictures=True)
    placed = reduced_features(both, QuietProgress())
    np.testing.assert_allclose(whole[:100], whole[100:], atol=1e-5)
    assert np.linalg.norm(placed[:100] - placed[100:], axis=1).min() > 0.1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures_have_few_dimensions(count: int) -> None:
    points = reduced_features(digit_features()[:count], QuietProgress())
    assert points.shape == (count, count)
    assert points.dtype == np.float32


def test_a_picture_without_any_feature_is_finite() -> None:
    features = digit_features()[:50].copy()
    features[7] = 0
    assert np.isfinite(reduced_features(features, QuietProgress())).all()


def test_it_reports_progress_and_stops() -> None:
    class Watched(QuietProgress):
        seen: list[float] = []  # noqa: RUF012 - one test, one list

        def advance(self, done: int, total: int, likely: float | None = None) -> None:
            self.seen.append(done / total)

        def should_stop(self) -> bool:
            return len(self.seen) == 3

    watched = Watched()
    with pytest.raises(JobStopped):
        reduced_features(digit_features(), watched)
    assert 0 < watched.seen[0] < watched.seen[1] < watched.seen[2] < 1


def test_unit_scale_is_a_mean_square_of_one() -> None:
    assert np.square(to_unit_scale(digit_points() * 7)).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)
    assert not to_unit_scale(np.zeros((3, 2), np.float32)).any()


def test_nearest_pictures_share_a_class() -> None:
    """The point of it: 97 of 100 digits have a nearest neighbour of their class by their pixels."""
    from core.doctor.features.neighbours import nearest_neighbours

    points, labels = digit_points(), digit_labels()
    nearest = nearest_neighbours(points, points, 1, own_rows=np.arange(len(points))).rows[:, 0]
    assert (labels[nearest] == labels).mean() > 0.97
