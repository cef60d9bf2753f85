"""Features are computed once for each picture, whatever interrupts it, and always belong to their picture."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.images.picture import load_picture
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.labels.layout import Split
from core.data.pixels.arrays import arrays_path
from core.errors import TrainingError
from core.models.augmentation import AugmentationConfig
from core.models.backbones import Backbone, at_size, get_backbone
from core.models.head import join_features, pool_globally
from core.models.litert.conversion import feature_engine
from core.models.litert.engine import Engine, FeatureExtractor
from core.models.speeds import measured_speeds
from core.progress import JobPaused, JobStopped, QuietProgress, Stage
from core.training.features import network
from core.training.features.cache import augmented_features, cached_features, count_missing, stored_features
from core.training.features.network import features_of_rows
from tests.support.pictures import digit, write_folder
from tests.support.progress_recorder import Recorder

QUIET = QuietProgress()
MIRROR = AugmentationConfig(flip="horizontal")
STRONG = AugmentationConfig(flip="both", rotation=0.2, contrast=0.4)


@pytest.fixture
def extracted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of pictures passed through the network, one a call."""
    counts: list[int] = []
    run = FeatureExtractor.run

    def counted(self: FeatureExtractor, *arguments: Any, **options: Any) -> np.ndarray:
        answers = run(self, *arguments, **options)
        counts.append(len(answers))
        return answers

    monkeypatch.setattr(FeatureExtractor, "run", counted)
    return counts


def fresh(dataset: Dataset, engine: Path) -> np.ndarray:
    """Features picture by picture, from file to number, past every cache."""
    network = Engine(engine, threads=1)
    pictures = (load_picture(dataset.picture_bytes(row), 96) for row in range(len(dataset.pictures)))
    return np.concatenate([network.run(picture[np.newaxis]) for picture in pictures])


def features_done(recorder: Recorder) -> int:
    steps = recorder.steps_in(Stage.FEATURES)
    return steps[-1][0] if steps else 0


def test_cached_features_are_those_of_each_picture(dataset: Dataset, engine: Path) -> None:
    expected = fresh(dataset, engine)
    assert expected.std(axis=0).max() > 0.01, "a dead network would make this test empty"
    for _ in ("computed", "read"):
        answers = cached_features(dataset, engine, QUIET)
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers, expected, atol=1e-5)


def test_no_picture_goes_through_the_network_twice(
    dataset: Dataset, engine: Path, extracted: list[int]
) -> None:
    """A search of fifty trials must cost one extraction."""
    first = cached_features(dataset, engine, QUIET)
    again = cached_features(dataset, engine, QUIET)
    assert extracted == [13]
    np.testing.assert_array_equal(first, again)


def test_once_cached_neither_pictures_nor_network_are_needed(dataset: Dataset, engine: Path) -> None:
    """A second run starts training at once."""
    first = cached_features(dataset, engine, QUIET)
    shutil.rmtree(dataset.folder / "arrays")
    recorder = Recorder()
    np.testing.assert_array_equal(cached_features(dataset, engine.with_stem("random"), recorder), first)
    assert recorder.stages == []


def test_only_what_is_missing_is_computed(
    dataset: Dataset, engine: Path, extracted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "_CHUNK", 4)
    whole = cached_features(dataset, engine, QUIET)
    chunks = sorted((dataset.folder / "features" / "random").glob("*.npz"))
    assert len(chunks) == 4
    chunks[1].unlink()
    lost = count_missing(dataset, engine)
    assert lost in (1, 4)
    extracted.clear()
    np.testing.assert_allclose(cached_features(dataset, engine, QUIET), whole, atol=1e-6)
    assert extracted == [lost]


def test_a_stopped_extraction_keeps_what_it_computed(
    dataset: Dataset, engine: Path, extracted: list[int]
) -> None:
    """Two minutes of work on a slow backbone must not be lost to a Stop."""
    with pytest.raises(JobStopped):
        cached_features(dataset, engine, Recorder(stop=lambda recorder: features_done(recorder) >= 8))
    assert extracted == [8]
    assert count_missing(dataset, engine) == 5
    going_on = Recorder()
    answers = cached_features(dataset, engine, going_on)
    assert extracted == [8, 5]
    assert going_on.steps_in(Stage.FEATURES)[-1] == (13, 13)
    assert going_on.steps_in(Stage.FEATURES)[0][0] > 8, "progress starts where the work was left"
    np.testing.assert_allclose(answers, fresh(dataset, engine), atol=1e-5)


def test_a_stop_before_the_first_batch_leaves_nothing(dataset: Dataset, engine: Path) -> None:
    with pytest.raises(JobStopped):
        cached_features(dataset, engine, Recorder(stop=lambda recorder: Stage.FEATURES in recorder.stages))
    assert count_missing(dataset, engine) == 13
    assert not list(dataset.folder.glob("features/random/*"))


def test_a_killed_extraction_keeps_its_finished_chunks(
    dataset: Dataset, engine: Path, extracted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut is not asked whether it wants to stop."""
    monkeypatch.setattr(network, "_CHUNK", 4)

    class Killed(BaseException):
        pass

    class Dying(Recorder):
        def advance(self, done: int, total: int, likely: float | None = None) -> None:
            super().advance(done, total)
            if features_done(self) >= 12:
                raise Killed

    with pytest.raises(Killed):
        cached_features(dataset, engine, Dying())
    assert count_missing(dataset, engine) == 13 - 8
    extracted.clear()
    answers = cached_features(dataset, engine, QUIET)
    assert sum(extracted) == 5
    np.testing.assert_allclose(answers, fresh(dataset, engine), atol=1e-5)


def test_a_picture_of_two_classes_is_looked_up_for_both(engine: Path, tmp_path: Path) -> None:
    """One file under two labels has one entry in the cache and two rows in the dataset."""
    both = {f"{label}/{number}.png": digit(number) for label in "ab" for number in (0, 1, 2)}
    both |= {"a/3.png": digit(3), "b/4.png": digit(4)}
    source, config = write_folder(tmp_path / "twice", both), ImportConfig(confirmed=True)
    twice = open_dataset(import_dataset(source, "twice", config).project)
    answers = cached_features(twice, engine, QUIET)
    hashes = twice.pictures["sha256"].tolist()
    assert len(hashes) == 8
    assert len(set(hashes)) == 5
    np.testing.assert_allclose(answers, fresh(twice, engine), atol=1e-5)


def test_another_network_has_a_cache_of_its_own(dataset: Dataset, engine: Path, tmp_path: Path) -> None:
    cached_features(dataset, engine, QUIET)
    other = Path(shutil.copy(engine, tmp_path / "other.tflite"))
    assert count_missing(dataset, other) == 13
    assert count_missing(dataset, engine) == 0
    assert count_missing(dataset, None) == 13


def test_a_rate_over_a_handful_of_pictures_is_not_remembered(
    dataset: Dataset, engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_features(dataset, engine, QUIET, timed=get_backbone("vgg16"))
    assert measured_speeds() == {}
    monkeypatch.setattr(network, "_MIN_TIMED_PICTURES", 13)
    other = Path(shutil.copy(engine, tmp_path / "other.tflite"))
    cached_features(dataset, other, QUIET, timed=get_backbone("vgg16"))
    assert measured_speeds()["vgg16"] > 0


def views_of(
    dataset: Dataset,
    engine: Path,
    config: AugmentationConfig = STRONG,
    views: int = 2,
    seed: int = 5,
    progress: QuietProgress = QUIET,
) -> np.ndarray:
    return augmented_features(dataset, dataset.rows(Split.TRAIN), engine, config, views, seed, progress)


def test_each_view_is_of_the_picture_in_its_row(dataset: Dataset, engine: Path) -> None:
    """A mirrored picture is either as it was or turned round, so every row can be checked."""
    rows = dataset.rows(Split.TRAIN)
    pictures = np.stack([load_picture(dataset.picture_bytes(row), 96) for row in rows])
    network = Engine(engine)
    plain, mirrored = network.run(pictures), network.run(np.ascontiguousarray(pictures[:, :, ::-1]))
    views = views_of(dataset, engine, MIRROR, views=3)
    assert views.shape == (3, len(rows), plain.shape[1])
    assert views.dtype == np.float32
    is_plain = np.abs(views - plain).max(axis=2) < 1e-4
    is_mirrored = np.abs(views - mirrored).max(axis=2) < 1e-4
    assert (is_plain != is_mirrored).all()
    assert is_plain.any()
    assert is_mirrored.any()


def test_views_depend_on_the_seed_alone(
    dataset: Dataset, engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same settings give the same run, also where nothing is cached yet."""
    monkeypatch.setattr(network, "_BATCH", 3)
    once = views_of(dataset, engine)
    shutil.rmtree(dataset.folder / "features")
    np.testing.assert_array_equal(views_of(dataset, engine), once)
    other = views_of(dataset, engine, seed=6)
    assert (np.abs(other - once).max(axis=2) > 1e-3).all()
    assert (np.abs(once[0] - once[1]).max(axis=1) > 1e-3).all(), "the second view must be another one"


def test_views_are_computed_once_and_more_are_added(
    dataset: Dataset, engine: Path, extracted: list[int]
) -> None:
    count = len(dataset.rows(Split.TRAIN))
    two = views_of(dataset, engine, views=2)
    np.testing.assert_array_equal(views_of(dataset, engine, views=2), two)
    assert sum(extracted) == 2 * count
    three = views_of(dataset, engine, views=3)
    assert sum(extracted) == 3 * count
    np.testing.assert_array_equal(three[:2], two)


def test_views_that_were_interrupted_are_the_same_in_the_end(
    dataset: Dataset, engine: Path, extracted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "_CHUNK", 4)
    monkeypatch.setattr(network, "_BATCH", 2)
    whole = views_of(dataset, engine)
    shutil.rmtree(dataset.folder / "features")
    count = len(dataset.rows(Split.TRAIN))

    def late(recorder: Recorder) -> bool:
        steps = recorder.steps_in(Stage.AUGMENTING)
        return bool(steps) and steps[-1][0] >= 6

    with pytest.raises(JobStopped):
        views_of(dataset, engine, progress=Recorder(stop=late))
    extracted.clear()
    recorder = Recorder()
    np.testing.assert_array_equal(views_of(dataset, engine, progress=recorder), whole)
    assert sum(extracted) == 2 * count - 4
    assert recorder.steps_in(Stage.AUGMENTING)[-1] == (2 * count - 4, 2 * count - 4)


@pytest.mark.parametrize(
    "change",
    [
        lambda dataset, engine: views_of(dataset, engine, MIRROR),
        lambda dataset, engine: views_of(dataset, engine, seed=6),
        lambda dataset, engine: augmented_features(
            dataset, dataset.rows(Split.TRAIN)[:-1], engine, STRONG, 2, 5, QUIET
        ),
    ],
    ids=["settings", "seed", "pictures"],
)
def test_other_views_are_not_taken_for_these(
    dataset: Dataset, engine: Path, extracted: list[int], change: Callable[[Dataset, Path], np.ndarray]
) -> None:
    views_of(dataset, engine)
    extracted.clear()
    change(dataset, engine)
    assert sum(extracted) >= 2 * (len(dataset.rows(Split.TRAIN)) - 1)


def test_views_that_nobody_asked_for_in_a_week_are_removed(
    dataset: Dataset, engine: Path, extracted: list[int]
) -> None:
    """Each augmentation that is tried would otherwise stay on the disk for ever."""
    views_of(dataset, engine)
    (used,) = (dataset.folder / "features" / engine.stem).glob("views-*")
    views_of(dataset, engine, MIRROR)
    (unused,) = set(used.parent.glob("views-*")) - {used}
    for views in (used, unused):
        os.utime(views, (time.time() - 8 * 24 * 3600,) * 2)
    extracted.clear()
    views_of(dataset, engine)
    assert (used.exists(), unused.exists()) == (True, False)
    assert extracted == []


def test_changed_copies_never_pass_for_the_pictures_themselves(dataset: Dataset, engine: Path) -> None:
    """Both kinds lie in the same folder; validation must be measured on what was photographed."""
    views_of(dataset, engine)
    assert count_missing(dataset, engine) == 13
    np.testing.assert_allclose(cached_features(dataset, engine, QUIET), fresh(dataset, engine), atol=1e-5)


def test_pictures_are_decoded_once_for_every_network_of_that_size(
    dataset: Dataset, engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_features(dataset, engine, QUIET)
    assert arrays_path(dataset, 96).exists()
    monkeypatch.setattr(Dataset, "picture_bytes", None)
    views_of(dataset, engine)


def test_only_the_pictures_asked_for_are_computed(
    dataset: Dataset, engine: Path, extracted: list[int]
) -> None:
    """Evaluation asks for validation and test; in any order, and twice if need be."""
    rows = np.array([12, 3, 3, 0])
    expected = fresh(dataset, engine)
    np.testing.assert_allclose(cached_features(dataset, engine, QUIET, rows=rows), expected[rows], atol=1e-5)
    assert sum(extracted) == 3
    assert count_missing(dataset, engine) == 10
    recorder = Recorder()
    more = cached_features(dataset, engine, recorder, rows=np.arange(5))
    np.testing.assert_allclose(more, expected[:5], atol=1e-5)
    assert sum(extracted) == 6
    assert recorder.steps_in(Stage.FEATURES)[-1] == (5, 5)
    assert recorder.steps_in(Stage.FEATURES)[0][0] > 2


@pytest.mark.parametrize("is_cached", [False, True])
def test_the_mean_of_the_quarters_is_taken_while_reading(
    dataset: Dataset, engine: Path, is_cached: bool
) -> None:
    """2 × 2 pooled features of 50,000 pictures would be 1 GB. The cache keeps them all."""
    if is_cached:
        cached_features(dataset, engine, QUIET)
    means = cached_features(dataset, engine, QUIET, reduce="mean")
    assert means.dtype == np.float32
    whole = cached_features(dataset, engine, QUIET)
    assert means.shape == (13, whole.shape[1] // 4)
    np.testing.assert_array_equal(means, pool_globally(whole))


def test_each_chunk_is_opened_once(dataset: Dataset, engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening is what takes time with many; features nobody asks for are not read at all."""
    monkeypatch.setattr(network, "_CHUNK", 4)
    cached_features(dataset, engine, QUIET)
    opened: list[Path] = []
    read: list[str] = []
    load = np.load

    class Watched:
        def __init__(self, path: Path) -> None:
            self._arrays = load(path)

        def __enter__(self) -> Watched:
            return self

        def __exit__(self, *_: object) -> None:
            self._arrays.close()

        def __getitem__(self, name: str) -> np.ndarray:
            read.append(name)
            answer: np.ndarray = self._arrays[name]
            return answer

    def opening(path: Path, **options: Any) -> Watched:
        opened.append(path)
        return Watched(path)

    monkeypatch.setattr(np, "load", opening)
    cached_features(dataset, engine, QUIET, rows=np.array([5, 6]))
    assert len(opened) == len(set(opened)) == 4
    assert sorted(read) == ["features", *["sha256"] * 4]


def test_a_pause_keeps_what_was_computed(dataset: Dataset, engine: Path) -> None:
    class Tired(Recorder):
        def should_pause(self) -> bool:
            return features_done(self) >= 8

    with pytest.raises(JobPaused):
        cached_features(dataset, engine, Tired())
    assert count_missing(dataset, engine) == 5


def test_features_of_a_runs_own_network_are_kept_nowhere(dataset: Dataset, engine: Path) -> None:
    """Its network is no other run's, and the next resume makes another one."""
    rows = np.array([12, 3, 0])
    recorder = Recorder()
    recorder.stage(Stage.EVALUATING)
    expected = fresh(dataset, engine)[rows]
    np.testing.assert_allclose(features_of_rows(dataset, rows, engine, recorder), expected, atol=1e-5)
    assert not (dataset.folder / "features").exists()
    assert recorder.steps_in(Stage.EVALUATING)[-1] == (3, 3)
    means = features_of_rows(dataset, rows, engine, QUIET, reduce="mean")
    np.testing.assert_allclose(means, pool_globally(expected), atol=1e-5)
    none = features_of_rows(dataset, rows[:0], engine, QUIET)
    assert none.shape == (0, expected.shape[1])


def test_features_of_rows_can_be_stopped(dataset: Dataset, engine: Path) -> None:
    stopping = Recorder(stop=lambda recorder: len(recorder.steps) == 1)
    stopping.stage(Stage.EVALUATING)
    with pytest.raises(JobStopped):
        features_of_rows(dataset, np.arange(13), engine, stopping)
    assert stopping.steps == [(Stage.EVALUATING, 4, 13)]


def test_views_can_be_read_as_their_means(dataset: Dataset, engine: Path) -> None:
    rows = dataset.rows(Split.TRAIN)
    means = augmented_features(dataset, rows, engine, STRONG, 2, 5, QUIET, reduce="mean")
    whole = views_of(dataset, engine)
    for view in range(2):
        np.testing.assert_array_equal(means[view], pool_globally(whole[view]))


def test_a_chunk_that_a_crash_left_half_written_is_not_read(dataset: Dataset, engine: Path) -> None:
    first = cached_features(dataset, engine, QUIET)
    folder = dataset.folder / "features" / engine.stem
    (folder / ".0f3a.feed.npz").write_bytes(next(folder.glob("*.npz")).read_bytes()[:500])
    np.testing.assert_array_equal(cached_features(dataset, engine, QUIET), first)
    assert count_missing(dataset, engine) == 0


COMMITTEE = at_size(get_backbone("efficientnet_lite0+efficientnet_lite1"), 64)


@pytest.fixture(scope="module")
def committee_engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of backbones with the engines of two random networks and of both at once, for pictures of 64 pixels."""
    home = tmp_path_factory.mktemp("committee")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKROOM_HOME", str(home))
        feature_engine(COMMITTEE, pretrained=False)
    return home / "backbones"


@pytest.fixture
def committee(committee_engines: Path, workspace: Path) -> Backbone:
    """Two networks at once, whose engines the workspace has."""
    (workspace / "backbones").symlink_to(committee_engines)
    return COMMITTEE


def engines_of(committee: Backbone) -> list[Path]:
    return [feature_engine(one, pretrained=False) for one in (committee, *committee.members)]


def test_a_committee_computes_what_no_member_has_computed(
    dataset: Dataset, committee: Backbone, extracted: list[int]
) -> None:
    joint, first, second = engines_of(committee)
    alone = cached_features(dataset, first, QUIET)
    assert count_missing(dataset, joint) == 13
    recorder = Recorder()
    both = cached_features(dataset, joint, recorder, timed=committee)
    assert extracted == [13, 13], "the first member's pictures are not passed again"
    other = cached_features(dataset, second, QUIET)
    assert len(extracted) == 2
    np.testing.assert_array_equal(both, join_features([alone, other], is_grid=True))
    assert count_missing(dataset, joint) == 0
    expected = fresh_joint(dataset, joint)
    np.testing.assert_allclose(both, expected, rtol=1e-3, atol=1e-4)
    reduced = cached_features(dataset, joint, QUIET, reduce="mean")
    np.testing.assert_allclose(reduced, pool_globally(both), atol=1e-5)


def fresh_joint(dataset: Dataset, engine: Path) -> np.ndarray:
    joint = Engine(engine, threads=1)
    pictures = (load_picture(dataset.picture_bytes(row), 64) for row in range(len(dataset.pictures)))
    return np.concatenate([joint.run(picture[np.newaxis]) for picture in pictures])


def test_a_committees_progress_goes_once_from_nothing_to_all(dataset: Dataset, committee: Backbone) -> None:
    recorder = Recorder()
    cached_features(dataset, engines_of(committee)[0], recorder)
    assert recorder.stages == [Stage.DECODING, Stage.FEATURES]
    fractions = [done / total for done, total in recorder.steps_in(Stage.FEATURES)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_committees_augmented_copies_are_those_of_its_members(
    dataset: Dataset, committee: Backbone
) -> None:
    joint, *members = engines_of(committee)
    rows = np.array([1, 4, 12])
    both = augmented_features(dataset, rows, joint, STRONG, 2, 0, QUIET)
    parts = [augmented_features(dataset, rows, member, STRONG, 2, 0, QUIET) for member in members]
    for copy in range(2):
        expected = join_features([part[copy] for part in parts], is_grid=True)
        np.testing.assert_array_equal(both[copy], expected)


def test_stored_features_of_a_committee_are_those_of_pictures_that_all_members_have(
    dataset: Dataset, committee: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    joint, first, second = engines_of(committee)
    monkeypatch.setattr(network, "_CHUNK", 4)
    cached_features(dataset, first, QUIET)
    monkeypatch.setattr(network, "_CHUNK", 3)
    cached_features(dataset, second, QUIET, rows=np.arange(7))
    stored = {
        key: row
        for keys, read in stored_features(dataset, joint)
        for key, row in zip(keys, read(), strict=True)
    }
    assert sorted(stored) == sorted(dataset.decoded_keys[:7])
    expected = cached_features(dataset, joint, QUIET, rows=np.arange(7))
    np.testing.assert_array_equal(np.stack([stored[key] for key in dataset.decoded_keys[:7]]), expected)


def test_features_that_do_not_fit_into_memory_are_refused_before_any_is_computed(
    dataset: Dataset, committee: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=500_000))
    with pytest.raises(TrainingError, match=r"13 pictures need .* GB of memory.*Choose one backbone"):
        cached_features(dataset, engines_of(committee)[0], QUIET)
    assert not list((dataset.folder / "features").rglob("*.npz"))
