"""Exports of labelling tools are read as their tools mean them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from core.data.formats.survey import Survey
from core.data.formats.understanding import ConfirmationNeededError
from core.data.labels.boxes import BoxUse
from core.data.labels.label_table import TableColumns
from core.data.notes import NoteKind
from core.data.sources.opening import open_source
from core.errors import DataError
from tests.support.formats import read, source
from tests.support.pictures import digit

PICTURES = ("a.png", "b.png", "c.png", "d.png")


def test_fiftyone_labels_are_numbers_of_its_classes(tmp_path: Path) -> None:
    labels = {"classes": ["cat", "dog"], "labels": {"a": 0, "b": 1, "c": 0, "d": None}}
    folder = source(tmp_path, [f"data/{name}" for name in PICTURES], {"labels.json": labels})
    result = read(folder)
    assert result.format == "fiftyone"
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": "cat", "d.png": ""}
    assert result.notes == {"blank_labels": 1}
    assert not result.understanding.multi_label


def test_fiftyone_lists_are_several_labels(tmp_path: Path) -> None:
    labels = {"classes": None, "labels": {"a": ["cat", "red"], "b": [], "c": ["red"], "d": ["cat"]}}
    folder = source(tmp_path, [f"data/{name}" for name in PICTURES], {"labels.json": labels})
    result = read(folder)
    assert result.understanding.multi_label
    assert result.labels == {"a.png": "cat; red", "b.png": "–", "c.png": "red", "d.png": "cat"}


def test_a_class_number_beyond_the_classes_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    labels = {"classes": ["cat"], "labels": {"a": 7}}
    folder = source(tmp_path, ["data/a.png"], {"labels.json": labels})
    with pytest.raises(DataError, match=r"labels.json is not laid out as FiftyOne writes it"):
        read(folder)


def edge_impulse_file(path: str, category: str, label: object) -> dict[str, object]:
    return {"path": path, "name": path, "category": category, "label": label}


def test_edge_impulse_keeps_its_split(tmp_path: Path) -> None:
    files = [
        edge_impulse_file("training/a.png", "training", {"type": "label", "label": "cat"}),
        edge_impulse_file("training/b.png", "training", {"type": "label", "label": "dog"}),
        edge_impulse_file("testing/c.png", "testing", {"type": "label", "label": "cat"}),
        edge_impulse_file("testing/d.png", "testing", {"type": "unlabeled"}),
    ]
    pictures = ["training/a.png", "training/b.png", "testing/c.png", "testing/d.png"]
    folder = source(tmp_path, pictures, {"info.labels": {"version": 1, "files": files}})
    result = read(folder)
    assert result.format == "edge_impulse"
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": "cat", "d.png": ""}
    assert result.splits == {"a.png": "train", "b.png": "train", "c.png": "test", "d.png": "test"}


def label_studio_task(picture: str, *votes: list[str]) -> dict[str, object]:
    """A task with the choices of each annotator."""
    return {
        "id": 1,
        "data": {"image": f"/data/upload/1/1a2b3c4d-{picture}"},
        "annotations": [
            {
                "completed_by": number,
                "was_cancelled": False,
                "result": [{"type": "choices", "from_name": "choice", "value": {"choices": choices}}]
                if choices
                else [],
            }
            for number, choices in enumerate(votes, start=1)
        ],
    }


def test_what_was_imported_with_a_task_is_no_answer(tmp_path: Path) -> None:
    """Of the task that nobody has answered, the text under the question's name became the label."""

    def task(name: str, *votes: str) -> dict[str, object]:
        results = [
            {"result": [{"from_name": "animal", "type": "choices", "value": {"choices": [vote]}}]}
            for vote in votes
        ]
        return {"data": {"image": name, "animal": "guess"}, "annotations": results}

    tasks = [task("a.png", "cat"), task("b.png", "dog"), task("c.png")]
    result = read(source(tmp_path, ["a.png", "b.png", "c.png"], {"tasks.json": tasks}))
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": ""}


def test_label_studio_annotators_vote(tmp_path: Path) -> None:
    tasks = [
        label_studio_task("a.png", ["cat"], ["cat"], ["dog"]),
        label_studio_task("b.png", ["dog"], ["dog"]),
        label_studio_task("c.png", ["cat"], ["dog"]),
        label_studio_task("d.png"),
    ]
    result = read(source(tmp_path, PICTURES, {"export.json": tasks}))
    assert result.format == "label_studio"
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": "", "d.png": ""}
    assert result.notes == {"annotators_disagree": 2, "blank_labels": 1}


LABEL_STUDIO_CSV = """annotation_id,annotator,choice,created_at,id,image,lead_time,updated_at
1,ann@x.org,cat,2026-01-01,1,/data/upload/1/1a2b3c4d-a.png,3.2,2026-01-01
2,bob@x.org,cat,2026-01-01,1,/data/upload/1/1a2b3c4d-a.png,2.2,2026-01-01
3,ann@x.org,dog,2026-01-01,2,/data/upload/1/9a2b3c4d-b.png,3.2,2026-01-01
4,bob@x.org,dog,2026-01-01,2,/data/upload/1/9a2b3c4d-b.png,1.2,2026-01-01
"""


@pytest.mark.parametrize("delimiter", [",", "\t"], ids=["csv", "tsv"])
def test_label_studio_annotators_are_no_classes(tmp_path: Path, delimiter: str) -> None:
    table = LABEL_STUDIO_CSV.replace(",", delimiter)
    result = read(source(tmp_path, ["images/a.png", "images/b.png"], {"result.csv": table}))
    assert result.format == "label_studio"
    assert result.labels == {"a.png": "cat", "b.png": "dog"}


def test_label_studio_choices_in_a_cell_are_several_labels(tmp_path: Path) -> None:
    cell = '"{""choices"":[""cat"",""red thing""]}"'
    table = LABEL_STUDIO_CSV.splitlines()[0] + f"\n1,ann,{cell},t,1,a.png,1,t\n2,ann,dog,t,2,b.png,1,t\n"
    result = read(source(tmp_path, ["a.png", "b.png"], {"result.csv": table}))
    assert result.labels == {"a.png": "cat; red thing", "b.png": "dog"}
    assert result.understanding.multi_label


def test_label_studio_minimal_json_is_read(tmp_path: Path) -> None:
    rows = [
        {"image": "/data/upload/1/1a2b3c4d-a.png", "id": 1, "choice": "cat", "annotator": 1, "annotation_id": 1, "lead_time": 1.0},
        {"image": "/data/upload/1/1a2b3c4d-b.png", "id": 2, "choice": "dog", "annotator": 1, "annotation_id": 2, "lead_time": 1.0},
    ]  # fmt: skip
    assert read(source(tmp_path, ["a.png", "b.png"], {"min.json": rows})).labels == {
        "a.png": "cat",
        "b.png": "dog",
    }


def datumaro(items: list[tuple[str, list[int]]]) -> dict[str, object]:
    return {
        "infos": {},
        "categories": {"label": {"labels": [{"name": "cat", "parent": "", "attributes": []}, {"name": "dog", "parent": "", "attributes": []}]}},
        "items": [
            {
                "id": name.rpartition(".")[0],
                "annotations": [
                    {"id": 0, "type": "label", "label_id": number, "attributes": {}, "group": 0} for number in numbers
                ],
                "image": {"path": name},
            }
            for name, numbers in items
        ],
    }  # fmt: skip


def test_datumaro_parts_are_the_split(tmp_path: Path) -> None:
    files = {
        "annotations/train.json": datumaro([("a.png", [0]), ("b.png", [1])]),
        "annotations/test.json": datumaro([("c.png", [1]), ("d.png", [])]),
    }
    pictures = ["images/train/a.png", "images/train/b.png", "images/test/c.png", "images/test/d.png"]
    result = read(source(tmp_path, pictures, files))
    assert result.format == "datumaro"
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": "dog", "d.png": ""}
    assert result.splits == {"a.png": "train", "b.png": "train", "c.png": "test", "d.png": "test"}


def test_pictures_of_the_same_name_in_two_parts_are_told_apart(tmp_path: Path) -> None:
    files = {
        "annotations/train.json": datumaro([("1.png", [0]), ("2.png", [1])]),
        "annotations/test.json": datumaro([("1.png", [1])]),
    }
    pictures = ["images/train/1.png", "images/train/2.png", "images/test/1.png"]
    result = read(source(tmp_path, pictures, files))
    by_path = {member.name: assignment.label for member, assignment in result.reading.pictures}
    assert by_path == {"images/train/1.png": "cat", "images/train/2.png": "dog", "images/test/1.png": "dog"}


def coco(file_names: list[str], marks: list[dict[str, object]]) -> dict[str, object]:
    return {
        "images": [{"id": number, "file_name": name} for number, name in enumerate(file_names)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 5, "name": "dog"}],
        "annotations": marks,
    }


def test_a_class_whose_name_has_a_separator_stays_one_class(tmp_path: Path) -> None:
    """“cup; mug” became two classes where pictures have several labels."""
    content = {
        "images": [{"id": number, "file_name": f"{name}.png"} for number, name in enumerate("ab")],
        "categories": [{"id": 1, "name": "cup; mug"}, {"id": 2, "name": "dish|bowl"}],
        "annotations": [
            {"image_id": image, "category_id": label} for image, label in ((0, 1), (0, 2), (1, 1))
        ],
    }
    result = read(source(tmp_path, ["a.png", "b.png"], {"labels.json": content}))
    assert result.labels == {"a.png": "cup, mug; dish,bowl", "b.png": "cup, mug"}
    assert result.understanding.classes == {"cup, mug": 2, "dish,bowl": 1}


@pytest.mark.parametrize(
    ("name", "note"), [("val2017", "validation"), ("labels_test", "test"), ("train", "")]
)
def test_a_part_that_all_pictures_are_in_is_noted(tmp_path: Path, name: str, note: str) -> None:
    content = coco(["a.png", "b.png"], [{"image_id": 0, "category_id": 1}, {"image_id": 1, "category_id": 5}])
    result = read(source(tmp_path, ["a.png", "b.png"], {f"{name}.json": content}))
    notes = [str(item.message) for item in result.understanding.notes if item.kind is NoteKind.LONE_PART]
    assert notes == ([f"All pictures are in the part “{note}”. They are divided anew."] if note else [])


def test_coco_labels_of_whole_pictures_come_before_boxes(tmp_path: Path) -> None:
    marks: list[dict[str, object]] = [
        {"id": 1, "image_id": 0, "category_id": 1},
        {"id": 2, "image_id": 0, "category_id": 5, "bbox": [0, 0, 3, 3]},
        {"id": 3, "image_id": 1, "category_id": 5, "bbox": [0, 0, 3, 3]},
        {"id": 4, "image_id": 1, "category_id": 5, "bbox": [1, 1, 3, 3]},
    ]
    files = {
        "train/_annotations.coco.json": coco(["a.png", "b.png"], marks),
        "test/_annotations.coco.json": coco(["c.png"], marks[:1]),
    }
    result = read(source(tmp_path, ["train/a.png", "train/b.png", "test/c.png"], files), boxes=BoxUse.PICTURE)
    assert result.format == "coco"
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": "cat"}
    assert result.splits == {"a.png": "train", "b.png": "train", "c.png": "test"}
    assert result.notes == {"ignored_boxes": 3}


def test_pascal_voc_lists_say_which_classes_a_picture_shows(tmp_path: Path) -> None:
    files = {
        "ImageSets/Main/cat_train.txt": "a  1\nb -1\n",
        "ImageSets/Main/dog_train.txt": "a  1\nb -1\n",
        "ImageSets/Main/cat_val.txt": "c  1\n",
        "ImageSets/Main/dog_val.txt": "c -1\n",
    }
    result = read(source(tmp_path, [f"JPEGImages/{name}.png" for name in "abc"], files))
    assert result.format == "pascal_voc"
    assert result.labels == {"a.png": "cat; dog", "b.png": "–", "c.png": "cat"}
    assert result.splits == {"a.png": "train", "b.png": "train", "c.png": "validation"}


def test_pascal_voc_objects_label_their_picture(tmp_path: Path) -> None:
    def xml(name: str, label: str) -> str:
        return f"<annotation><filename>{name}</filename><object><name>{label}</name></object></annotation>"

    files = {"Annotations/a.xml": xml("a.png", "cat"), "Annotations/b.xml": xml("b.png", "dog")}
    result = read(source(tmp_path, ["JPEGImages/a.png", "JPEGImages/b.png"], files))
    assert result.labels == {"a.png": "cat", "b.png": "dog"}
    assert result.notes == {"ignored_boxes": 2}


def test_labelme_flags_come_before_shapes(tmp_path: Path) -> None:
    def content(name: str, flags: dict[str, bool], *shapes: str) -> dict[str, object]:
        return {"imagePath": name, "flags": flags, "shapes": [{"label": label} for label in shapes]}

    files = {
        "a.json": content("a.png", {"cat": True, "dog": False}, "ear"),
        "b.json": content("b.png", {}, "dog", "dog"),
    }
    result = read(source(tmp_path, ["a.png", "b.png"], files))
    assert result.format == "labelme"
    assert result.labels == {"a.png": "cat", "b.png": "dog"}


def test_a_broken_labelme_file_among_many_is_left_out_with_its_error(tmp_path: Path) -> None:
    files: dict[str, object] = {
        f"{name}.json": {"imagePath": f"{name}.png", "shapes": [{"label": name}]} for name in "ab"
    }
    result = read(source(tmp_path, ["a.png", "b.png", "c.png"], {**files, "c.json": '{"imagePath": '}))
    assert result.left_out == {"c.json": "other", "c.png": "not_in_table"}


def test_labelme_pictures_that_were_renamed_with_their_files_are_found(tmp_path: Path) -> None:
    files: dict[str, object] = {
        f"{name}.json": {"imagePath": f"IMG_{name}.png", "shapes": [{"label": name}]} for name in "ab"
    }
    assert read(source(tmp_path, ["a.png", "b.png"], files)).labels == {"a.png": "a", "b.png": "b"}


def test_create_ml_lists_are_read(tmp_path: Path) -> None:
    rows = [
        {"image": "a.png", "annotations": [{"label": "cat"}]},
        {"image": "b.png", "annotations": [{"label": "dog"}]},
    ]
    result = read(source(tmp_path, ["a.png", "b.png"], {"annotations.json": rows}))
    assert (result.format, result.labels) == ("create_ml", {"a.png": "cat", "b.png": "dog"})


def test_imagenet_lists_count_their_classes_from_zero(tmp_path: Path) -> None:
    files = {"synsets.txt": "cat\ndog\nred thing\n", "train.txt": "a.png 0\nb.png 1\n", "val.txt": "c.png 2\nd.png\n"}  # fmt: skip
    result = read(source(tmp_path, PICTURES, files))
    assert result.format == "imagenet_lists"
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": "red thing", "d.png": ""}
    assert result.splits["c.png"] == "validation"


def test_custom_vision_negative_pictures_show_none_of_the_classes(tmp_path: Path) -> None:
    images = [
        {"id": "1", "original_filename": "a.png", "saved_path": "images/cat/1_a.png", "tags": ["cat"]},
        {"id": "2", "original_filename": "b.png", "saved_path": "images/Negative/2_b.png", "tags": ["Negative"]},
        {"id": "3", "original_filename": "c.png", "saved_path": "images/dog/3_c.png", "tags": ["dog"]},
    ]  # fmt: skip
    content = {"project_id": "p", "total_images": 3, "tags": [], "images": images}
    pictures = ["images/cat/1_a.png", "images/Negative/2_b.png", "images/dog/3_c.png"]
    result = read(source(tmp_path, pictures, {"images_metadata.json": content}))
    assert result.format == "custom_vision"
    assert result.labels == {"1_a.png": "cat", "2_b.png": "–", "3_c.png": "dog"}


def label_studio_row(name: str, animal: str, patient: str, number: int) -> str:
    return f"{number},ann,{animal},t,{number},{name},1,{patient},t"


def test_a_guessed_column_of_label_studio_is_asked_about(tmp_path: Path) -> None:
    """A question can have any name, and the columns of the CSV export are in the order of the alphabet."""
    header = "annotation_id,annotator,animal,created_at,id,image,lead_time,patient,updated_at"
    rows = [
        label_studio_row(name, animal, patient, number)
        for number, (name, animal, patient) in enumerate(
            zip(PICTURES, ("cat", "dog", "cat", "dog"), ("p1", "p2", "p3", "p1"), strict=True)
        )
    ]
    folder = source(tmp_path, PICTURES, {"result.csv": "\n".join([header, *rows])})
    with pytest.raises(ConfirmationNeededError, match="“animal” was taken for the classes; “patient” would"):
        read(folder)
    with pytest.raises(ConfirmationNeededError):
        read(folder, format="label_studio")
    columns = TableColumns(file="image", label="patient")
    result = read(folder, format="label_studio", columns=columns)
    assert result.understanding.classes == {"p1": 2, "p2": 1, "p3": 1}


def test_a_fiftyone_label_with_a_confidence_is_a_label(tmp_path: Path) -> None:
    values = {"a": {"label": 0, "confidence": 0.9}, "b": {"label": 1, "confidence": 0.8}}
    folder = source(tmp_path, PICTURES[:2], {"labels.json": {"classes": ["cat", "dog"], "labels": values}})
    assert read(folder).labels == {"a.png": "cat", "b.png": "dog"}


def test_labels_that_name_none_of_the_pictures_are_asked_about(tmp_path: Path) -> None:
    """Folders such as batches would become the classes without a word."""
    marks: list[dict[str, object]] = [{"id": 1, "image_id": 0, "category_id": 1}]
    folder = source(tmp_path, ["first/a.png", "second/b.png"], {"labels.json": coco(["other.png"], marks)})
    with pytest.raises(ConfirmationNeededError, match="labels of the format COCO name none of the pictures"):
        read(folder)


def test_every_file_of_many_tasks_is_read(tmp_path: Path) -> None:
    """Fourteen tasks of CVAT, each exported on its own."""
    pictures = [f"task{number:02}/{number}.png" for number in range(14)]
    files = {
        f"task{number:02}/annotations.xml": f'<annotations><image name="{number}.png"><tag label="{label}"/></image></annotations>'
        for number, label in zip(range(14), ["cat", "dog"] * 7, strict=True)
    }
    result = read(source(tmp_path, pictures, files))
    assert result.format == "cvat"
    assert result.understanding.classes == {"cat": 7, "dog": 7}


def test_a_create_ml_picture_without_annotations_is_labelled_later(tmp_path: Path) -> None:
    entries = [{"image": "a.png", "annotations": [{"label": "cat"}]}, {"image": "b.png"}]
    assert read(source(tmp_path, ["a.png", "b.png"], {"labels.json": entries})).labels == {
        "a.png": "cat",
        "b.png": "",
    }


def test_the_copy_of_a_picture_in_a_labelme_file_is_not_held(tmp_path: Path) -> None:
    content = {"imagePath": "a.png", "shapes": [{"label": "cat"}], "imageData": "A" * 1000}
    folder = source(tmp_path, ["a.png"], {"a.json": content})
    with open_source(folder) as listing:
        survey = Survey(listing, "source")
        assert "imageData" not in survey.json(survey.ending(".json")[0])


def test_tasks_with_pictures_of_the_same_names_have_their_own_labels(tmp_path: Path) -> None:
    """CVAT numbers the frames of each task from 0."""
    files = {
        f"{task}/annotations.xml": f'<annotations><image name="0.png"><tag label="{label}"/></image></annotations>'
        for task, label in (("a", "cat"), ("b", "dog"))
    }
    result = read(source(tmp_path, ["a/images/0.png", "b/images/0.png"], files))
    by_path = {member.name: assignment.label for member, assignment in result.reading.pictures}
    assert by_path == {"a/images/0.png": "cat", "b/images/0.png": "dog"}


@pytest.mark.parametrize(
    ("files", "folders"),
    [
        (("annotations/instances_train2017", "annotations/instances_val2017"), ("train2017", "val2017")),
        (("annotations/one", "annotations/two"), ("images/one", "images/two")),
    ],
)
def test_a_label_file_means_the_folder_of_its_part(
    tmp_path: Path, files: tuple[str, str], folders: tuple[str, str]
) -> None:
    marks: list[list[dict[str, object]]] = [[{"id": 1, "image_id": 0, "category_id": n}] for n in (1, 5)]
    labels = {f"{name}.json": coco(["0.png"], mark) for name, mark in zip(files, marks, strict=True)}
    result = read(source(tmp_path, [f"{folder}/0.png" for folder in folders], labels))
    by_path = {member.name: assignment.label for member, assignment in result.reading.pictures}
    assert by_path == {f"{folders[0]}/0.png": "cat", f"{folders[1]}/0.png": "dog"}


def test_a_long_line_of_numbers_is_read_at_once(tmp_path: Path) -> None:
    files = {"synsets.txt": "cat\ndog", "train.txt": f"a b.png 1\n{'1 ' * 100_000}x\n{'9' * 5000}.png 0\n"}
    assert read(source(tmp_path, ["a b.png"], files)).labels == {"a b.png": "dog"}


def test_a_folder_of_test_tubes_is_no_part_of_the_split(tmp_path: Path) -> None:
    names = ["test tube/a", "flask/b"]
    files = {
        f"{name}.json": {"imagePath": f"{name[-1]}.png", "shapes": [{"label": name[-1]}]} for name in names
    }
    result = read(source(tmp_path, [f"{name}.png" for name in names], files))
    assert result.splits == {"a.png": "", "b.png": ""}


def teachable_machine(tmp_path: Path, *pictures: str) -> Path:
    """A project file; its manifest has what a public reader of it looks up."""
    settings = {"trainEpochs": 50, "trainBatchSize": 16, "trainLearningRate": 0.001}
    manifest = {"type": "image", "version": "2.4.0", "appdata": settings}
    path = tmp_path / "project.tm"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for index, name in enumerate(pictures):
            archive.writestr(name, digit(index))
    return path


def test_a_teachable_machine_project_with_class_folders_is_read(tmp_path: Path) -> None:
    result = read(teachable_machine(tmp_path, "Class 1/0.png", "Class 2/1.png"))
    assert (result.format, result.labels) == ("teachable_machine", {"0.png": "Class 1", "1.png": "Class 2"})
    assert result.left_out == {}


@pytest.mark.parametrize("inside", ["manifest.json", "project.json"])
def test_a_project_file_of_an_unknown_version_of_teachable_machine_is_refused_with_the_remedy(
    tmp_path: Path, inside: str
) -> None:
    path = tmp_path / "Project.TM"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(inside, json.dumps({"classes": ["a", "b"]}))
        archive.writestr("samples/0.png", digit(0))
    with pytest.raises(DataError, match="download the samples of each class"):
        read(path)


def test_a_teachable_machine_project_without_folders_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """Nobody has published how its pictures are named, so their names are not guessed from."""
    path = teachable_machine(tmp_path, *(f"Class {label}-{n}.png" for label in (1, 2) for n in range(5)))
    with pytest.raises(DataError, match="download the samples of each class"):
        read(path)
