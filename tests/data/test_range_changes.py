"""A range is changed after the import: pixels, thumbnails and statistics follow, runs and caches keep theirs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import exclude
from core.data.editing.ranges import RangeChoice, change_range
from core.data.editing.versions import restore_version
from core.data.exports.export import write_cleaned_dataset
from core.data.history import changes_between, compare_versions, list_versions
from core.data.images.depth import PixelRange
from core.data.import_config import ImportConfig
from core.data.importing import add_pictures, import_dataset
from core.data.near_duplicates.hash_index import read_window_hashes
from core.data.near_duplicates.search import near_duplicates
from core.data.pixels.arrays import PictureStore, decoded_pictures
from core.data.pixels.decoder_changes import drop_outdated
from core.data.pixels.drawing import drawing_number
from core.data.pixels.range_changes import follow_range, has_followed
from core.data.reading import read_source
from core.data.version_record import EditKind
from core.errors import ConfigError
from core.progress import JobStopped, QuietProgress
from core.workspace import Project
from tests.data.test_deep_pictures import bits_12, files, grey
from tests.support.pictures import class_folders, encoded, small_photograph, write_folder
from tests.support.progress_recorder import Recorder

NARROW = RangeChoice(pixel_range=(0, 1504))
FOUND = RangeChoice()
QUIET = QuietProgress()


@pytest.fixture
def deep(tmp_path: Path, workspace: Path) -> Project:
    """Twelve 12-bit pictures, and a photograph of 8 bits."""
    content = {**files(bits_12), "a/photograph.jpg": encoded(small_photograph(), "JPEG")}
    return import_dataset(write_folder(tmp_path / "source", content), "Deep").project


def row_of(dataset: Dataset, name: str) -> int:
    return dataset.pictures["name"].tolist().index(name)


def shown(dataset: Dataset, row: int) -> np.ndarray:
    """Thumbnail of a picture, grey levels."""
    return np.asarray(Image.open(io.BytesIO(dataset.thumbnail(row))).convert("L")).astype(int)


def expected(number: int, high: int) -> np.ndarray:
    return np.rint(np.minimum(grey(number).astype(int) * 16 * 255 / high, 255))


def test_a_change_writes_a_version_and_earlier_ones_keep_their_range(deep: Project) -> None:
    before = open_dataset(deep)
    after = change_range(deep, NARROW)
    assert (before.version, after.version) == (1, 2)
    assert open_dataset(deep, 1).pixel_range == PixelRange(0, 4095)
    assert after.pixel_range == PixelRange(0, 1504)
    edit = list_versions(deep)[0].edit
    assert (edit.kind, dict(edit.values)) == (EditKind.RANGE_CHANGED, {"low": 0, "high": 1504})
    kept = ["id", "label", "group", "split", "excluded", "name"]
    assert after.all_pictures[kept].equals(before.all_pictures[kept])


def test_pixels_thumbnails_and_statistics_have_the_new_range(deep: Project) -> None:
    dataset = change_range(deep, NARROW)
    row = row_of(dataset, "a/0.png")
    with PictureStore(dataset, 32) as store:
        pixels = store.read([row])[0, ..., 0].astype(int)
    assert np.abs(pixels - expected(0, 1504)).max() <= 1
    assert np.abs(shown(dataset, row) - expected(0, 1504)).mean() <= 3
    assert dataset.pictures["brightness"].iloc[row] == pytest.approx(expected(0, 1504).mean(), abs=2)


def test_a_picture_of_8_bits_stays_as_it_is(deep: Project) -> None:
    before = open_dataset(deep)
    row = row_of(before, "a/photograph.jpg")
    thumbnail, measured = before.thumbnail(row), before.pictures.iloc[row]
    after = change_range(deep, NARROW)
    assert after.thumbnail(row) == thumbnail
    assert after.pictures.iloc[row].equals(measured)
    assert after.decoded_keys[row] == before.decoded_keys[row]


def test_caches_of_another_range_are_not_used(deep: Project) -> None:
    """Decoded pictures, features by their keys, and the hashes of the search for near copies."""
    before = open_dataset(deep)
    decoded_pictures(before, 32, QUIET)
    near_duplicates(before.pictures, before.folder)
    photograph = row_of(before, "a/photograph.jpg")
    after = change_range(deep, NARROW)
    assert before.digest != after.digest
    assert set(before.decoded_keys) & set(after.decoded_keys) == {before.decoded_keys[photograph]}
    row = row_of(after, "b/3.png")
    assert np.abs(decoded_pictures(after, 32, QUIET)[row, ..., 0] - expected(9, 1504)).max() <= 1
    assert set(read_window_hashes(after.folder)) == {after.pictures["sha256"].iloc[photograph]}


def test_a_run_reads_its_own_version_with_its_own_range(deep: Project) -> None:
    """As training goes on, or is evaluated, after the change."""
    change_range(deep, NARROW)
    earlier = open_dataset(deep, 1)
    row = row_of(earlier, "a/0.png")
    with PictureStore(earlier, 32) as store:
        assert np.abs(store.read([row])[0, ..., 0].astype(int) - expected(0, 4095)).max() <= 1


def test_additions_and_exports_have_the_new_range(deep: Project, tmp_path: Path) -> None:
    change_range(deep, NARROW)
    add_pictures(deep, write_folder(tmp_path / "more", files(bits_12, start=50)))
    dataset = open_dataset(deep)
    assert dataset.pixel_range == PixelRange(0, 1504)
    newest = dataset.pictures[dataset.pictures["name"] == "a/1.png"].index[-1]
    assert np.abs(shown(dataset, newest) - expected(51, 1504)).mean() <= 3
    write_cleaned_dataset(dataset, tmp_path / "export.zip", QUIET)
    again = import_dataset(tmp_path / "export.zip", "Again", ImportConfig(confirmed=True))
    assert open_dataset(again.project).pixel_range == (0, 1504)


def test_the_found_range_is_remembered(deep: Project) -> None:
    """It judges which new pictures do not suit; without another choice it comes back."""
    assert change_range(deep, NARROW).measured_range == PixelRange(0, 4095)
    assert change_range(deep, RangeChoice(pixel_range=(100, 900))).measured_range == PixelRange(0, 4095)
    back = change_range(deep, FOUND)
    assert (back.pixel_range, back.measured_range) == (PixelRange(0, 4095), None)


def test_an_earlier_version_is_restored_with_its_range(deep: Project) -> None:
    change_range(deep, NARROW)
    restored = restore_version(deep, 1)
    assert (restored.pixel_range, restored.measured_range) == (PixelRange(0, 4095), None)
    assert not has_followed(deep.dataset)
    follow_range(deep.dataset)
    row = row_of(restored, "a/0.png")
    assert np.abs(shown(restored, row) - expected(0, 4095)).mean() <= 2
    brightness = open_dataset(deep).pictures["brightness"].iloc[row]
    assert brightness == pytest.approx(expected(0, 4095).mean(), abs=2)


def test_later_edits_keep_the_new_range(deep: Project) -> None:
    change_range(deep, NARROW)
    exclude(deep, [open_dataset(deep).pictures["id"].iloc[0]])
    assert open_dataset(deep).pixel_range == PixelRange(0, 1504)
    assert open_dataset(deep).measured_range == PixelRange(0, 4095)


def test_percentiles_are_those_of_all_pictures(deep: Project) -> None:
    dataset = change_range(deep, RangeChoice(percentiles=(10, 90)))
    values = np.concatenate([grey(number).ravel() * 16.0 for number in range(12)])
    low, high = np.percentile(values, (10, 90))
    assert dataset.pixel_range is not None
    assert dataset.pixel_range.low == pytest.approx(low, abs=40)
    assert dataset.pixel_range.high == pytest.approx(high, abs=40)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (RangeChoice(pixel_range=(7, 7)), "no range from 7"),
        (RangeChoice(pixel_range=(0, float("inf"))), "no range from 0"),
        (RangeChoice(percentiles=(60, 40)), "no range from 60"),
        (RangeChoice(pixel_range=(0, 1), percentiles=(1, 99)), "not by both"),
    ],
)
def test_what_is_no_range_is_refused(deep: Project, choice: RangeChoice, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        change_range(deep, choice)
    assert open_dataset(deep).version == 1


def test_pictures_of_8_bits_have_no_range_to_change(tmp_path: Path, workspace: Path) -> None:
    source = write_folder(tmp_path / "source", class_folders({"a": 4, "b": 4}))
    project = import_dataset(source, "Shallow").project
    with pytest.raises(ConfigError, match="have no range"):
        change_range(project, NARROW)


def test_the_same_range_writes_no_version(deep: Project) -> None:
    assert change_range(deep, RangeChoice(pixel_range=(0, 4095))).version == 1
    assert drawing_number(deep.dataset) == 0


def test_a_change_that_is_stopped_is_finished_before_the_next_work(deep: Project) -> None:
    """Its version is written; thumbnails and statistics of the old range must not stay."""
    with pytest.raises(JobStopped):
        change_range(deep, NARROW, Recorder(stop=lambda recorder: True))
    dataset = open_dataset(deep)
    assert dataset.version == 2
    assert not has_followed(deep.dataset)
    drop_outdated(dataset)
    assert has_followed(deep.dataset)
    assert np.abs(shown(dataset, row_of(dataset, "a/0.png")) - expected(0, 1504)).mean() <= 3


def test_a_change_that_is_stopped_then_undone_leaves_no_thumbnail_of_its_range(deep: Project) -> None:
    """Some were drawn before the stop; the version that comes back has the range of the others."""
    with pytest.raises(JobStopped):
        change_range(deep, NARROW, Recorder(stop=lambda recorder: True))
    restored = restore_version(deep, 1)
    assert not has_followed(deep.dataset)
    follow_range(deep.dataset)
    assert has_followed(deep.dataset)
    for number in range(12):
        row = row_of(restored, f"{'ab'[number // 6]}/{number % 6}.png")
        assert np.abs(shown(restored, row) - expected(number, 4095)).mean() <= 2, number


def test_the_same_range_again_finishes_what_was_stopped(deep: Project) -> None:
    with pytest.raises(JobStopped):
        change_range(deep, NARROW, Recorder(stop=lambda recorder: True))
    assert change_range(deep, NARROW).version == 2
    assert has_followed(deep.dataset)


def test_each_change_has_addresses_of_its_own(deep: Project) -> None:
    """Browsers keep a thumbnail for a year."""
    from core.http.pages import picture_address, thumbnail_address

    addresses = [thumbnail_address("Deep", "0"), picture_address("Deep", "0")]
    for choice in (NARROW, FOUND):
        change_range(deep, choice)
        addresses += [thumbnail_address("Deep", "0"), picture_address("Deep", "0")]
    assert len(set(addresses)) == 6


def test_an_import_that_a_change_overtakes_is_refused(
    deep: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thumbnails have the range of before."""

    def overtaken(*arguments: Any) -> Any:
        reading = read_source(*arguments)
        change_range(deep, NARROW)
        return reading

    monkeypatch.setattr("core.data.importing.read_source", overtaken)
    with pytest.raises(ConfigError, match="has just been set, from 0 to 1504"):
        add_pictures(deep, write_folder(tmp_path / "more", files(bits_12, start=50)))


def test_the_difference_of_two_versions_names_the_range(deep: Project) -> None:
    after = change_range(deep, NARROW)
    found = compare_versions(deep, 1, 2)
    assert found.pixel_range == (PixelRange(0, 4095), PixelRange(0, 1504))
    assert not found.is_empty
    changes = changes_between(open_dataset(deep, 1), after)
    assert changes.range_changed
    assert not changes.is_empty
    assert compare_versions(deep, 2, 2).is_empty


def test_referenced_pictures_follow_and_lost_ones_stay(tmp_path: Path, workspace: Path) -> None:
    source = write_folder(tmp_path / "source", files(bits_12))
    project = import_dataset(source, "Deep", ImportConfig(refer=True)).project
    lost = row_of(open_dataset(project), "b/0.png")
    thumbnail = open_dataset(project).thumbnail(lost)
    (source / "b" / "0.png").unlink()
    dataset = change_range(project, NARROW)
    assert dataset.thumbnail(lost) == thumbnail
    assert np.abs(shown(dataset, row_of(dataset, "a/0.png")) - expected(0, 1504)).mean() <= 3


def test_restoring_over_the_pages_draws_in_a_job(deep: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of pictures take a minute; only a change of the range needs it."""
    from core.jobs.directory import JobDirectory
    from core.jobs.kinds import JobKind
    from core.runs.start_project_jobs import restore_and_redraw

    jobs: list[JobDirectory] = []
    monkeypatch.setattr("core.runs.temporary_jobs.launch", jobs.append)
    change_range(deep, NARROW)
    exclude(deep, [open_dataset(deep).pictures["id"].iloc[0]])
    restore_and_redraw(deep, 2)
    assert jobs == []
    restore_and_redraw(deep, 1)
    assert [job.kind for job in jobs] == [JobKind.CHANGE_RANGE]
