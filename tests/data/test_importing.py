"""Imports are atomic, and every file left out has a reason."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.import_config import ImportConfig
from core.data.importing import ImportReport, import_dataset
from core.data.job import import_pictures
from core.data.labels.layout import Split
from core.data.pixels.decoding import PictureFacts, examine_picture
from core.data.split.splitting import SplitConfig
from core.errors import (
    ArchiveError,
    ClassNameError,
    ConfigError,
    DarkroomError,
    DataError,
    InvalidNameError,
    NotFoundError,
    ProjectExistsError,
    TooFewClassesError,
    TooFewImagesError,
)
from core.natural_order import natural_order
from core.progress import JobStopped, QuietProgress, Stage
from core.workspace import list_projects, open_staging, publish_project
from tests.support.pictures import (
    class_folders,
    digit,
    digit_scans,
    encoded,
    small_photograph,
    write_folder,
    write_zip,
)

ROOT = Path(__file__).resolve().parents[2]


def import_files(tmp_path: Path, files: dict[str, bytes], config: ImportConfig | None = None) -> ImportReport:
    return import_dataset(write_zip(tmp_path / "pets.zip", files), "Pets", config)


def skipped(report: ImportReport) -> dict[str, str]:
    return {item.file: str(item.reason) for item in report.skipped}


def by_name(dataset: Dataset, column: str) -> dict[str, object]:
    return dict(zip(dataset.pictures["name"], dataset.pictures[column], strict=True))


def assert_nothing_remains(workspace: Path) -> None:
    """No project, no half of one."""
    assert list_projects() == []
    remains = [path for path in workspace.rglob("*") if path.is_file()]
    assert remains == []
    for folder in ("projects", "staging"):
        assert not (workspace / folder).exists() or list((workspace / folder).iterdir()) == []


class Watched(QuietProgress):
    """Progress that remembers, and can ask to stop after so many pictures."""

    def __init__(self, stop_after: float = float("inf")) -> None:
        self.stages: list[Stage] = []
        self.steps: list[tuple[int, int]] = []
        self.stop_after = stop_after

    def stage(self, stage: Stage) -> None:
        self.stages.append(stage)

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        self.steps.append((done, total))

    def should_stop(self) -> bool:
        return len(self.steps) >= self.stop_after


@pytest.mark.parametrize("write", [write_zip, write_folder])
@pytest.mark.parametrize("root", ["", "pets/"])
def test_class_folders_become_a_project(tmp_path: Path, write: Callable[..., Path], root: str) -> None:
    files = class_folders({f"{root}cats": 5, f"{root}dogs": 4})
    report = import_dataset(write(tmp_path / "source", files), " Pets ")
    assert report.project.name == "Pets"
    assert report.classes == {"cats": 5, "dogs": 4}
    assert report.skipped == ()
    dataset = open_dataset(report.project)
    assert dataset.class_names == ("cats", "dogs")
    assert {name: dataset.picture_bytes(row) for row, name in enumerate(dataset.pictures["name"])} == files


def test_an_imported_file_is_unchanged(tmp_path: Path) -> None:
    """Decoding may improve one day; what was thrown away does not come back."""
    photograph = encoded(small_photograph(), "JPEG", quality=30)
    report = import_files(tmp_path, {**class_folders({"cats": 3, "dogs": 3}), "cats/photo.jpg": photograph})
    dataset = open_dataset(report.project)
    row = int(np.flatnonzero(dataset.pictures["name"] == "cats/photo.jpg")[0])
    facts = dataset.pictures.iloc[row]
    assert dataset.picture_bytes(row) == photograph
    assert (facts["width"], facts["height"], facts["format"]) == (64, 48, "JPEG")
    assert facts["size_bytes"] == len(photograph)
    assert dataset.thumbnail(row).startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("name", ["cats/photo.png", "cats/photo.JPG", "cats/photo", "cats/photo.dat"])
def test_a_wrong_extension_is_corrected(tmp_path: Path, name: str) -> None:
    """Phones often name a JPEG .png; browsers may not show it under a wrong name."""
    files = {**class_folders({"cats": 3, "dogs": 3}), name: encoded(small_photograph(), "JPEG")}
    report = import_files(tmp_path, files)
    assert report.classes == {"cats": 4, "dogs": 3}
    dataset = open_dataset(report.project)
    row = int(np.flatnonzero(dataset.pictures["name"] == name)[0])
    assert dataset.image_path(row).suffix == ".jpg"


def test_unreadable_files_are_named_and_the_others_imported(tmp_path: Path) -> None:
    files = {
        **class_folders({"cats": 4, "dogs": 4}),
        "cats/broken.png": digit(100)[:-40],
        "cats/notes.txt": b"my cats",
        "dogs/dog.docx": b"no picture",
        "dogs/empty.jpg": b"",
        "cover.png": digit(101),
    }
    report = import_files(tmp_path, files)
    assert report.classes == {"cats": 4, "dogs": 4}
    not_a_picture = "it is not a picture, or of a kind that cannot be read"
    assert skipped(report) == {
        "cats/broken.png": "it is damaged or cut off",
        "cats/notes.txt": not_a_picture,
        "dogs/dog.docx": not_a_picture,
        "dogs/empty.jpg": "it is empty (0 bytes)",
        "cover.png": "it is not in a class folder",
    }
    assert {item.file: str(item.reason) for item in open_dataset(report.project).skipped} == skipped(report)


def test_unsafe_members_of_an_archive_are_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "pets.zip", class_folders({"cats": 4, "dogs": 4}), zipfile.ZIP_STORED)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("dogs/link.png")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("../../evil.png", digit(50))
    path.write_bytes(path.read_bytes().replace(digit(0), digit(0)[:-1] + b"\x00"))
    report = import_dataset(path, "Pets")
    assert report.classes == {"cats": 3, "dogs": 4}
    assert skipped(report) == {
        "cats/0.png": "it is damaged inside the archive",
        "dogs/link.png": "it is a link, not a file",
        "../../evil.png": "its name points outside the archive",
    }
    assert not list(tmp_path.parent.rglob("evil.png"))


def test_html_in_a_name_stays_text(tmp_path: Path) -> None:
    """Whoever shows a name escapes it; here it is neither run nor mangled."""
    nasty = "<img src=x onerror=alert(1)>"
    report = import_files(tmp_path, class_folders({nasty: 3, "dogs & <b>cats": 3}))
    assert report.classes == {nasty: 3, "dogs & <b>cats": 3}


def test_braces_in_a_name_are_not_format_fields(tmp_path: Path) -> None:
    """Sentences are templates; what a file is called must not be read as one."""
    files = {**class_folders({"{file}": 3, "{0.__class__}": 3}), "{file}/{reason}.png": b"x"}
    report = import_files(tmp_path, files)
    assert skipped(report) == {"{file}/{reason}.png": "it is not a picture, or of a kind that cannot be read"}
    with pytest.raises(TooFewClassesError, match=r"\{label\}"):
        import_dataset(write_zip(tmp_path / "one.zip", class_folders({"{label}": 5})), "Other")


def test_a_name_that_is_not_utf_8_can_be_imported(tmp_path: Path) -> None:
    """Old disks hold names in other encodings; the manifest is UTF-8."""
    folder = write_folder(tmp_path / "pets", class_folders({"cats": 3, "dogs": 3}))
    Path(os.fsdecode(os.fsencode(folder) + b"/cats/caf\xe9.png")).write_bytes(digit(90))
    Path(os.fsdecode(os.fsencode(folder) + b"/cats/caf\xe9.txt")).write_bytes(b"text")
    report = import_dataset(folder, "Pets")
    assert report.classes == {"cats": 4, "dogs": 3}
    assert skipped(report) == {"cats/caf\ufffd.txt": "it is not a picture, or of a kind that cannot be read"}


def test_a_copy_is_left_out_by_name(tmp_path: Path) -> None:
    files = class_folders({"cats": 4, "dogs": 4})
    report = import_files(
        tmp_path, {**files, "cats/10.png": files["cats/2.png"], "cats/9.png": files["cats/2.png"]}
    )
    assert report.classes == {"cats": 4, "dogs": 4}
    same = "it is the same picture as cats/2.png"
    assert skipped(report) == {"cats/10.png": same, "cats/9.png": same}


def test_a_name_that_an_archive_holds_twice_counts_once(tmp_path: Path) -> None:
    """Updating a zip may append a second entry of the same name."""
    path = write_zip(tmp_path / "pets.zip", class_folders({"cats": 4, "dogs": 4}))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("cats/1.png", digit(1))
    report = import_dataset(path, "Pets")
    assert report.classes == {"cats": 4, "dogs": 4}
    assert skipped(report) == {
        "cats/1.png": "a later file in the archive has the same name, and that one was taken"
    }


def test_a_copy_in_train_and_test_stays_in_test(tmp_path: Path) -> None:
    """It must not be learnt and asked; taken out of test, the benchmark would not be the benchmark."""
    files = class_folders({"train/cats": 6, "train/dogs": 6, "test/cats": 3, "test/dogs": 3})
    files["train/cats/copy.png"] = files["test/cats/0.png"]
    report = import_files(tmp_path, files)
    assert skipped(report) == {"train/cats/copy.png": "it is the same picture as test/cats/0.png"}
    assert by_name(open_dataset(report.project), "split")["test/cats/0.png"] == "test"


@pytest.mark.parametrize("seed", range(4))
def test_one_picture_under_two_labels_stays_in_one_part(tmp_path: Path, seed: int) -> None:
    """Only the user knows the right label; until then the picture must not straddle the split."""
    files = class_folders({"cats": 8, "dogs": 8})
    for number in range(4):
        files[f"dogs/cat-{number}.png"] = files[f"cats/{number}.png"]
    report = import_files(tmp_path, files, ImportConfig(split=SplitConfig(seed=seed)))
    assert report.classes == {"cats": 8, "dogs": 12}
    pictures = open_dataset(report.project).pictures
    assert pictures["id"].is_unique
    assert (pictures.groupby("sha256")["split"].nunique() == 1).all()


def test_a_supplied_split_is_unchanged(tmp_path: Path) -> None:
    files = class_folders(
        {f"pets/{part}/{label}": 3 for part in ("train", "val", "test") for label in ("a", "b")}
    )
    report = import_files(tmp_path, files)
    assert report.classes == {"a": 9, "b": 9}
    words = {"train": "train", "val": "validation", "test": "test"}
    expected = {name: words[name.split("/")[1]] for name in files}
    assert by_name(open_dataset(report.project), "split") == expected
    assert by_name(open_dataset(report.project), "supplied_split") == expected


def test_a_missing_part_is_drawn_from_training(tmp_path: Path) -> None:
    files = class_folders({"train/a": 20, "train/b": 20, "test/a": 5, "test/b": 5})
    dataset = open_dataset(import_files(tmp_path, files).project)
    assert {split.value: len(dataset.rows(split)) for split in Split} == {
        "train": 34,
        "validation": 6,
        "test": 10,
    }
    assert all(name.startswith("test/") for name in dataset.pictures["name"].iloc[dataset.rows(Split.TEST)])


@pytest.mark.parametrize("blank", [2, 5])
def test_pictures_without_a_label_stay_and_wait_without_a_part(tmp_path: Path, blank: int) -> None:
    """Three of them are no class, and two are no class that is too small."""
    labels = {f"{index}": index % 2 for index in range(12)} | {
        f"{12 + index}": None for index in range(blank)
    }
    files = {f"data/{stem}.png": digit(int(stem)) for stem in labels}
    files["labels.json"] = json.dumps({"classes": ["cat", "dog"], "labels": labels}).encode()
    report = import_dataset(write_folder(tmp_path / "fiftyone", files), "Pets")
    assert (report.classes, report.skipped) == ({"cat": 6, "dog": 6}, ())
    pictures = open_dataset(report.project).all_pictures
    assert (pictures.loc[pictures["label"] == "", "split"] == "").sum() == blank
    assert set(pictures.loc[pictures["label"] != "", "split"]) == {"train", "validation", "test"}


def test_labels_that_are_all_blank_are_refused(tmp_path: Path) -> None:
    labels = {"classes": ["cat"], "labels": {"0": None, "1": None, "2": None}}
    files = {f"data/{stem}.png": digit(int(stem)) for stem in "012"}
    files["labels.json"] = json.dumps(labels).encode()
    with pytest.raises(TooFewClassesError, match="None of the pictures has a label"):
        import_dataset(write_folder(tmp_path / "fiftyone", files), "Pets")


def test_unlabelled_test_pictures_are_left_out(tmp_path: Path) -> None:
    files = class_folders({"train/cats": 5, "train/dogs": 5, "test": 4})
    report = import_files(tmp_path, files)
    assert report.classes == {"cats": 5, "dogs": 5}
    assert skipped(report) == {f"test/{i}.png": "it is not in a class folder" for i in range(4)}


def test_the_split_is_recorded_with_its_seed(tmp_path: Path) -> None:
    files = class_folders({"a": 20, "b": 20})
    first = open_dataset(import_files(tmp_path, files).project)
    again = open_dataset(import_dataset(tmp_path / "pets.zip", "Again").project)
    other = open_dataset(
        import_dataset(tmp_path / "pets.zip", "Other", ImportConfig(split=SplitConfig(seed=1))).project
    )
    assert by_name(first, "split") == by_name(again, "split")
    assert by_name(first, "split") != by_name(other, "split")
    record = (other.folder / "versions" / "0001.json").read_text()
    assert '"seed": 1' in record
    assert '"source": "pets.zip"' in record


def test_a_folder_and_its_zip_give_the_same_dataset(tmp_path: Path) -> None:
    """Order of listing, times and compression say nothing."""
    files = class_folders({"cats": 8, "dogs": 8})
    zipped = import_dataset(write_zip(tmp_path / "a.zip", dict(reversed(files.items()))), "Zip")
    folder = import_dataset(write_folder(tmp_path / "b", files), "Folder")
    first, second = open_dataset(zipped.project), open_dataset(folder.project)
    assert first.digest == second.digest
    assert first.pictures.equals(second.pictures)


def test_classes_and_pictures_are_in_the_order_people_count(tmp_path: Path) -> None:
    files = class_folders({"class 10": 3, "class 2": 12, "Class 1": 3, "Äpfel": 3, "apples": 3})
    dataset = open_dataset(import_files(tmp_path, files).project)
    assert dataset.class_names == ("apples", "Class 1", "class 2", "class 10", "Äpfel")
    names = [name for name in dataset.pictures["name"] if name.startswith("class 2/")]
    assert names == [f"class 2/{i}.png" for i in range(12)]
    assert list(dict.fromkeys(dataset.pictures["label"])) == list(dataset.class_names)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["b10", "b9", "a"], ["a", "b9", "b10"]),
        (["1.png", "10.png", "2.png"], ["1.png", "2.png", "10.png"]),
        (["B", "a", "C"], ["a", "B", "C"]),
        (["x007", "x7", "x08"], ["x007", "x7", "x08"]),
        (["v1.10", "v1.9", "v1"], ["v1", "v1.9", "v1.10"]),
        (["½", "2", "١", "²"], ["١", "2", "²", "½"]),  # an Arabic one counts; superscripts are letters
        (
            ["z", "9" * 5000, "1" + "0" * 5000],
            ["1" + "0" * 5000, "9" * 5000, "z"],
        ),  # beyond what Python counts
    ],
)
def test_numbers_in_names_count(names: list[str], expected: list[str]) -> None:
    assert sorted(names, key=natural_order) == expected


def test_one_class_in_two_encodings_is_one(tmp_path: Path) -> None:
    """A Mac writes letters taken apart, and zips travel."""
    report = import_files(tmp_path, class_folders({"Blu\u0308te": 2, "Bl\u00fcte": 2, "Blatt": 3}))
    assert report.classes == {"Blatt": 3, "Bl\u00fcte": 4}


def test_classes_that_differ_only_in_capitals_are_the_users_choice(tmp_path: Path, workspace: Path) -> None:
    path = write_zip(tmp_path / "pets.zip", class_folders({"cats": 2, "Cats": 3, "dogs": 3}))
    with pytest.raises(ClassNameError, match="“Cats” and “cats” differ only in capital letters"):
        import_dataset(path, "Pets")
    assert_nothing_remains(workspace)
    assert import_dataset(path, "Pets", ImportConfig(merge_case=True)).classes == {"Cats": 5, "dogs": 3}


def test_a_class_too_small_is_left_out_where_two_remain(tmp_path: Path) -> None:
    report = import_files(tmp_path, class_folders({"cats": 3, "dogs": 3, "one": 1, "two": 2}))
    assert report.classes == {"cats": 3, "dogs": 3}
    dataset = open_dataset(report.project)
    assert dataset.class_names == ("cats", "dogs")
    assert {split.value: len(dataset.rows(split)) for split in Split} == {
        "train": 2,
        "validation": 2,
        "test": 2,
    }
    assert skipped(report) == {
        "one/0.png": "its class “one” has only 1 usable pictures; at least 3 are needed",
        "two/0.png": "its class “two” has only 2 usable pictures; at least 3 are needed",
        "two/1.png": "its class “two” has only 2 usable pictures; at least 3 are needed",
    }


def test_only_usable_pictures_count(tmp_path: Path) -> None:
    """Three files, of which one is broken and one a copy, are one picture."""
    files = class_folders({"cats": 3, "dogs": 3, "apes": 1})
    files |= {"apes/copy.png": files["apes/0.png"], "apes/broken.png": b"x"}
    report = import_files(tmp_path, files)
    assert report.classes == {"cats": 3, "dogs": 3}
    assert (
        skipped(report)["apes/0.png"] == "its class “apes” has only 1 usable pictures; at least 3 are needed"
    )


def test_a_class_without_training_pictures_is_left_out(tmp_path: Path) -> None:
    """It could be asked for, but never learnt."""
    files = class_folders({"train/cats": 3, "train/dogs": 3, "test/cats": 2, "test/dogs": 2, "test/apes": 5})
    report = import_files(tmp_path, files)
    assert report.classes == {"cats": 5, "dogs": 5}
    assert skipped(report) == {
        f"test/apes/{i}.png": "its class “apes” has no pictures to train on" for i in range(5)
    }


Refusal = tuple[dict[str, bytes], type[DarkroomError], str]
REFUSED: dict[str, Refusal] = {
    "one class": (class_folders({"cats": 9}), TooFewClassesError, "Only one class was found: “cats”"),
    "a class too small": (
        class_folders({"cats": 9, "dogs": 2}),
        TooFewImagesError,
        "Class “dogs” has 2 usable pictures; at least 3 are needed",
    ),
    "all classes too small": (
        class_folders({"cats": 1, "dogs": 2, "apes": 2}),
        TooFewImagesError,
        "Class “cats” has 1 usable pictures",
    ),
    "no class folders": (
        {f"{i}.png": digit(i) for i in range(9)},
        DataError,
        r"0\.png, was left out: it is not in a class folder",
    ),
    "no pictures": (
        {f"{label}/{i}.doc": label.encode() for label in "ab" for i in range(5)},
        DataError,
        r"No usable picture was found in pets\.zip\. .*a/0\.doc, was left out: it is not a picture",
    ),
    "only damaged ones": (
        {f"{'ab'[i % 2]}/{i}.png": digit(i)[:-40] for i in range(10)},
        DataError,
        r"a/0\.png, was left out: it is damaged or cut off",
    ),
    "nothing to train on": (
        class_folders({"val/cats": 5, "val/dogs": 5, "test/cats": 5, "test/dogs": 5}),
        DataError,
        "no pictures to train on",
    ),
    "nothing": ({}, DataError, r"^pets\.zip is empty"),
    "only junk": ({"__MACOSX/._x": b"x", ".DS_Store": b"x"}, DataError, r"^pets\.zip is empty"),
    "only folders": ({"cats/": b"", "dogs/": b""}, DataError, r"^pets\.zip is empty"),
    "only escapes": (
        {"../1.png": digit(1)},
        DataError,
        r"\.\./1\.png, was left out: its name points outside the archive",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_become_a_dataset_is_refused(tmp_path: Path, workspace: Path, case: str) -> None:
    files, error, sentence = REFUSED[case]
    with pytest.raises(error, match=sentence):
        import_files(tmp_path, files)
    assert_nothing_remains(workspace)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "is empty"), (b"cats", "not a zip or tar file"), (b"PK\x03\x04", "cut off")],
)
def test_what_is_no_archive_is_refused(
    tmp_path: Path, workspace: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "pets.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match=sentence):
        import_dataset(tmp_path / "pets.zip", "Pets")
    assert_nothing_remains(workspace)


def test_an_empty_folder_is_refused(tmp_path: Path, workspace: Path) -> None:
    (tmp_path / "pets").mkdir()
    with pytest.raises(DataError, match=r"^pets is empty"):
        import_dataset(tmp_path / "pets", "Pets")
    assert_nothing_remains(workspace)


def test_what_is_not_there_is_refused(tmp_path: Path, workspace: Path) -> None:
    with pytest.raises(NotFoundError, match="no file or folder"):
        import_dataset(tmp_path / "pets", "Pets")
    assert_nothing_remains(workspace)


@pytest.mark.parametrize("name", ["", "..", "a/b", "con"])
def test_a_bad_name_is_refused_before_any_work(tmp_path: Path, workspace: Path, name: str) -> None:
    progress = Watched()
    with pytest.raises(InvalidNameError):
        import_dataset(tmp_path / "not looked at.zip", name, progress=progress)
    assert progress.stages == []
    assert_nothing_remains(workspace)


def test_a_taken_name_is_refused_before_any_work(tmp_path: Path) -> None:
    import_files(tmp_path, class_folders({"cats": 3, "dogs": 3}))
    with pytest.raises(ProjectExistsError):
        import_dataset(tmp_path / "not looked at.zip", "PETS")


def test_a_name_taken_meanwhile_costs_neither_project(tmp_path: Path, workspace: Path) -> None:
    """Two tabs, one name: the second to finish is refused."""

    class Rival(QuietProgress):
        def stage(self, stage: Stage) -> None:
            publish_project(open_staging(), "pets")

    path = write_zip(tmp_path / "pets.zip", class_folders({"cats": 3, "dogs": 3}))
    with pytest.raises(ProjectExistsError):
        import_dataset(path, "Pets", progress=Rival())
    assert [project.name for project in list_projects()] == ["pets"]
    assert list((workspace / "staging").iterdir()) == []


def test_progress_counts_every_file(tmp_path: Path) -> None:
    progress = Watched()
    files = {**class_folders({"cats": 40, "dogs": 3}), "cats/broken.png": b"x", "README.md": b"x"}
    import_dataset(write_zip(tmp_path / "pets.zip", files), "Pets", progress=progress)
    assert progress.stages == [Stage.READING]
    assert progress.steps == [(done, 44) for done in range(1, 45)]


@pytest.mark.parametrize("after", [0, 1, 60])
def test_a_stopped_import_leaves_nothing(tmp_path: Path, workspace: Path, after: int) -> None:
    """Pictures still being decoded when it stops must not bring the folder back."""
    with pytest.raises(JobStopped):
        import_dataset(large_pictures(tmp_path), "Pets", progress=Watched(stop_after=after))
    assert_nothing_remains(workspace)


def test_a_stopped_import_does_not_finish_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop must end an import within seconds, also one of huge pictures."""
    examined, stop = [], threading.Event()

    def examine(data: bytes, *settings: Any) -> PictureFacts:
        examined.append(data)
        if len(examined) > 2:
            stop.wait(30)
        return examine_picture(data, *settings)

    class Stopping(Watched):
        def should_stop(self) -> bool:
            stop.set()
            return True

    monkeypatch.setattr("core.data.storing.examine_picture", examine)
    with pytest.raises(JobStopped):
        import_dataset(large_pictures(tmp_path), "Pets", progress=Stopping())
    assert len(examined) < 30  # 32 were waiting


def large_pictures(folder: Path) -> Path:
    """A folder of 80 pictures, each of which takes some milliseconds to decode."""
    scans = digit_scans()
    files = {
        f"{label}/{i}.bmp": encoded(
            np.kron(scans[i + 40 * (label == "b")], np.ones((80, 80), np.uint8)), "BMP"
        )
        for label in "ab"
        for i in range(40)
    }
    return write_folder(folder / "pets", files)


def test_a_full_disk_leaves_nothing(tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is met while pictures are written, in the middle."""
    path = write_zip(tmp_path / "pets.zip", class_folders({"cats": 20, "dogs": 20}))
    write, written = Path.write_bytes, []

    def write_bytes(target: Path, data: bytes) -> int:
        written.append(target)
        if len(written) > 30:
            raise OSError(28, "No space left on device")
        return write(target, data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(DataError, match=r"The import stopped: No space left on device\. Nothing was kept"):
        import_dataset(path, "Pets")
    assert len(written) > 30
    assert_nothing_remains(workspace)


def test_a_crash_leaves_nothing_after_the_next_import(tmp_path: Path, workspace: Path) -> None:
    """kill -9 gives nobody time to tidy up; the next one does."""
    source = write_folder(tmp_path / "pets", class_folders({"cats": 3, "dogs": 3}))
    os.mkfifo(tmp_path / "gate")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from core.data.importing import import_dataset\n"
        "from core.progress import QuietProgress\n"
        "class Gate(QuietProgress):\n"
        "    def advance(self, done, total):\n"
        "        if done == 3: print('half done', flush=True); input()\n"
        "import_dataset(Path(sys.argv[1]), 'Half', progress=Gate())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(source)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"half done\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = [path for path in (workspace / "staging").rglob("*") if path.is_file()]
    assert left != []  # or this test proves nothing
    assert list_projects() == []
    report = import_dataset(source, "Whole")
    assert [project.name for project in list_projects()] == ["Whole"]
    assert report.classes == {"cats": 3, "dogs": 3}
    assert list((workspace / "staging").iterdir()) == []


def test_a_hundred_thousand_dots_do_not_hang_the_import(tmp_path: Path) -> None:
    """Names come from strangers: a path of a thousand folders, digits without end."""
    files = class_folders({"cats": 3, "dogs": 3})
    files["cats/" + "9" * 20_000 + ".png"] = digit(200)
    files["cats/" + "a/" * 10_000 + "1.png"] = digit(201)
    began = time.process_time()  # of this process alone, whatever else the machine does
    report = import_files(tmp_path, files)
    assert report.classes == {"cats": 5, "dogs": 3}
    assert time.process_time() - began < 20


def test_a_job_imports_and_removes_its_upload(tmp_path: Path) -> None:
    """An upload is kept once, as pictures, not twice."""
    directory = tmp_path / "job"
    upload = write_zip(directory / "pets.zip", {**class_folders({"cats": 3, "dogs": 3}), "cats/x.png": b"x"})
    result = import_pictures(directory, {"project": "Pets", "source": str(upload)}, QuietProgress())
    assert not upload.exists()
    assert result["project"] == "Pets"
    assert result["classes"] == {"cats": 3, "dogs": 3}
    assert [item["file"] for item in result["skipped"]] == ["cats/x.png"]


def test_a_job_leaves_the_users_own_files(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "mine", class_folders({"cats": 3, "dogs": 3}))
    import_pictures(tmp_path / "job", {"project": "Pets", "source": str(source)}, QuietProgress())
    assert len(list(source.rglob("*.png"))) == 6


def test_a_failed_job_keeps_its_upload(tmp_path: Path) -> None:
    """The page offers to merge the two classes, without a second upload."""
    directory = tmp_path / "job"
    upload = write_zip(directory / "pets.zip", class_folders({"cats": 3, "Cats": 3, "dogs": 3}))
    config = {"project": "Pets", "source": str(upload)}
    with pytest.raises(ClassNameError):
        import_pictures(directory, config, QuietProgress())
    result = import_pictures(directory, {**config, "merge_case": True}, QuietProgress())
    assert result["classes"] == {"cats": 6, "dogs": 3}


def test_an_unknown_sample_is_refused(tmp_path: Path, workspace: Path) -> None:
    with pytest.raises(ConfigError, match="no sample called “whales”"):
        import_pictures(tmp_path, {"project": "Pets", "sample": "whales"}, QuietProgress())
    assert_nothing_remains(workspace)
