"""The engine gives the same numbers however the pictures are batched or shared out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.models.head import GRID_CELLS
from core.models.litert.engine import Engine, FeatureExtractor

COUNT = 11  # no multiple of any batch size used here
FEATURES = GRID_CELLS * 256  # of the small network


@pytest.fixture(scope="module")
def pictures(random_pictures: Callable[..., np.ndarray]) -> np.ndarray:
    return random_pictures(96, COUNT)


@pytest.fixture(scope="module")
def path(lively_engine: Callable[[str], Path]) -> Path:
    return lively_engine("small_cnn")


@pytest.fixture(scope="module")
def expected(path: Path, pictures: np.ndarray) -> np.ndarray:
    engine = Engine(path, threads=1)
    return np.concatenate([engine.run(pictures[index : index + 1]) for index in range(COUNT)])


def test_sizes_are_read_from_the_file(path: Path) -> None:
    engine = Engine(path)
    assert (engine.input_size, engine.output_shape) == (96, (FEATURES,))


def test_any_batch_size_gives_the_same_rows(path: Path, pictures: np.ndarray, expected: np.ndarray) -> None:
    engine = Engine(path)
    for size in (3, COUNT, 1, 4):
        answers = engine.run(pictures[:size])
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers, expected[:size], atol=1e-5)
    assert engine.run(pictures[:0]).shape == (0, FEATURES)


def test_results_are_the_callers_own(path: Path, pictures: np.ndarray) -> None:
    """An answer that still lay in the interpreter's memory would change with the next call."""
    engine = Engine(path)
    first = engine.run(pictures[:1])
    kept = first.copy()
    engine.run(pictures[1:2])
    np.testing.assert_array_equal(first, kept)


def test_the_fast_kernels_run_for_every_batch_size(path: Path, pictures: np.ndarray) -> None:
    """Without XNNPACK the answers are the same, but come many times later."""
    engine = Engine(path)
    for size in (1, 5):
        engine.run(pictures[:size])
        assert "DELEGATE" in {detail["op_name"] for detail in engine._interpreter._get_ops_details()}


def test_threads_may_share_an_engine(path: Path, pictures: np.ndarray, expected: np.ndarray) -> None:
    engine = Engine(path)
    starts = [index % 8 for index in range(40)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda start: engine.run(pictures[start : start + 1 + start % 3]), starts))
    for start, answer in zip(starts, answers, strict=True):
        np.testing.assert_allclose(answer, expected[start : start + 1 + start % 3], atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((1, 96, 96, 3), np.float32),
        np.zeros((1, 95, 96, 3), np.uint8),
        np.zeros((96, 96, 3), np.uint8),
    ],
    ids=["float", "size", "no batch"],
)
def test_other_arrays_are_refused(path: Path, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        Engine(path).run(wrong)


@pytest.mark.parametrize("threads", [1, 2, 9], ids=["one", "two", "three engines"])
@pytest.mark.parametrize("batch_size", [1, 4, 32])
def test_features_come_in_the_order_of_the_pictures(
    path: Path, pictures: np.ndarray, expected: np.ndarray, threads: int, batch_size: int
) -> None:
    done: list[int] = []
    features = FeatureExtractor(path, threads).run(pictures, batch_size, on_batch=done.append)
    np.testing.assert_allclose(features, expected, atol=1e-5)
    assert done == [*range(batch_size, COUNT, batch_size), COUNT]


@pytest.mark.parametrize("threads", [1, 9])
def test_a_stopped_extraction_returns_what_is_done(
    path: Path, pictures: np.ndarray, expected: np.ndarray, threads: int
) -> None:
    done: list[int] = []
    features = FeatureExtractor(path, threads).run(
        pictures, 2, on_batch=done.append, should_stop=lambda: bool(done)
    )
    assert len(features) == done[-1] < COUNT
    np.testing.assert_allclose(features, expected[: len(features)], atol=1e-5)


def test_no_pictures_have_no_features(path: Path, pictures: np.ndarray) -> None:
    assert FeatureExtractor(path).run(pictures[:0]).shape == (0, FEATURES)


def test_a_slow_network_takes_its_pictures_one_by_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop is asked between batches and promises an answer within three seconds."""
    assert FeatureExtractor(path).batch_size == 4
    monkeypatch.setattr(
        "core.models.litert.engine._SLOW_BYTES_TIMES_PIXELS", path.stat().st_size * 96 * 96 - 1
    )
    assert FeatureExtractor(path).batch_size == 1
