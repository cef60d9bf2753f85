"""Datasets are read back as they were written, version by version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.dataset import (
    _read_base,
    image_path,
    open_dataset,
    pictures_of_all_versions,
    thumbnail_path,
    write_version,
)
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.data.manifest import complete_manifest, manifest_file
from core.data.skip_reasons import Reason, Skipped, SkipReason
from core.data.version_record import Edit, EditKind, versions_with_manifest
from core.errors import NotFoundError
from core.workspace import Project, delete_project, open_staging, publish_project

# (label, part) of ten pictures; their ids and contents are "0" to "9".
PICTURES = [
    ("dogs", "train"),
    ("cats", "train"),
    ("cats", "test"),
    ("dogs", "validation"),
    ("cats", "train"),
    ("apes", "test"),
    ("dogs", "train"),
    ("apes", "train"),
    ("apes", "train"),
    ("", ""),
]
CLASSES = ["apes", "cats", "dogs"]
DAMAGED = Skipped(file="cats/猫.png", reason=Reason(code=SkipReason.FILE_TOO_LARGE, values={"limit": 256}))
EDITED = Edit(kind=EditKind.CLASSES_REORDERED)


def manifest(rows: list[tuple[str, str]] = PICTURES) -> pd.DataFrame:
    return complete_manifest(
        pd.DataFrame(
            [
                {
                    "id": str(number),
                    "sha256": f"{number}" * 64,
                    "name": f"{label}/{number}.png",
                    "label": label,
                    "width": 8,
                    "height": 9,
                    "size_bytes": 100 + number,
                    "format": "PNG",
                    "extension": "png",
                    "group": str(number),
                    "supplied_split": "",
                    "split": split,
                }
                for number, (label, split) in enumerate(rows)
            ]
        )
    )


@pytest.fixture
def project() -> Project:
    """A project with one version of ten pictures; only the first has a file."""
    staging = open_staging()
    write_version(
        staging / "dataset",
        manifest(),
        CLASSES,
        [DAMAGED],
        Edit(kind=EditKind.IMPORTED_UNRECORDED),
        who="ada",
    )
    for path, content in [(image_path, b"pixels"), (lambda *a: thumbnail_path(*a[:2]), b"small")]:
        file = path(staging / "dataset", "0" * 64, "png")
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    return publish_project(staging, "Pets")


def test_a_version_is_read_as_it_was_written(project: Project) -> None:
    dataset = open_dataset(project)
    assert dataset.version == 1
    assert dataset.class_names == ("apes", "cats", "dogs")
    assert dataset.skipped == (DAMAGED,)
    assert str(dataset.skipped[0].reason) == "it is larger than 256 MB"
    pd.testing.assert_frame_equal(dataset.all_pictures, manifest())
    pd.testing.assert_frame_equal(dataset.pictures, manifest()[:-1])  # the last has no label


def test_labels_count_in_the_order_of_the_classes(project: Project) -> None:
    """They index the network's outputs."""
    indices = open_dataset(project).label_indices
    assert indices.tolist() == [2, 1, 1, 2, 1, 0, 2, 0, 0]
    assert indices.dtype == np.int64


def test_parts_are_row_numbers(project: Project) -> None:
    dataset = open_dataset(project)
    assert {split: dataset.rows(split).tolist() for split in Split} == {
        Split.TRAIN: [0, 1, 4, 6, 7, 8],
        Split.VALIDATION: [3],
        Split.TEST: [2, 5],
    }


def test_pictures_are_counted_by_class(project: Project) -> None:
    assert list(open_dataset(project).counts().items()) == [("apes", 3), ("cats", 3), ("dogs", 3)]


def test_a_picture_and_its_thumbnail_are_found(project: Project) -> None:
    dataset = open_dataset(project)
    assert dataset.picture_bytes(0) == b"pixels"
    assert dataset.thumbnail(0) == b"small"
    assert dataset.image_path(0) == project.dataset / "images" / "00" / f"{'0' * 64}.png"


def test_the_newest_version_is_the_one_that_counts(project: Project) -> None:
    """Every edit makes a new one; the old stays for the runs that used it."""
    fewer = manifest()[manifest()["label"] != "apes"]
    assert write_version(project.dataset, fewer, ["cats", "dogs"], [], EDITED, who="") == 2
    assert open_dataset(project).version == 2
    assert open_dataset(project).class_names == ("cats", "dogs")
    assert len(open_dataset(project).pictures) == 6
    assert open_dataset(project, 1).class_names == ("apes", "cats", "dogs")
    assert len(open_dataset(project, 1).pictures) == 9


def test_a_version_without_its_record_does_not_count(project: Project) -> None:
    """The record is written last: a crash before it leaves the old version."""
    (project.dataset / "versions" / "0002.parquet").write_bytes(b"half")
    (project.dataset / "versions" / ".0a1b2c.json").write_bytes(b"{")  # a record being written
    assert open_dataset(project).version == 1
    assert write_version(project.dataset, manifest(), CLASSES, [], EDITED, who="") == 2


@pytest.mark.parametrize("version", [0, 2, -1])
def test_a_version_that_is_not_there_is_said(project: Project, version: int) -> None:
    written = str(version).replace("-", "−")
    with pytest.raises(NotFoundError, match=f"“Pets” has no pictures in version {written}"):
        open_dataset(project, version)


def test_a_project_without_pictures_is_said() -> None:
    with pytest.raises(NotFoundError, match="“Empty” has no pictures"):
        open_dataset(publish_project(open_staging(), "Empty"))


def test_opening_again_costs_nothing(project: Project) -> None:
    """A page opens it at every click."""
    assert open_dataset(project) is open_dataset(project)


def test_another_project_of_the_same_name_is_read_anew(project: Project) -> None:
    """A cached version must not outlive its files."""
    assert len(open_dataset(project).pictures) == 9
    delete_project(project)
    staging = open_staging()
    write_version(staging / "dataset", manifest(PICTURES[:9]).iloc[:5], CLASSES, [], EDITED, who="")
    assert len(open_dataset(publish_project(staging, "Pets")).all_pictures) == 5


def test_what_is_excluded_or_of_too_small_a_class_is_not_learnt(project: Project) -> None:
    pictures = manifest()
    pictures.loc[0, "excluded"] = True  # of three dogs
    write_version(project.dataset, pictures, CLASSES, [], EDITED, who="")
    dataset = open_dataset(project)
    assert dataset.class_names == ("apes", "cats")
    assert set(dataset.pictures["label"]) == {"apes", "cats"}
    assert "only 2 usable pictures" in str(dataset.left_out_classes["dogs"])
    assert len(dataset.all_pictures) == 10
    assert dataset.over_all_pictures().pictures.equals(dataset.all_pictures)


Change = Callable[[pd.DataFrame], pd.DataFrame]


def write(project: Project, pictures: pd.DataFrame, skipped: Sequence[Skipped] = (DAMAGED,)) -> Path:
    """Write a version; return the path at which its manifest is if it has one."""
    return manifest_file(
        project.dataset, write_version(project.dataset, pictures, CLASSES, skipped, EDITED, who="")
    )


def with_cell(column: str, value: str | float, row: int = 0) -> pd.DataFrame:
    pictures = manifest()
    pictures.loc[row, column] = value
    return pictures


@pytest.mark.parametrize(
    ("column", "value"), [("label", "cats"), ("group", "9"), ("split", "test"), ("excluded", True)]
)
def test_a_version_that_changes_little_is_its_record_alone(
    project: Project, column: str, value: str | float
) -> None:
    """10,000 pictures are labelled one by one: each edit would write a manifest of 1 MB."""
    changed = with_cell(column, value)
    assert not write(project, changed).exists()
    pd.testing.assert_frame_equal(open_dataset(project, 2).all_pictures, changed)
    pd.testing.assert_frame_equal(open_dataset(project, 1).all_pictures, manifest())
    assert open_dataset(project, 2).skipped == (DAMAGED,)


@pytest.mark.parametrize(
    "pictures",
    [
        manifest().iloc[::-1],
        manifest().iloc[1:],
        with_cell("name", "dogs/other.png"),
        with_cell("brightness", 0.5),
    ],
    ids=["order", "less", "name", "statistic"],
)
def test_other_pictures_need_a_manifest(project: Project, pictures: pd.DataFrame) -> None:
    assert write(project, pictures).exists()
    assert open_dataset(project).all_pictures.equals(complete_manifest(pictures))


def test_pictures_of_equal_ids_need_a_manifest(project: Project) -> None:
    """Changes name pictures by their ids."""
    write(project, with_cell("id", "1"))
    assert write(project, with_cell("id", "1").assign(label="cats")).exists()


def test_other_files_left_out_need_a_manifest(project: Project) -> None:
    """A record with changes leaves out the files of its base."""
    assert write(project, with_cell("label", "cats"), skipped=()).exists()
    assert open_dataset(project).skipped == ()


def test_changes_are_counted_from_the_last_manifest(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions 2 and 3 change one and two cells of version 1; the third cell makes version 4 a manifest."""
    monkeypatch.setattr("core.data.manifest.MOST_CHANGES", 2)
    pictures, expected = manifest(), {}
    for row, version in enumerate(range(2, 7)):
        pictures = pictures.assign(label=pictures["label"].where(pictures.index != row, "new"))
        expected[version] = pictures
        write(project, pictures)
    assert versions_with_manifest(project.dataset) == [1, 4]
    assert [path.name for path in sorted((project.dataset / "versions").glob("*.parquet"))] == [
        "0001.parquet",
        "0004.parquet",
    ]
    for version, as_written in expected.items():
        assert open_dataset(project, version).all_pictures.equals(as_written)
    assert pictures_of_all_versions(project.dataset)["sha256"].tolist() == manifest()["sha256"].tolist()


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_a_version_whose_base_is_gone_says_which_file_is_missing(project: Project, ending: str) -> None:
    write(project, with_cell("label", "cats"))
    gone = project.dataset / "versions" / f"0001.{ending}"
    _read_base.cache_clear()
    gone.unlink()
    with pytest.raises(NotFoundError, match="changes version 1, of which a file is gone") as error:
        open_dataset(project, 2)
    assert str(gone) in str(error.value)


def test_a_manifest_that_a_crash_left_is_not_read(project: Project) -> None:
    (project.dataset / "versions" / "0002.parquet").write_bytes(b"of an edit that was never completed")
    assert not write(project, with_cell("label", "cats")).exists()
    assert open_dataset(project).all_pictures["label"][0] == "cats"
    assert len(pictures_of_all_versions(project.dataset)) == len(PICTURES)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda pictures: pictures.assign(label=["cats"] * 9 + [""]), True),
        (lambda pictures: pictures.iloc[::-1], False),
        (lambda pictures: pictures.iloc[1:], False),
        (lambda pictures: pictures.assign(sha256="f" * 64), False),
    ],
    ids=["other labels", "other order", "one less", "other pictures"],
)
def test_the_digest_names_these_pictures_in_this_order(project: Project, change: Change, same: bool) -> None:
    """Decoded arrays are found again by it; relabelling must not decode anew."""
    before = open_dataset(project).digest
    write_version(project.dataset, change(manifest()), CLASSES, [], EDITED, who="")
    assert (open_dataset(project).digest == before) is same


def test_a_renamed_workspace_still_opens(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing in a dataset remembers where it stood."""
    moved = project.path.rename(tmp_path / "elsewhere")
    dataset = open_dataset(Project(name="elsewhere", path=moved))
    assert dataset.picture_bytes(0) == b"pixels"


def test_with_several_labels_a_picture_counts_for_each_and_has_targets(project: Project) -> None:
    """A class too small is not learnt, but its pictures say that they show none of the others."""
    labels = ["cats; dogs", "cats", "–", "cats", "dogs", "dogs; rare", "rare", ""]
    pictures = manifest(PICTURES[:8]).assign(label=labels, split="train", excluded=False)
    write_version(
        project.dataset, pictures, ["cats", "dogs", "rare"], [], EDITED, who="", task=Task.MULTI_LABEL
    )
    dataset = open_dataset(project)
    assert dataset.task is Task.MULTI_LABEL
    assert dataset.class_names == ("cats", "dogs")
    assert list(dataset.left_out_classes) == ["rare"]
    assert dataset.counts() == {"cats": 3, "dogs": 3}
    assert dataset.targets.tolist() == [[1, 1], [1, 0], [0, 0], [1, 0], [0, 1], [0, 1], [0, 0]]
    with pytest.raises(TypeError, match="targets"):
        _ = dataset.label_indices
