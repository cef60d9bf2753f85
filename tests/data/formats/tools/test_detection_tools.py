"""Labels of tools that draw boxes label the whole picture, and the boxes are counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.data.formats.understanding import ConfirmationNeededError
from core.data.labels.boxes import BoxUse
from core.errors import DataError
from tests.support.formats import read, source

BOX = "0.5 0.5 0.2 0.2"
YAML = "train: images/train\nnc: 2\nnames:\n  0: cat\n  1: 'red dog'\n"


def yolo(tmp_path: Path, texts: dict[str, str], names: dict[str, str]) -> Path:
    pictures = ["images/train/a.png", "images/train/b.png", "images/val/c.png"]
    return source(tmp_path, pictures, {f"labels/{name}.txt": text for name, text in texts.items()} | names)


def test_yolo_pictures_have_the_classes_of_their_boxes(tmp_path: Path) -> None:
    texts = {"train/a": f"0 {BOX}\n0 {BOX}\n", "train/b": f"1 {BOX}\n", "val/c": f"1 {BOX}\n"}
    result = read(yolo(tmp_path, texts, {"data.yaml": YAML}), boxes=BoxUse.PICTURE)
    assert result.format == "yolo"
    assert result.labels == {"a.png": "cat", "b.png": "red dog", "c.png": "red dog"}
    assert result.splits == {"a.png": "train", "b.png": "train", "c.png": "validation"}
    assert result.notes == {"ignored_boxes": 4}
    assert result.left_out == {}


def test_an_empty_yolo_file_shows_nothing_among_several_labels(tmp_path: Path) -> None:
    texts = {"train/a": f"0 {BOX}\n1 {BOX}\n", "train/b": "", "val/c": f"1 {BOX}\n"}
    result = read(yolo(tmp_path, texts, {"classes.txt": "cat\ndog\n"}), boxes=BoxUse.PICTURE)
    assert result.labels == {"a.png": "cat; dog", "b.png": "–", "c.png": "dog"}


def test_a_yolo_picture_without_a_file_is_labelled_later(tmp_path: Path) -> None:
    texts = {"train/a": f"0 {BOX}\n", "val/c": f"1 {BOX}\n"}
    result = read(yolo(tmp_path, texts, {"obj.names": "cat\ndog\n"}), boxes=BoxUse.PICTURE)
    assert result.labels == {"a.png": "cat", "b.png": "", "c.png": "dog"}
    assert result.notes == {"ignored_boxes": 2, "blank_labels": 1}


def test_yolo_without_names_has_numbers_as_classes(tmp_path: Path) -> None:
    files = {"a.txt": f"0 {BOX}\n", "b.txt": f"3 {BOX}\n"}
    result = read(source(tmp_path, ["a.png", "b.png"], files), boxes=BoxUse.PICTURE)
    assert result.labels == {"a.png": "0", "b.png": "3"}
    assert result.notes == {"ignored_boxes": 2, "unnamed_classes": True}


def test_a_blank_line_among_the_names_of_yolo_is_an_error(tmp_path: Path) -> None:
    """It is unclear which numbers the names below have; one number off, all of them were wrong."""
    files = {"a.txt": "0 0.5 0.5 1 1\n", "b.txt": "1 0.5 0.5 1 1\n", "classes.txt": "cat\n\ndog\n"}
    with pytest.raises(DataError, match=r"^Line 2 of classes\.txt is blank"):
        read(source(tmp_path, ["a.png", "b.png"], files))


def test_yolo_folders_may_begin_with_capitals(tmp_path: Path) -> None:
    texts = {
        "Labels/a.txt": "0 0.5 0.5 1 1\n",
        "Labels/b.txt": "1 0.5 0.5 1 1\n",
        "classes.txt": "cat\ndog\n",
    }
    result = read(source(tmp_path, ["Images/a.png", "Images/b.png"], texts), boxes=BoxUse.PICTURE)
    assert (result.format, result.labels) == ("yolo", {"a.png": "cat", "b.png": "dog"})


def test_a_yolo_class_beyond_the_names_is_an_error(tmp_path: Path) -> None:
    texts = {"train/a": f"7 {BOX}\n", "train/b": f"0 {BOX}\n"}
    with pytest.raises(DataError, match=r"labels/train/a.txt is not laid out as YOLO writes it"):
        read(yolo(tmp_path, texts, {"data.yaml": YAML}))


def test_boxes_beside_class_folders_ask(tmp_path: Path) -> None:
    """Without names of classes, text files with boxes are one of two explanations."""
    files = {f"{name}.txt": f"0 {BOX}\n" for name in ("cats/a", "cats/b", "dogs/c", "dogs/d")}
    pictures = [name.replace(".txt", ".png") for name in files]
    result = read(source(tmp_path, pictures, files), confirmed=True)
    assert [doubt.kind.value for doubt in result.understanding.doubts] == ["second_explanation"]


def cvat(*images: str) -> str:
    return f"<?xml version='1.0'?>\n<annotations>\n<version>1.1</version>{''.join(images)}</annotations>"


def test_cvat_tags_come_before_boxes(tmp_path: Path) -> None:
    text = cvat(
        "<image id='0' name='a.png' subset='Train'><tag label='cat'/><box label='ear'/></image>",
        "<image id='1' name='b.png' subset='Test'><box label='dog'/><polygon label='dog'/></image>",
        "<image id='2' name='c.png'/>",
    )
    result = read(
        source(tmp_path, [f"images/{name}.png" for name in "abc"], {"annotations.xml": text}),
        boxes=BoxUse.PICTURE,
    )
    assert result.format == "cvat"
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": ""}
    assert result.splits == {"a.png": "train", "b.png": "test", "c.png": ""}
    assert result.notes == {"ignored_boxes": 3, "blank_labels": 1}


def test_a_cvat_video_is_refused_with_the_remedy(tmp_path: Path) -> None:
    text = cvat("<track id='0' label='cat'><box frame='0'/></track>")
    with pytest.raises(DataError, match="Export the task as “CVAT for images”"):
        read(source(tmp_path, ["a.png"], {"annotations.xml": text}))


COCO_OF_TWO = json.dumps(
    {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [{"image_id": 1, "category_id": 1}, {"image_id": 2, "category_id": 2}],
    }
)
OPEN_IMAGES = "ImageID,Source,LabelName,Confidence\na,verification,/m/1,1\na,verification,/m/2,0\nb,machine,/m/2,0.7\nb,machine,/m/1,0.2\n"
OPEN_IMAGES_BOXES = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax\na,x,/m/2,1,0,1,0,1\n"


def test_open_images_labels_hold_from_half_confidence_on(tmp_path: Path) -> None:
    files = {
        "annotations/train-annotations-human-imagelabels.csv": OPEN_IMAGES,
        "annotations/train-annotations-bbox.csv": OPEN_IMAGES_BOXES,
        "annotations/class-descriptions.csv": '/m/1,Cat\n/m/2,"Guinea pig"\n',
    }
    result = read(source(tmp_path, ["images/train/a.png", "images/train/b.png"], files), boxes=BoxUse.PICTURE)
    assert result.format == "open_images"
    assert result.labels == {"a.png": "Cat", "b.png": "Guinea pig"}
    assert result.splits == {"a.png": "train", "b.png": "train"}
    assert result.notes == {"ignored_boxes": 1}


def test_all_label_files_of_open_images_are_read(tmp_path: Path) -> None:
    header = "ImageID,Source,LabelName,Confidence\n"
    files = {
        f"annotations/{number:02d}-human-imagelabels.csv": f"{header}{number},x,/m/{number % 2},1\n"
        for number in range(15)
    }
    result = read(source(tmp_path, [f"images/{number}.png" for number in range(15)], files))
    assert result.understanding.classes == {"/m/0": 8, "/m/1": 7}


def test_a_project_called_test_is_no_part_of_a_split(tmp_path: Path) -> None:
    """Only folders below the root may be parts."""
    files = {"test project/labels/annotations.json": COCO_OF_TWO, "README.md": "A project"}
    result = read(source(tmp_path, ["test project/images/a.png", "test project/images/b.png"], files))
    assert (result.format, result.splits) == ("coco", {"a.png": "", "b.png": ""})


def test_pascal_voc_pictures_in_no_class_list_are_labelled_later(tmp_path: Path) -> None:
    files = {
        "ImageSets/Main/train.txt": "a\nb\nc\n",
        "ImageSets/Main/cat_train.txt": "a  1\nb -1\n",
        "ImageSets/Main/dog_train.txt": "a -1\nb  1\n",
    }
    result = read(source(tmp_path, [f"JPEGImages/{name}.png" for name in "abc"], files))
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": ""}
    assert result.splits["c.png"] == "train"


def test_pascal_voc_pictures_without_objects_are_labelled_later(tmp_path: Path) -> None:
    """Datumaro and CVAT write no XML file for them; the list of their part names them."""
    xml = "<annotation><filename>{}.png</filename><object><name>{}</name></object></annotation>"
    files = {
        "ImageSets/Main/train.txt": "a\nb\nc\n",
        "Annotations/a.xml": xml.format("a", "cat"),
        "Annotations/b.xml": xml.format("b", "dog"),
    }
    result = read(source(tmp_path, [f"JPEGImages/{name}.png" for name in "abc"], files))
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": ""}
    assert result.splits == dict.fromkeys(["a.png", "b.png", "c.png"], "train")


def test_lists_of_actions_in_pascal_voc_are_no_classes(tmp_path: Path) -> None:
    """The development kit of 2012 has them; a line names a person in a picture."""
    files = {
        "ImageSets/Main/cat_train.txt": "a 1\nb -1\n",
        "ImageSets/Main/dog_train.txt": "a -1\nb 1\n",
        "ImageSets/Action/jumping_train.txt": "a  1  1\n",
    }
    result = read(source(tmp_path, ["JPEGImages/a.png", "JPEGImages/b.png"], files))
    assert result.labels == {"a.png": "cat", "b.png": "dog"}


VOC = "<annotation><filename>{}</filename><object><name>{}</name></object></annotation>"


def test_pascal_voc_pictures_that_were_renamed_with_their_files_are_found(tmp_path: Path) -> None:
    files = {
        "Annotations/a.xml": VOC.format("IMG_1.jpeg", "cat"),
        "Annotations/b.xml": VOC.format("IMG_2.jpeg", "dog"),
        "Annotations/c.xml": VOC.format("c.png", "dog"),
    }
    result = read(source(tmp_path, [f"JPEGImages/{name}.png" for name in "abc"], files))
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": "dog"}


def test_pascal_voc_names_may_have_spaces(tmp_path: Path) -> None:
    files = {
        "ImageSets/Main/train.txt": "my cat 1\nb\n",
        "Annotations/my cat 1.xml": VOC.format("my cat 1.png", "cat"),
        "Annotations/b.xml": VOC.format("b.png", "dog"),
    }
    result = read(source(tmp_path, ["JPEGImages/my cat 1.png", "JPEGImages/b.png"], files))
    assert result.splits == {"my cat 1.png": "train", "b.png": "train"}
    assert "my" not in result.left_out


def test_pascal_voc_class_lists_may_name_pictures_with_spaces(tmp_path: Path) -> None:
    files = {
        "ImageSets/Main/cat_train.txt": "my cat 1  1\nb -1\n",
        "ImageSets/Main/dog_train.txt": "my cat 1 -1\nb  1\n",
    }
    result = read(source(tmp_path, ["JPEGImages/my cat 1.png", "JPEGImages/b.png"], files))
    assert result.labels == {"my cat 1.png": "cat", "b.png": "dog"}


def test_a_broken_label_file_among_many_is_left_out_with_its_error(tmp_path: Path) -> None:
    files = {
        "Annotations/a.xml": VOC.format("a.png", "cat"),
        "Annotations/b.xml": VOC.format("b.png", "dog"),
        "Annotations/c.xml": VOC.format("c.png", "dog")[:-5],
    }
    result = read(source(tmp_path, [f"JPEGImages/{name}.png" for name in "abc"], files))
    assert result.left_out == {"Annotations/c.xml": "other", "JPEGImages/c.png": "not_in_table"}
    reasons = dict(result.reading.left_out)
    assert "c.xml is not valid XML" in str(reasons["Annotations/c.xml"])


def test_label_files_that_name_another_picture_are_asked_about(tmp_path: Path) -> None:
    """Copied files keep the name of the first picture; both pictures are there, and one of the names is wrong."""
    files: dict[str, object] = {
        "Annotations/a.xml": VOC.format("b.png", "cat"),
        "Annotations/b.xml": VOC.format("a.png", "dog"),
        "Annotations/c.xml": VOC.format("c.png", "dog"),
    }
    with pytest.raises(ConfirmationNeededError, match=r"a\.xml, which names “b\.png”"):
        read(source(tmp_path, [f"JPEGImages/{name}.png" for name in "abc"], files))
    result = read(tmp_path / "source", confirmed=True)
    assert result.labels == {"a.png": "dog", "b.png": "cat", "c.png": "dog"}


def test_labelme_files_that_name_another_picture_are_asked_about(tmp_path: Path) -> None:
    files: dict[str, object] = {
        name: {"imagePath": other, "shapes": [{"label": label}]}
        for name, other, label in (("a.json", "b.png", "cat"), ("b.json", "b.png", "dog"))
    }
    with pytest.raises(ConfirmationNeededError, match=r"such as a\.json"):
        read(source(tmp_path, ["a.png", "b.png"], files))
