"""One picture for each box: coordinates of every tool, groups, splits, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import open_dataset
from core.data.exports.content import ExportContent
from core.data.formats.doubts import DoubtKind
from core.data.formats.understanding import ConfirmationNeededError
from core.data.import_config import ImportConfig
from core.data.importing import add_pictures, import_dataset
from core.data.labels.boxes import Box, BoxUse, CropConfig, Edges, place_box
from core.errors import DataError
from core.progress import QuietProgress
from tests.support.box_files import BOX_FILES, PERCENT, coco, label_studio, voc_object, xml
from tests.support.formats import Understood, read
from tests.support.pictures import encoded, write_folder

# Width and height of the pictures, and the place of the box in each.
SIZE = (100, 50)
EDGES = Edges(10, 20, 40, 45)
WIDTH, HEIGHT = 30, 25


def folder(tmp_path: Path, files: dict[str, object], *pictures: str) -> Path:
    """Pictures of 100 × 50 pixels, the box of another colour in each, with label files."""
    contents = {name: picture(shade) for shade, name in enumerate(pictures or ("a.png",))}
    for name, content in files.items():
        contents[name] = (content if isinstance(content, str) else json.dumps(content)).encode()
    return write_folder(tmp_path / "source", contents)


def picture(shade: int) -> bytes:
    pixels = np.full((50, 100, 3), 250, dtype=np.uint8)
    pixels[20:45, 10:40] = (shade, 90, 30)
    pixels[:18, :20] = (shade, 200, 60)
    return encoded(pixels, "PNG")


def boxes_of(result: Understood) -> list[Box]:
    boxes = [assignment.box for _, assignment in result.reading.pictures]
    return [box for box in boxes if box is not None]


def names_of(result: Understood) -> dict[str, str]:
    """Label of each crop, by the name that it gets."""
    return {
        f"{member.name}{assignment.box.suffix}": assignment.label
        for member, assignment in result.reading.pictures
        if assignment.box is not None
    }


@pytest.mark.parametrize("tool", BOX_FILES)
def test_the_box_of_each_tool_means_the_same_pixels(tool: str, tmp_path: Path) -> None:
    result = read(folder(tmp_path, BOX_FILES[tool]), boxes=BoxUse.CROP)
    (box,) = boxes_of(result)
    placement = place_box(box, SIZE, 1, margin=0.0)
    assert placement is not None
    assert (placement.edges, box.label) == (EDGES, "cat")


@pytest.mark.parametrize("tool", BOX_FILES)
def test_boxes_are_asked_about(tool: str, tmp_path: Path) -> None:
    with pytest.raises(ConfirmationNeededError) as caught:
        read(folder(tmp_path, BOX_FILES[tool]))
    understanding = caught.value.understanding
    assert DoubtKind.BOXES in {doubt.kind for doubt in understanding.doubts}
    assert understanding.crops is not None
    assert understanding.crops.classes == {"cat": 1}
    # The whole picture, then its crop.
    assert [example.file for example in understanding.examples] == ["a.png"]
    assert [example.file for example in understanding.crops.examples] == ["a.png#1"]
    assert caught.value.files.thumbnails.keys() == {0, 1}


def test_crops_of_one_picture_and_its_copies_are_one_group(tmp_path: Path) -> None:
    names = ("train/x_png.rf.0123456789ab.png", "train/x_png.rf.ba9876543210.png", "valid/y.png")
    places = [{"image_id": number, "bbox": [10, 20, 30, 25]} for number in range(3)]
    extra = {"image_id": 0, "category_id": 2, "bbox": [0, 0, 20, 20]}
    result = read(
        folder(tmp_path, {"labels.json": coco(*places, extra, images=names)}, *names), boxes=BoxUse.CROP
    )
    groups = [assignment.group for _, assignment in result.reading.pictures]
    assert groups == ["x_png", "x_png", "x_png", "valid/y.png"]
    assert result.understanding.classes == {"cat": 3, "dog": 1}
    assert result.understanding.groups == 1


def test_crops_keep_the_split(tmp_path: Path) -> None:
    files = dict.fromkeys(("train/labels/a.txt", "valid/labels/b.txt"), "0 0.25 0.65 0.3 0.5\n")
    source = folder(
        tmp_path, {**files, "data.yaml": "names: [cat]\n"}, "train/images/a.png", "valid/images/b.png"
    )
    assert read(source, boxes=BoxUse.CROP).splits == {"a.png": "train", "b.png": "validation"}


def test_boxes_that_cannot_be_pictures_are_left_out_by_name(tmp_path: Path) -> None:
    places: list[dict[str, Any]] = [
        {"bbox": [10, 20, 30, 25]},
        {"bbox": [10, 20, 0, 25]},
        {"bbox": [10, 20, -5, 25]},
        {"bbox": [10, float("nan"), 30, 25]},
        {"bbox": [10, 20, 30, 25], "iscrowd": 1},
        {"bbox": [10, 20, 30, 8]},
    ]
    source = folder(tmp_path, {"labels.json": coco(*places, images=("a.png", "b.png"))}, "a.png", "b.png")
    result = read(source, boxes=BoxUse.CROP)
    assert names_of(result) == {"a.png#1": "cat"}
    assert result.left_out == {
        "a.png#2": "box_without_area",
        "a.png#3": "box_without_area",
        "a.png#4": "box_without_area",
        "a.png#5": "box_of_a_crowd",
        "a.png#6": "box_too_small",
        "b.png": "no_box",
    }


def test_difficult_objects_are_cut_out_and_counted(tmp_path: Path) -> None:
    objects = voc_object("cat", 10, 20, 40, 45) + voc_object("dog", 0, 0, 30, 30, difficult=1)
    result = read(folder(tmp_path, {"a.xml": xml(objects)}), boxes=BoxUse.CROP)
    assert names_of(result) == {"a.png#1": "cat", "a.png#2": "dog"}
    assert result.notes == {"crops": 2, "difficult_boxes": 1}


def test_the_boxes_of_further_annotators_are_left_out(tmp_path: Path) -> None:
    (task,) = label_studio("rectanglelabels", PERCENT)
    task["annotations"] *= 2
    result = read(folder(tmp_path, {"project.json": [task]}), boxes=BoxUse.CROP)
    assert names_of(result) == {"a.png#1": "cat"}
    assert result.notes == {"crops": 1, "other_annotators": 1}


def test_labels_without_boxes_cannot_be_cropped(tmp_path: Path) -> None:
    source = folder(tmp_path, {"labels.json": coco({})})
    with pytest.raises(DataError, match="COCO draw no boxes"):
        read(source, boxes=BoxUse.CROP)


def test_boxes_that_are_not_cut_out_are_counted(tmp_path: Path) -> None:
    result = read(folder(tmp_path, BOX_FILES["coco"]), boxes=BoxUse.PICTURE)
    assert result.labels == {"a.png": "cat"}
    assert result.notes == {"ignored_boxes": 1}


def test_an_import_stores_the_pixels_of_each_box(tmp_path: Path) -> None:
    """From the label file to the project: names, edges, groups and pixels."""
    names = [f"{number}.png" for number in range(6)]
    places: list[dict[str, Any]] = [
        {"image_id": number, "category_id": category, "bbox": bbox}
        for number in range(6)
        for category, bbox in ((1, [10, 20, 30, 25]), (2, [-10, 0, 30, 18]))
    ]
    source = folder(tmp_path, {"labels.json": coco(*places, images=tuple(names))}, *names)
    config = ImportConfig(boxes=BoxUse.CROP, crops=CropConfig(margin=0.0))
    report = import_dataset(source, "crops", config)
    dataset = open_dataset(report.project)
    assert report.classes == {"cat": 6, "dog": 6}
    colours = {"cat": (90, 30), "dog": (200, 60)}
    # The second box of each begins 10 pixels to the left of the picture.
    edges = {"cat": "10 20 40 45", "dog": "0 0 20 18"}
    sizes = {"cat": (HEIGHT, WIDTH, 3), "dog": (18, 20, 3)}
    for row, (name, label) in enumerate(
        zip(dataset.pictures["name"], dataset.pictures["label"], strict=True)
    ):
        pixels = np.asarray(Image.open(dataset.image_path(row)))
        assert pixels.shape == sizes[label]
        assert np.unique(pixels.reshape(-1, 3), axis=0).tolist() == [[int(name[0]), *colours[label]]]
        assert dataset.pictures["box"][row] == edges[label]
    by_file = dataset.pictures.groupby(dataset.pictures["name"].str[0])
    assert (by_file["split"].nunique() == 1).all()
    assert report.understanding is not None
    notes = {note.kind.value: note.values["count"] for note in report.understanding.notes}
    assert notes == {"crops": 12, "clipped_boxes": 6}
    exported = ExportContent(dataset, QuietProgress(), {})
    assert exported.paths[:2] == ["cat/0-1.png", "cat/1-1.png"]


def test_crops_of_another_picture_with_the_same_name_are_another_group(tmp_path: Path) -> None:
    """Cameras number their pictures from 1 again; crops beside a test picture's would be excluded."""
    names = tuple(f"{number}.png" for number in range(8))
    places: list[dict[str, Any]] = [
        {"image_id": number, "category_id": category, "bbox": [50 * category - 50, 0, 50, 50]}
        for number in range(8)
        for category in (1, 2)
    ]
    random = np.random.default_rng(0)
    sources = []
    for camera in ("one", "two"):
        contents = {
            name: encoded(random.integers(0, 256, (50, 100, 3)).astype(np.uint8), "PNG") for name in names
        }
        contents["labels.json"] = json.dumps(coco(*places, images=names)).encode()
        sources.append(write_folder(tmp_path / camera, contents))
    config = ImportConfig(boxes=BoxUse.CROP, crops=CropConfig(margin=0.0))
    project = import_dataset(sources[0], "crops", config).project
    add_pictures(project, sources[1], config)
    pictures = open_dataset(project).all_pictures
    assert len(pictures) == 32
    assert not pictures["excluded"].any()
    assert (pictures["group"].value_counts() == 2).all()


def test_the_margin_is_stated_as_it_is(tmp_path: Path) -> None:
    source = folder(tmp_path, {"labels.json": coco({"bbox": [10, 20, 30, 25]})})
    result = read(source, boxes=BoxUse.CROP, crops=CropConfig(margin=0.125))
    margins = [note.values["margin"] for note in result.reading.notes if "margin" in note.values]
    assert margins == ["12.5%"]
