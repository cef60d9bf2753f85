"""Multi-label datasets are imported, extended, edited, versioned and exported."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from core.data.additions import what_was_added
from core.data.dataset import Dataset, open_dataset
from core.data.editing.classes import add_class, merge_classes, remove_class, rename_class, reorder_classes
from core.data.editing.labels import add_label, relabel, relabel_each, take_label
from core.data.editing.splits import redraw_split, settle_split
from core.data.editing.versions import restore_version
from core.data.exports.export import write_cleaned_dataset
from core.data.import_config import ImportConfig
from core.data.importing import add_pictures, add_to_class, create_project, import_dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.data.selection import Selection, matches
from core.data.split.splitting import SplitConfig
from core.errors import ClassNameError, ConfigError, TooFewClassesError
from core.progress import QuietProgress
from core.workspace import Project
from tests.support.pictures import (
    digit,
    several_labels_csv,
    two_digits,
    two_digits_folder,
    write_folder,
    write_zip,
)

SEVERAL = ImportConfig(multi_label=True)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Twenty-four pictures of two digits, labelled with those among 3, 5 and 8."""
    return import_dataset(two_digits_folder(tmp_path / "source", 24), "Digits", SEVERAL).project


def labels_by_name(dataset: Dataset) -> dict[str, str]:
    return dict(zip(dataset.all_pictures["name"], dataset.all_pictures["label"], strict=True))


def ids_labelled(dataset: Dataset, label: str) -> list[str]:
    return dataset.all_pictures.loc[dataset.all_pictures["label"] == label, "id"].tolist()


def import_table(tmp_path: Path, lines: list[str], files: dict[str, bytes]) -> Dataset:
    source = write_folder(tmp_path / "table", files | {"labels.csv": "\n".join(lines).encode()})
    return open_dataset(import_dataset(source, "Table", SEVERAL).project)


def test_a_table_with_several_labels_in_a_cell_is_imported(project: Project) -> None:
    """Each picture has its labels, also none; every part of the split has every class."""
    dataset = open_dataset(project)
    assert dataset.task is Task.MULTI_LABEL
    assert dataset.class_names == ("3", "5", "8")
    expected = {name: "; ".join(shown) or "–" for name, (_, shown) in two_digits(24).items()}
    assert labels_by_name(dataset) == expected
    shown = [shown for _, shown in two_digits(24).values()]
    assert dataset.counts() == {name: sum(name in classes for classes in shown) for name in "358"}
    targets = {
        name: row.tolist() for name, row in zip(dataset.pictures["name"], dataset.targets, strict=True)
    }
    assert targets == {
        name: [float(c in classes) for c in "358"] for name, (_, classes) in two_digits(24).items()
    }
    for part in Split:
        assert dataset.targets[dataset.rows(part)].any(axis=0).all()


def test_several_rows_of_one_file_are_its_labels(tmp_path: Path) -> None:
    """The other usual form: a row for each picture and class."""
    files = {f"{i}.png": digit(i) for i in range(6)}
    lines = ["file,label", *(f"{i}.png,dog" for i in range(6)), *(f"{i}.png,cat" for i in range(3))]
    dataset = import_table(tmp_path, lines, files)
    assert [labels_by_name(dataset)[f"{i}.png"] for i in range(6)] == ["cat; dog"] * 3 + ["dog"] * 3


def test_a_column_of_0_and_1_for_each_class_is_read(tmp_path: Path) -> None:
    files = {f"{i}.png": digit(i) for i in range(7)}
    lines = ["image,dog,cat", *(f"{i}.png,1,{int(i < 3)}" for i in range(6)), "6.png,0,0"]
    dataset = import_table(tmp_path, lines, files)
    assert [labels_by_name(dataset)[f"{i}.png"] for i in (0, 5, 6)] == ["cat; dog", "dog", "–"]


def test_the_same_picture_in_two_class_folders_shows_both(tmp_path: Path) -> None:
    """Folders name one class each; a picture of two stands in both."""
    files = {f"cats/{i}.png": digit(i) for i in range(5)} | {f"dogs/{i}.png": digit(i) for i in range(3, 9)}
    report = import_dataset(write_folder(tmp_path / "folders", files), "Pets", SEVERAL)
    labels = labels_by_name(open_dataset(report.project))
    assert len(labels) == 9
    assert labels["cats/4.png"] == "cats; dogs"
    assert report.classes == {"cats": 5, "dogs": 6}
    assert {item.file for item in report.skipped} == {"dogs/3.png", "dogs/4.png"}


def test_a_cell_that_says_nothing_leaves_the_picture_to_be_labelled(tmp_path: Path) -> None:
    """It is not learnt from and not dealt, until someone says what it shows."""
    files = {f"{i}.png": digit(i) for i in range(8)}
    lines = ["file,labels", *(f"{i}.png,cat;dog" for i in range(6)), "6.png,", "7.png,none"]
    dataset = import_table(tmp_path, lines, files)
    waiting = dataset.all_pictures.set_index("name").loc["6.png"]
    assert (waiting["label"], waiting["split"]) == ("", "")
    assert len(dataset.pictures) == 7
    project = Project(name="Table", path=dataset.folder.parent)
    relabel(project, [str(waiting["id"])], "none")
    settled = settle_split(project)
    assert len(settled.pictures) == 8
    assert (settled.pictures["split"] != "").all()


def test_two_classes_must_be_learnable(tmp_path: Path) -> None:
    files = {f"{i}.png": digit(i) for i in range(8)}
    lines = ["file,labels", *(f"{i}.png,cat" for i in range(6)), "6.png,none", "7.png,dog;cat"]
    with pytest.raises(TooFewClassesError, match="Fewer than two"):
        import_table(tmp_path, lines, files)


def test_added_pictures_join_and_the_test_set_stays(project: Project, tmp_path: Path) -> None:
    """Added pictures have several labels too, even if the config does not say so; existing ones keep their labels."""
    before = open_dataset(project)
    tested = set(before.pictures["id"].iloc[before.rows(Split.TEST)])
    pictures = two_digits(40, seed=0)
    files = {name: data for name, (data, _) in pictures.items()}
    told = {name: ("8", "5", "3") if name != "0039.png" else ("8",) for name in pictures}
    table = several_labels_csv({name: (pictures[name][0], shown) for name, shown in told.items()})
    add_pictures(project, write_zip(tmp_path / "more.zip", files | {"labels.csv": table}))
    after = open_dataset(project)
    assert after.task is Task.MULTI_LABEL
    labels = labels_by_name(after)
    assert len(labels) == 40
    assert {name: labels[name] for name in two_digits(24)} == labels_by_name(before)
    assert labels["0030.png"] == "3; 5; 8"
    assert set(after.pictures["id"].iloc[after.rows(Split.TEST)]) == tested
    addition = what_was_added(project, 2)
    assert addition is not None
    assert (addition.count, addition.labels) == (16, {"3": 15, "5": 15, "8": 16})


def test_pictures_with_several_labels_do_not_join_those_with_one(tmp_path: Path) -> None:
    files = {f"{label}/{i}.png": digit(i + 10 * place) for place, label in enumerate("ab") for i in range(4)}
    project = import_dataset(write_folder(tmp_path / "one", files), "One").project
    with pytest.raises(ConfigError, match="one label each"):
        add_pictures(project, two_digits_folder(tmp_path / "several", 5), SEVERAL)
    with pytest.raises(TypeError, match="relabel"):
        add_label(project, ids_labelled(open_dataset(project), "a")[:1], "b")


def test_a_single_picture_is_added_with_several_labels(project: Project) -> None:
    add_to_class(project, "8; new", [("shot.png", digit(700))])
    assert labels_by_name(open_dataset(project))["shot.png"] == "8; new"


def test_labels_are_typed_added_and_taken_away(project: Project) -> None:
    """However they are typed, they are kept in the order of the classes."""
    picture = ids_labelled(open_dataset(project), "3; 8")[0]

    def label_now(dataset: Dataset) -> str:
        return str(dataset.all_pictures.set_index("id").at[picture, "label"])

    assert label_now(relabel(project, [picture], "8|5")) == "5; 8"
    assert label_now(add_label(project, [picture], "3")) == "3; 5; 8"
    assert label_now(take_label(project, [picture], "5")) == "3; 8"
    assert label_now(relabel_each(project, {picture: "5; 3"})) == "3; 5"
    assert label_now(take_label(project, [picture], "3; 5")) == "–"
    assert label_now(add_label(project, [picture], "elf")) == "elf"
    assert label_now(relabel(project, [picture], "")) == ""
    assert label_now(take_label(project, [picture], "5")) == ""  # nobody said that it shows none
    assert open_dataset(project).all_class_names == ("3", "5", "8", "elf")
    with pytest.raises(ClassNameError, match="already a class"):
        relabel(project, [picture], "3; ELF")


def test_classes_are_renamed_merged_moved_and_removed_within_labels(project: Project) -> None:
    before = open_dataset(project).counts()
    both = set(ids_labelled(open_dataset(project), "3; 8"))
    renamed = rename_class(project, "3", "three")
    assert renamed.counts()["three"] == before["3"]
    assert set(ids_labelled(renamed, "three; 8")) == both
    assert set(ids_labelled(reorder_classes(project, ["8", "5", "three"]), "8; three")) == both
    merged = merge_classes(project, ["8", "three"], "round")
    assert both <= set(ids_labelled(merged, "round"))
    left = remove_class(project, "round")
    assert both <= set(ids_labelled(left, ""))
    assert left.all_class_names == ("5",)
    restored = restore_version(project, 1)
    assert restored.counts() == before
    assert restored.task is Task.MULTI_LABEL


@pytest.mark.parametrize("name", ["a;b", "a|b", "none"])
def test_names_that_parse_as_label_sets_are_refused(project: Project, name: str) -> None:
    for change in (
        lambda: add_class(project, name),
        lambda: rename_class(project, "3", name),
        lambda: merge_classes(project, ["3", "5"], name),
        lambda: create_project("Other", ["3", name], Task.MULTI_LABEL),
    ):
        with pytest.raises(ClassNameError, match="name"):
            change()
    assert open_dataset(project).version == 1


def test_the_split_can_be_drawn_anew(project: Project) -> None:
    config = SplitConfig(validation_fraction=0.3, test_fraction=0.3)
    dataset = redraw_split(project, config)
    assert [len(dataset.rows(part)) for part in Split] == [pytest.approx(n, abs=2) for n in (10, 7, 7)]
    assert all(dataset.targets[dataset.rows(part)].any(axis=0).all() for part in Split)


def test_pictures_are_found_by_any_of_their_labels(project: Project) -> None:
    dataset = open_dataset(project)
    shown = [shown for _, shown in two_digits(24).values()]
    for label, count in [
        *((name, sum(name in classes for classes in shown)) for name in "358"),
        ("–", sum(not classes for classes in shown)),
        ("", 0),
    ]:
        assert matches(dataset, Selection(label=label)).sum() == count


def test_an_exported_dataset_can_be_imported_again(project: Project, tmp_path: Path) -> None:
    """No folder can say several labels: the table does."""
    dataset = open_dataset(project)
    path = tmp_path / "cleaned.zip"
    assert write_cleaned_dataset(dataset, path, QuietProgress()) == 24
    with ZipFile(path) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"pictures", "pictures.csv"}
    again = open_dataset(import_dataset(path, "Again", SEVERAL).project)
    assert sorted(labels_by_name(again).values()) == sorted(labels_by_name(dataset).values())
    assert again.counts() == dataset.counts()


def test_unlabelled_pictures_can_get_several_labels_later(tmp_path: Path) -> None:
    source = two_digits_folder(tmp_path / "source", 6)
    config = ImportConfig(unlabelled=True, multi_label=True)
    project = import_dataset(source, "Later", config).project
    ids = open_dataset(project).all_pictures["id"].tolist()
    dataset = relabel(project, ids[:3], "cat; dog")
    assert dataset.counts() == {"cat": 3, "dog": 3}
