"""Additions to a project: known pictures are recognised, and the test set stays."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import relabel
from core.data.editing.splits import settle_split
from core.data.formats.understanding import ConfirmationNeededError
from core.data.history import list_versions
from core.data.import_config import ImportConfig
from core.data.importing import add_pictures, add_to_class, create_project, import_dataset
from core.data.labels.layout import Split
from core.data.split.splitting import SplitConfig
from core.errors import ClassNameError, ConfigError, DataError, NotFoundError
from core.progress import JobStopped, QuietProgress
from core.workspace import Project
from tests.support.pictures import class_folders, digit, encoded, photograph, write_folder, write_zip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Twenty cats and twenty dogs."""
    source = write_folder(tmp_path / "first", class_folders({"cats": 20, "dogs": 20}))
    return import_dataset(source, "Pets").project


def part(dataset: Dataset, split: Split) -> set[str]:
    return set(dataset.pictures["id"][dataset.rows(split)])


def files_of(project: Project) -> set[str]:
    folders = (project.dataset / "images", project.dataset / "thumbnails")
    return {str(path) for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_pictures_join_their_classes_and_the_test_set_stays(project: Project, tmp_path: Path) -> None:
    before = open_dataset(project)
    more = class_folders({"cats": 20, "dogs": 20, "apes": 10}, start=100)
    report = add_pictures(project, write_zip(tmp_path / "more.zip", more))
    assert report.classes == {"apes": 10, "cats": 20, "dogs": 20}
    after = open_dataset(project)
    assert after.version == before.version + 1
    assert after.counts() == {"apes": 10, "cats": 40, "dogs": 40}
    old = set(before.pictures["id"])
    for split in Split:
        assert part(after, split) & old == part(before, split)
    new_in_test = after.pictures[after.pictures["id"].isin(part(after, Split.TEST) - old)]
    assert set(new_in_test["label"]) == {"apes"}  # nothing else measures them
    assert len(part(after, Split.VALIDATION)) == 6 + 6 + 2  # 15% of each class, rounded
    assert str(list_versions(project)[0].edit) == "Added from more.zip. Pictures: 50"


def test_a_file_that_is_there_is_recognised(project: Project, tmp_path: Path) -> None:
    files = {"cats/again.png": digit(3), "cats/new.png": digit(300)}
    report = add_pictures(project, write_folder(tmp_path / "more", files))
    assert {item.file: str(item.reason) for item in report.skipped} == {
        "cats/again.png": "it is the same picture as cats/3.png"
    }
    assert report.classes == {"cats": 1}


def test_nothing_new_is_said_and_changes_nothing(project: Project, tmp_path: Path) -> None:
    before, files = open_dataset(project), files_of(project)
    with pytest.raises(DataError, match=r"already has all 40 pictures of again\.zip"):
        add_pictures(project, write_zip(tmp_path / "again.zip", class_folders({"cats": 20, "dogs": 20})))
    assert open_dataset(project).version == before.version
    assert files_of(project) == files


def test_a_known_picture_under_another_label_joins_its_group(project: Project, tmp_path: Path) -> None:
    """It contradicts the other, which the doctor reports; it must not leak meanwhile."""
    for number in range(20):
        add_pictures(project, write_folder(tmp_path / f"more-{number}", {"dogs/x.png": digit(number)}))
    dataset = open_dataset(project)
    assert len(dataset.all_pictures) == 60
    live = dataset.pictures
    assert (live.groupby("group")["split"].nunique() == 1).all()
    assert dataset.all_pictures["id"].is_unique


def test_what_looks_like_a_test_picture_is_not_learnt(tmp_path: Path) -> None:
    """The same photograph, saved again: in training, it would give the test away."""
    scenes = {f"{label}/{i}.jpg": _crop(i, label) for label in ("left", "right") for i in range(10)}
    project = import_dataset(write_folder(tmp_path / "first", scenes), "Scenes").project
    before = open_dataset(project)
    names = before.pictures["name"][before.rows(Split.TEST)]
    again = {name.replace(".jpg", "-again.jpg"): _crop_of(name, quality=60) for name in names}
    add_pictures(project, write_folder(tmp_path / "more", again))
    after = open_dataset(project)
    assert part(after, Split.TEST) == part(before, Split.TEST)
    added = after.all_pictures[after.all_pictures["name"].isin(again)]
    assert len(added) == len(names)
    assert added["excluded"].all()


def test_what_looks_like_a_test_picture_is_not_learnt_when_it_is_labelled_later(tmp_path: Path) -> None:
    """The same photographs were there from the first import, without a label; the test set must not grow."""
    scenes = [f"{label}/{i}.jpg" for label in ("left", "right") for i in range(10)]
    again = {name.replace(".jpg", "-again.jpg"): name for name in scenes}
    files = {name: _crop_of(name, quality=92) for name in scenes}
    files |= {copy: _crop_of(name, quality=60) for copy, name in again.items()}
    source = write_folder(tmp_path / "first", files)
    project = import_dataset(source, "Scenes", ImportConfig(unlabelled=True)).project
    _label(project, scenes)
    before = settle_split(project)
    tested = set(before.pictures["name"][before.rows(Split.TEST)])
    _label(project, list(again))
    after = settle_split(project)
    assert part(after, Split.TEST) == part(before, Split.TEST)
    excluded = after.all_pictures["name"][after.all_pictures["excluded"]]
    assert set(excluded) == {copy for copy, name in again.items() if name in tested}
    assert str(list_versions(project)[0].edit) == (
        "Divided new pictures. Pictures: 20. Excluded, because they look almost like a test picture "
        f"or are of its group: {len(tested)}"
    )


def _label(project: Project, names: list[str]) -> None:
    pictures = open_dataset(project).all_pictures.set_index("name")["id"]
    for label in ("left", "right"):
        relabel(project, pictures[[name for name in names if name.startswith(label)]].tolist(), label)


def _crop(number: int, label: str, quality: int = 92) -> bytes:
    """One of ten different places of a photograph."""
    pixels = photograph("china" if label == "left" else "flower")
    top, left = 30 + 60 * (number // 5), 10 + 100 * (number % 5)
    return encoded(np.ascontiguousarray(pixels[top : top + 200, left : left + 200]), "JPEG", quality=quality)


def _crop_of(name: str, quality: int) -> bytes:
    label, file = name.split("/")
    return _crop(int(file.removesuffix(".jpg")), label, quality)


def test_an_existing_class_keeps_its_spelling(project: Project, tmp_path: Path) -> None:
    more = write_folder(tmp_path / "more", {"Cats/new.png": digit(200)})
    with pytest.raises(ClassNameError, match="differ only in capital letters"):
        add_pictures(project, more)
    assert add_pictures(project, more, ImportConfig(merge_case=True)).classes == {"cats": 1}


def test_a_class_may_be_added_before_it_is_large_enough(project: Project, tmp_path: Path) -> None:
    add_pictures(project, write_folder(tmp_path / "more", {"apes/1.png": digit(200)}))
    dataset = open_dataset(project)
    assert dataset.class_names == ("cats", "dogs")
    assert "apes" in dataset.left_out_classes


def test_a_source_without_a_picture_changes_nothing(
    project: Project, tmp_path: Path, workspace: Path
) -> None:
    files = files_of(project)
    with pytest.raises(DataError, match="No usable picture"):
        add_pictures(project, write_folder(tmp_path / "more", {"cats/broken.png": b"none"}))
    assert open_dataset(project).version == 1
    assert files_of(project) == files
    assert list((workspace / "staging").iterdir()) == []


def test_a_stopped_addition_changes_nothing(project: Project, tmp_path: Path, workspace: Path) -> None:
    class Stopping(QuietProgress):
        def should_stop(self) -> bool:
            return True

    files = files_of(project)
    more = write_folder(tmp_path / "more", class_folders({"cats": 5}, start=300))
    with pytest.raises(JobStopped):
        add_pictures(project, more, None, Stopping())
    assert (open_dataset(project).version, files_of(project)) == (1, files)
    assert list((workspace / "staging").iterdir()) == []


def test_two_additions_at_once_both_count(project: Project, tmp_path: Path) -> None:
    sources = [
        write_folder(tmp_path / "a", class_folders({"cats": 6}, start=300)),
        write_folder(tmp_path / "b", class_folders({"dogs": 6}, start=303)),  # three scans are in both
    ]
    threads = [threading.Thread(target=add_pictures, args=(project, source)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    dataset = open_dataset(project)
    assert (dataset.version, len(dataset.all_pictures)) == (3, 52)
    assert dataset.all_pictures["id"].is_unique
    assert all(dataset.over_all_pictures().image_path(row).is_file() for row in range(52))


def test_a_project_is_filled_class_by_class() -> None:
    project = create_project("Gestures", ["thumbs up", "thumbs down"])
    assert open_dataset(project).all_class_names == ("thumbs up", "thumbs down")
    for label, start in (("thumbs up", 0), ("thumbs down", 10)):
        files = [(f"camera-{i}.png", digit(start + i)) for i in range(10)]
        assert add_to_class(project, label, files).classes == {label: 10}
    dataset = open_dataset(project)
    assert dataset.counts() == {"thumbs up": 10, "thumbs down": 10}
    assert {split: len(dataset.rows(split)) for split in Split} == {
        Split.TRAIN: 12,
        Split.VALIDATION: 4,
        Split.TEST: 4,
    }


def test_a_picture_without_a_label_is_dealt_once_it_has_one(project: Project) -> None:
    add_to_class(project, "", [("found.png", digit(400))])
    dataset = open_dataset(project)
    found = dataset.all_pictures.iloc[-1]
    assert (found["label"], found["split"]) == ("", "")
    assert found["id"] not in set(dataset.pictures["id"])
    relabel(project, [found["id"]], "cats")
    settled = settle_split(project)
    assert settled.pictures["split"].iloc[-1] == Split.TRAIN.value
    assert settle_split(project).version == settled.version  # nothing is left to deal


UNEQUAL = SplitConfig(validation_fraction=0.1, test_fraction=0.3)


def parts_of(dataset: Dataset) -> dict[Split, int]:
    return {split: len(dataset.rows(split)) for split in Split}


def test_pictures_labelled_later_are_divided_as_the_import_asked(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "s", {f"{i}.png": digit(i) for i in range(20)})
    project = import_dataset(source, "Loose", ImportConfig(unlabelled=True, split=UNEQUAL)).project
    ids = open_dataset(project).all_pictures["id"].tolist()
    relabel(project, ids[:10], "cats")
    relabel(project, ids[10:], "dogs")
    assert parts_of(settle_split(project)) == {Split.TRAIN: 12, Split.VALIDATION: 2, Split.TEST: 6}


def test_added_pictures_are_divided_as_the_project_is(tmp_path: Path) -> None:
    """30% validate: three of ten cats, and six of twenty."""
    wanted = ImportConfig(split=SplitConfig(validation_fraction=0.3, test_fraction=0.1))
    source = write_folder(tmp_path / "a", class_folders({"cats": 10, "dogs": 10}))
    project = import_dataset(source, "Pets", wanted).project
    assert parts_of(open_dataset(project)) == {Split.TRAIN: 12, Split.VALIDATION: 6, Split.TEST: 2}
    add_pictures(project, write_folder(tmp_path / "b", class_folders({"cats": 10}, start=300)))
    assert parts_of(open_dataset(project)) == {Split.TRAIN: 19, Split.VALIDATION: 9, Split.TEST: 2}


def test_an_unlabelled_source_brings_pictures_without_classes(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "s", {"a/1.png": digit(1), "2.png": digit(2), "notes.txt": b"x"})
    report = import_dataset(source, "Loose", ImportConfig(unlabelled=True))
    dataset = open_dataset(report.project)
    assert report.classes == {}
    assert dataset.all_pictures["label"].tolist() == ["", ""]
    assert [item.file for item in report.skipped] == ["notes.txt"]


def test_referred_pictures_stay_where_they_are(tmp_path: Path) -> None:
    files = class_folders({"cats": 5, "dogs": 5})
    source = write_folder(tmp_path / "own", files)
    project = import_dataset(source, "Pets", ImportConfig(refer=True)).project
    dataset = open_dataset(project)
    assert not (project.dataset / "images").exists()
    names = dataset.pictures["name"]
    assert {name: dataset.picture_bytes(row) for row, name in enumerate(names)} == files
    (source / names[0]).unlink()
    with pytest.raises(NotFoundError, match="is no longer there"):
        dataset.picture_bytes(0)
    assert dataset.thumbnail(0)


def test_only_a_folder_can_be_referred_to(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "pets.zip", class_folders({"cats": 5, "dogs": 5}))
    with pytest.raises(ConfigError, match=r"pets\.zip is not a folder"):
        import_dataset(source, "Pets", ImportConfig(refer=True))


def test_a_table_gives_classes_parts_and_groups(tmp_path: Path) -> None:
    """Flat pictures and one table: what hospitals and labs have."""
    parts = ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    lines = ["file,label,split,patient"]
    files: dict[str, bytes] = {}
    for number in range(20):
        files[f"pictures/{number}.png"] = digit(number)
        label = "ill" if number < 10 else "well"
        lines.append(f"{number}.png,{label},{parts[number % 10]},p{number // 2}")
    files["labels.csv"] = "\n".join(lines).encode()
    files["pictures/unnamed.png"] = digit(50)
    report = import_dataset(write_zip(tmp_path / "study.zip", files), "Study")
    assert report.classes == {"ill": 10, "well": 10}
    assert {item.file: str(item.reason) for item in report.skipped} == {
        "pictures/unnamed.png": "labels.csv has no row for it"
    }
    dataset = open_dataset(report.project)
    assert {split: len(dataset.rows(split)) for split in Split} == {
        Split.TRAIN: 12,
        Split.VALIDATION: 4,
        Split.TEST: 4,
    }
    assert (dataset.pictures.groupby("group").size() == 2).all()


def test_a_table_beside_the_pictures_outweighs_their_folders(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "s", class_folders({"a": 4, "b": 4}))
    table = tmp_path / "truth.csv"
    rows = [f"{folder}/{i}.png,{'odd' if i % 2 else 'even'}" for folder in "ab" for i in range(4)]
    table.write_text("\n".join(["path,class", *rows]))
    report = import_dataset(source, "Truth", ImportConfig(table=table))
    assert report.classes == {"even": 4, "odd": 4}


def test_a_given_table_that_lies_in_the_folder_is_no_file_left_out(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "s", class_folders({"a": 4, "b": 4}))
    table = source / "labels" / "truth.csv"
    table.parent.mkdir()
    rows = [f"{folder}/{i}.png,{'odd' if i % 2 else 'even'}" for folder in "ab" for i in range(4)]
    table.write_text("\n".join(["path,class", *rows]))
    report = import_dataset(source, "Truth", ImportConfig(table=table))
    assert report.classes == {"even": 4, "odd": 4}
    assert report.skipped == ()


def test_a_table_among_class_folders_is_not_taken_for_labels(tmp_path: Path) -> None:
    files = class_folders({"a": 4, "b": 4})
    files["notes.csv"] = b"file,label\n0.png,wrong\n1.png,wrong\n2.png,wrong\n3.png,wrong\n"
    source = write_folder(tmp_path / "s", files)
    with pytest.raises(ConfirmationNeededError, match="names that several pictures have"):
        import_dataset(source, "Folders")
    assert import_dataset(source, "Folders", ImportConfig(confirmed=True)).classes == {"a": 4, "b": 4}
    with pytest.raises(DataError, match="No table"):
        import_dataset(source / "a", "Inside", ImportConfig(table_inside=True))
