"""Every edit makes a version, the test set stays, and only erased pictures are lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.dataset import Dataset, image_path, open_dataset, thumbnail_path
from core.data.editing.change import changing
from core.data.editing.classes import add_class, merge_classes, remove_class, rename_class, reorder_classes
from core.data.editing.labels import exclude, include, relabel, relabel_each, without_copies
from core.data.editing.splits import leaking_rows, mend_leaks, redraw_split
from core.data.editing.versions import erase, restore_version
from core.data.history import compare_versions, list_versions
from core.data.importing import add_to_class, import_dataset
from core.data.labels.layout import Split
from core.data.manifest import MEASURED_AGAIN, measured_again_file
from core.data.near_duplicates.hash_index import read_window_hashes
from core.data.pixels.arrays import decoded_pictures
from core.data.split.splitting import SplitConfig
from core.data.version_record import drawn_split
from core.doctor.features.row_cache import CachedRows, read_rows, write_rows
from core.errors import DarkroomError, NotFoundError
from core.progress import QuietProgress
from core.workspace import Project
from tests.support.pictures import class_folders, digit, write_folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Eight apes, eight cats and eight dogs, and one scan filed under cats and dogs."""
    files = class_folders({"apes": 8, "cats": 8, "dogs": 8})
    files |= {"cats/both.png": digit(500), "dogs/both.png": digit(500)}
    return import_dataset(write_folder(tmp_path / "source", files), "Pets").project


def ids_of(dataset: Dataset, label: str, split: Split | None = None) -> list[str]:
    pictures = dataset.pictures[dataset.pictures["label"] == label]
    return pictures["id"][(pictures["split"] == split.value) if split else slice(None)].tolist()


def ids_to_test_with(dataset: Dataset) -> set[str]:
    return set(dataset.all_pictures["id"][dataset.all_pictures["split"] == Split.TEST.value])


def labels(dataset: Dataset) -> dict[str, str]:
    return dict(zip(dataset.all_pictures["id"], dataset.all_pictures["label"], strict=True))


def test_a_label_is_changed_and_the_version_before_is_not(project: Project) -> None:
    before = open_dataset(project)
    chosen = ids_of(before, "apes")[:3]
    after = relabel(project, chosen, "cats")
    assert after.version == before.version + 1
    assert {identifier: labels(after)[identifier] for identifier in chosen} == dict.fromkeys(chosen, "cats")
    assert labels(open_dataset(project, before.version)) == labels(before)
    assert str(list_versions(project)[0].edit) == "Labelled “cats”. Pictures: 3"


def test_a_label_that_is_said_already_makes_no_version(project: Project) -> None:
    dataset = open_dataset(project)
    assert relabel(project, ids_of(dataset, "apes"), "apes").version == dataset.version


def test_a_new_label_makes_a_class(project: Project) -> None:
    dataset = relabel(project, ids_of(open_dataset(project), "apes")[:4], "bears")
    assert dataset.class_names == ("apes", "bears", "cats", "dogs")
    assert dataset.counts()["bears"] == 4


def test_a_class_too_small_to_learn_stays_with_its_reason(project: Project) -> None:
    """It may be growing: nothing of it is lost, and nothing is learnt from it yet."""
    dataset = relabel(project, ids_of(open_dataset(project), "apes")[:2], "bears")
    assert dataset.class_names == ("apes", "cats", "dogs")
    assert dataset.all_class_names == ("apes", "bears", "cats", "dogs")
    assert "at least 3 are needed" in str(dataset.left_out_classes["bears"])


@pytest.mark.parametrize(
    "change",
    [
        lambda project, dataset: relabel(project, ids_of(dataset, "cats"), "dogs"),
        lambda project, dataset: exclude(project, ids_of(dataset, "cats", Split.TRAIN)),
        lambda project, dataset: rename_class(project, "cats", "lions"),
        lambda project, dataset: merge_classes(project, ["cats", "dogs"], "pets"),
        lambda project, dataset: reorder_classes(project, ["dogs", "cats", "apes"]),
        lambda project, dataset: remove_class(project, "cats"),
    ],
    ids=["relabel", "exclude", "rename", "merge", "reorder", "remove"],
)
def test_edits_do_not_change_the_test_set(project: Project, change: Callable[..., Dataset]) -> None:
    before = open_dataset(project)
    after = change(project, before)
    assert after.version > before.version
    assert ids_to_test_with(after) == ids_to_test_with(before)
    assert (after.all_pictures["split"] == before.all_pictures["split"]).all()


def test_excluded_pictures_stay_but_are_not_learnt(project: Project) -> None:
    dataset = open_dataset(project)
    chosen = ids_of(dataset, "dogs")[:2]
    without = exclude(project, chosen)
    assert not set(chosen) & set(without.pictures["id"])
    assert set(chosen) <= set(without.all_pictures["id"])
    back = include(project, chosen)
    assert back.pictures["id"].tolist() == dataset.pictures["id"].tolist()


def test_erased_pictures_leave_every_version_and_the_disk(project: Project) -> None:
    dataset = open_dataset(project)
    row = dataset.pictures[dataset.pictures["label"] == "apes"].index[0]
    doomed, sha256 = dataset.pictures["id"][row], dataset.pictures["sha256"][row]
    files = [image_path(project.dataset, sha256, "png"), thumbnail_path(project.dataset, sha256)]
    assert all(file.exists() for file in files)
    erase(project, [doomed])
    assert not any(file.exists() for file in files)
    for version in (1, 2):
        assert doomed not in set(open_dataset(project, version).all_pictures["id"])
    assert doomed not in set(restore_version(project, 1).all_pictures["id"])


def test_an_erased_picture_that_is_added_again_is_there_again(project: Project) -> None:
    before = open_dataset(project)
    row = before.pictures[before.pictures["label"] == "apes"].index[0]
    data, sha256 = before.picture_bytes(row), before.pictures["sha256"][row]
    erase(project, [before.pictures["id"][row]])
    assert add_to_class(project, "apes", [("again.png", data)]).classes == {"apes": 1}
    after = open_dataset(project)
    again = after.pictures["sha256"].tolist().index(sha256)
    assert after.pictures["name"][again] == "again.png"
    assert after.picture_bytes(again) == data
    assert after.thumbnail(again)


def test_a_crash_while_erasing_leaves_no_version_that_shows_the_picture(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(project)
    row = dataset.pictures[dataset.pictures["label"] == "apes"].index[0]
    doomed, path = dataset.pictures["id"][row], dataset.image_path(row)

    def die(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("core.data.editing.change.write_version", die)
        with pytest.raises(KeyboardInterrupt):
            erase(project, [doomed])
    assert doomed not in set(open_dataset(project).all_pictures["id"])
    assert not path.exists()


def test_erased_pictures_leave_the_caches(project: Project) -> None:
    """Hashes and features tell what was in a picture. What belongs to the others stays."""
    before = open_dataset(project)
    doomed, gone = before.pictures["id"][0], before.pictures["sha256"][0]
    decoded_pictures(before, 16, QuietProgress())
    chunk = project.dataset / "features" / "engine" / "0123abcd.npz"
    (chunk.parent / "views-0123").mkdir(parents=True)
    contents, ids = before.pictures["sha256"].tolist(), before.pictures["id"].to_numpy(str)
    np.savez(chunk, sha256=np.array(contents, "S64"), features=np.arange(len(ids)) + 1.0)
    write_rows(project.dataset, "map", "engine", CachedRows(ids=ids, values=np.arange(len(ids)) + 1.0))
    measured = before.pictures[["sha256", *MEASURED_AGAIN]].drop_duplicates("sha256")
    measured.to_parquet(measured_again_file(project.dataset), index=False)
    assert gone in read_window_hashes(project.dataset)

    erase(project, [doomed])
    assert gone not in read_window_hashes(project.dataset)
    assert set(contents) - {gone} <= read_window_hashes(project.dataset).keys()
    with np.load(chunk) as features:
        assert features["sha256"].astype(str).tolist() == contents[1:]
        assert features["features"].tolist() == [row + 1.0 for row in range(1, len(ids))]
    mapped = read_rows(project.dataset, "map", "engine")
    assert mapped is not None
    assert mapped.values.tolist() == [0.0, *(row + 1.0 for row in range(1, len(ids)))]
    assert gone not in set(pd.read_parquet(measured_again_file(project.dataset))["sha256"])
    assert not list(project.dataset.glob("features/*/views-*"))
    files = [path for path in project.dataset.rglob("*.*") if path.is_file() and path.suffix != ".parquet"]
    assert [path.name for path in files if gone.encode() in path.read_bytes()] == ["erased.json"]


@pytest.mark.parametrize(
    "place", ["runs/run-1", "searches/search-1/trials/00003", "searches/search-1/trials/00003/fold-2"]
)
def test_erased_pictures_leave_the_activations_of_runs_that_rest(project: Project, place: str) -> None:
    """A paused run is perhaps never resumed."""
    outputs = project.path / place / "activations" / "0123abcd.npy"
    outputs.parent.mkdir(parents=True)
    outputs.touch()
    erase(project, ids_of(open_dataset(project), "cats")[:1])
    assert not outputs.parent.exists()
    assert (project.path / place).exists()


def test_erased_pictures_leave_the_manifests(project: Project) -> None:
    """A name or a hash would tell of them."""
    gone = open_dataset(project).pictures.iloc[0]
    relabel(project, [gone["id"]], "cats")
    erase(project, [gone["id"]])
    for file in (project.dataset / "versions").glob("*.parquet"):
        assert gone["sha256"] not in set(pd.read_parquet(file)["sha256"])
    for version in (1, 2, 3):
        assert len(open_dataset(project, version).all_pictures) == 25


def test_a_version_of_few_changes_does_not_show_an_erased_picture(project: Project) -> None:
    dataset = open_dataset(project)
    doomed, other = ids_of(dataset, "apes")[:2]
    relabel(project, [doomed, other], "cats")
    erase(project, [doomed])
    version = open_dataset(project, 2)
    assert doomed not in set(version.all_pictures["id"])
    assert labels(version)[other] == "cats"


@pytest.mark.parametrize("folder", ["exports", "handover"])
def test_erasing_removes_exported_copies(project: Project, folder: str) -> None:
    """Zips of Darkroom up to 03be4e7 are in ``handover``."""
    exported = project.dataset / folder / "0001.zip"
    exported.parent.mkdir()
    exported.write_bytes(b"")
    erase(project, ids_of(open_dataset(project), "cats")[:1])
    assert not exported.exists()


def test_a_file_that_stands_under_another_label_is_not_erased(project: Project) -> None:
    dataset = open_dataset(project)
    both = dataset.pictures[dataset.pictures["name"].str.endswith("both.png")]
    after = erase(project, [both["id"].iloc[0]])
    kept = after.pictures["id"].tolist().index(both["id"].iloc[1])
    assert after.picture_bytes(kept) == digit(500)


def test_a_picture_in_both_merged_classes_counts_once(project: Project) -> None:
    dataset = merge_classes(project, ["cats", "dogs"], "pets")
    assert dataset.class_names == ("apes", "pets")
    assert dataset.counts() == {"apes": 8, "pets": 17}
    assert dataset.all_pictures["excluded"].sum() == 1


def test_copies_among_very_many_pictures_are_found_at_once() -> None:
    """Two classes of 15,000 pictures are merged that have 10,000 in common."""
    contents = [*range(15_000), *range(5_000, 20_000)]
    pictures = pd.DataFrame(
        {"label": "pets", "sha256": list(map(str, contents)), "split": Split.TRAIN.value, "excluded": False}
    )
    began = time.process_time()
    merged = without_copies(pictures, pd.Series(True, index=pictures.index))
    assert time.process_time() - began < 3
    assert merged["excluded"].sum() == 10_000
    assert merged.loc[~merged["excluded"], "sha256"].is_unique


def test_suggestions_are_accepted_in_one_version(project: Project) -> None:
    dataset = open_dataset(project)
    wanted = {ids_of(dataset, "apes")[0]: "cats", ids_of(dataset, "dogs")[1]: "apes"}
    after = relabel_each(project, wanted)
    assert after.version == dataset.version + 1
    assert {identifier: labels(after)[identifier] for identifier in wanted} == wanted


def test_a_class_is_added_renamed_reordered_and_removed(project: Project) -> None:
    assert add_class(project, "bears").all_class_names == ("apes", "bears", "cats", "dogs")
    assert rename_class(project, "bears", " Bären ").all_class_names[1] == "Bären"
    order = ["dogs", "Bären", "cats", "apes"]
    assert list(reorder_classes(project, order).all_class_names) == order
    dataset = remove_class(project, "dogs")
    assert list(dataset.all_class_names) == ["Bären", "cats", "apes"]
    assert (dataset.all_pictures["label"] == "").sum() == 9


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda p: rename_class(p, "cats", "DOGS"), "already a class called “dogs”"),
        (lambda p: rename_class(p, "cats", " "), "needs a name"),
        (lambda p: rename_class(p, "cats", "x" * 121), "121 characters"),
        (lambda p: rename_class(p, "lions", "cats"), "no class called “lions”"),
        (lambda p: reorder_classes(p, ["cats"]), "every class once"),
        (lambda p: relabel(p, ["nobody"], "cats"), "no picture “nobody”"),
        (lambda p: relabel(p, [], "Cats") and relabel(p, ids_of(open_dataset(p), "dogs"), "Cats"), "“cats”"),
        (lambda p: restore_version(p, 7), "version 7"),
    ],
)
def test_an_invalid_edit_is_refused_and_changes_nothing(
    project: Project, change: Callable[[Project], object], sentence: str
) -> None:
    before = open_dataset(project)
    with pytest.raises(DarkroomError, match=sentence):
        change(project)
    assert open_dataset(project).version == before.version


def test_a_new_draw_divides_afresh_and_says_so(project: Project) -> None:
    before = open_dataset(project)
    after = redraw_split(project, SplitConfig(validation_fraction=0.3, test_fraction=0.3, seed=5))
    assert ids_to_test_with(after) != ids_to_test_with(before)
    assert (after.pictures.groupby("group")["split"].nunique() == 1).all()
    in_test = after.pictures["label"].iloc[after.rows(Split.TEST)].value_counts()
    assert (in_test >= 2).all()
    assert in_test.sum() in (7, 8)
    assert str(list_versions(project)[0].edit) == "Divided anew: 30% to validate, 30% to test, seed 5"


def test_a_restored_version_has_the_settings_of_its_split_again(project: Project) -> None:
    redraw_split(project, SplitConfig(validation_fraction=0.3, test_fraction=0.3))
    assert drawn_split(project.dataset) == SplitConfig(validation_fraction=0.3, test_fraction=0.3)
    restore_version(project, 1)
    assert drawn_split(project.dataset) == SplitConfig()


def test_versions_are_compared_picture_by_picture(project: Project) -> None:
    dataset = open_dataset(project)
    apes, cats, dogs = (ids_of(dataset, name) for name in ("apes", "cats", "dogs"))
    relabel(project, [apes[0]], "dogs")
    exclude(project, [cats[1]])
    erase(project, [dogs[2]])
    difference = compare_versions(project, 1, open_dataset(project).version)
    assert difference.relabelled == {apes[0]: ("apes", "dogs")}
    assert difference.excluded == [cats[1]]
    assert difference.added == []
    assert difference.included == []
    assert difference.moved == {}
    assert compare_versions(project, 4, 4).is_empty


def test_a_restored_version_is_the_newest_again(project: Project) -> None:
    first = open_dataset(project)
    rename_class(project, "cats", "lions")
    exclude(project, ids_of(first, "apes")[:2])
    restored = restore_version(project, 1)
    assert restored.version == 4
    assert restored.class_names == first.class_names
    assert restored.all_pictures.equals(first.all_pictures)


def test_mending_leaks_excludes_training_pictures_only(project: Project) -> None:
    dataset = open_dataset(project)
    test = ids_of(dataset, "apes", Split.TEST)[0]
    train = ids_of(dataset, "apes", Split.TRAIN)[0]
    with changing(project) as change:
        pictures = change.pictures
        group = pictures.loc[pictures["id"] == test, "group"].item()
        pictures.loc[pictures["id"] == train, "group"] = group
        change.write(pictures, list_versions(project)[0].edit)
    leaking = open_dataset(project).all_pictures
    assert leaking["id"][leaking_rows(leaking)].tolist() == [train]
    mended = mend_leaks(project)
    assert not leaking_rows(mended.all_pictures).any()
    assert train not in set(mended.pictures["id"])
    assert test in set(mended.pictures["id"])


def test_two_changes_at_once_both_count(project: Project) -> None:
    dataset = open_dataset(project)
    chosen = [ids_of(dataset, name)[0] for name in ("apes", "cats", "dogs")]
    threads = [threading.Thread(target=exclude, args=(project, [identifier])) for identifier in chosen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    excluded = open_dataset(project).all_pictures
    assert set(excluded["id"][excluded["excluded"]]) == set(chosen)
    assert [info.number for info in list_versions(project)] == [4, 3, 2, 1]


@pytest.mark.parametrize("has_manifest", [True, False])
def test_a_crash_in_the_middle_of_an_edit_leaves_the_last_version_whole(
    project: Project, monkeypatch: pytest.MonkeyPatch, has_manifest: bool
) -> None:
    """A manifest may be on disk, its record is not: it does not count, and the next edit replaces it."""
    before = open_dataset(project)

    def die(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("core.data.manifest.MOST_CHANGES", 0 if has_manifest else 200)
        patch.setattr("core.data.dataset.write_record", die)
        with pytest.raises(KeyboardInterrupt):
            exclude(project, ids_of(before, "apes"))
    assert (project.dataset / "versions" / "0002.parquet").exists() is has_manifest
    assert open_dataset(project).pictures.equals(before.pictures)
    after = exclude(project, ids_of(before, "cats")[:1])
    assert after.version == 2
    assert set(after.all_pictures["id"][after.all_pictures["excluded"]]) == set(ids_of(before, "cats")[:1])


def test_manifests_of_older_versions_are_read(project: Project) -> None:
    """They kept the split in a file of its own and measured nothing."""
    dataset = open_dataset(project)
    file = project.dataset / "versions" / "0001.parquet"
    old = pd.read_parquet(file)
    old[["id", "split"]].to_parquet(project.dataset / "splits.parquet", index=False)
    since = ["split", "excluded", "location", "frames", "camera", "perceptual_hash", "brightness"]
    old.drop(columns=[*since, "contrast", "sharpness", "border"]).to_parquet(file, index=False)
    record = project.dataset / "versions" / "0001.json"
    record.touch()
    again = open_dataset(project)
    assert again.pictures["split"].tolist() == dataset.pictures["split"].tolist()
    assert exclude(project, ids_of(again, "apes")[:1]).version == 2


def test_the_author_of_a_version_is_stored(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    exclude(project, ids_of(open_dataset(project), "apes")[:1])
    assert list_versions(project)[0].who == "ada"
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(KeyError("uid 1000")))
    exclude(project, ids_of(open_dataset(project), "apes")[:1])
    assert list_versions(project)[0].who == ""


def test_a_version_that_was_never_written_cannot_be_compared(project: Project) -> None:
    with pytest.raises(NotFoundError, match="version 9"):
        compare_versions(project, 1, 9)
