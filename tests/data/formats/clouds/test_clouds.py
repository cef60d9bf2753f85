"""Lists of cloud services are read as the services mean them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.data.labels.boxes import BoxUse
from core.errors import DataError
from tests.support.formats import lines, read, source


def job(label: str) -> dict[str, Any]:
    return {
        "animal": 0,
        "animal-metadata": {"class-name": label, "type": "groundtruth/image-classification", "confidence": 1},
    }


def test_an_amazon_manifest_names_the_class_in_its_metadata(tmp_path: Path) -> None:
    manifest = lines(
        {"source-ref": "s3://bucket/a.png"} | job("cat"), {"source-ref": "s3://bucket/b.png"} | job("dog")
    )
    result = read(source(tmp_path, ["a.png", "b.png"], {"train.manifest": manifest}))
    assert result.format == "amazon"
    assert result.labels == {"a.png": "cat", "b.png": "dog"}
    assert result.splits == {"a.png": "train", "b.png": "train"}


def test_several_amazon_labels_come_from_the_class_map(tmp_path: Path) -> None:
    def line(name: str, classes: dict[str, str]) -> dict[str, Any]:
        metadata = {"class-map": classes, "type": "groundtruth/image-classification-multilabel"}
        return {
            "source-ref": f"s3://bucket/{name}",
            "x": [int(key) for key in classes],
            "x-metadata": metadata,
        }

    manifest = lines(line("a.png", {"0": "cat", "1": "red"}), line("b.png", {}))
    result = read(source(tmp_path, ["a.png", "b.png"], {"output.manifest": manifest}))
    assert result.labels == {"a.png": "cat; red", "b.png": "–"}


def test_rekognition_has_a_key_for_each_label(tmp_path: Path) -> None:
    both = {"source-ref": "s3://bucket/a.png", "pets_Cat": 1, "pets_Red": 1} | {
        f"pets_{name}-metadata": {
            "class-name": name,
            "confidence": 1,
            "type": "groundtruth/image-classification",
        }
        for name in ("Cat", "Red")
    }
    one = {"source-ref": "s3://bucket/b.png"} | job("Cat")
    result = read(source(tmp_path, ["a.png", "b.png"], {"output.manifest": lines(both, one)}))
    assert result.labels == {"a.png": "Cat; Red", "b.png": "Cat"}


def test_amazon_boxes_label_their_picture(tmp_path: Path) -> None:
    def line(name: str, *numbers: int) -> dict[str, Any]:
        metadata = {"class-map": {"0": "cat", "1": "dog"}, "type": "groundtruth/object-detection"}
        boxes = [{"class_id": number, "top": 0, "left": 0, "width": 1, "height": 1} for number in numbers]
        return {"source-ref": f"s3://b/{name}", "bb": {"annotations": boxes}, "bb-metadata": metadata}

    manifest = lines(line("a.png", 0, 0), line("b.png", 1), line("c.png"))
    result = read(
        source(tmp_path, ["a.png", "b.png", "c.png"], {"output.manifest": manifest}), boxes=BoxUse.PICTURE
    )
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": ""}
    assert result.notes == {"ignored_boxes": 3, "blank_labels": 1}


def test_unassigned_means_no_part_for_vertex(tmp_path: Path) -> None:
    table = "UNASSIGNED,gs://b/a.png,cat\nTRAIN,gs://b/b.png,dog\nTEST,gs://b/c.png,cat\n"
    result = read(source(tmp_path, ["a.png", "b.png", "c.png"], {"data.csv": table}))
    assert result.format == "vertex"
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": "cat"}
    assert result.splits == {"a.png": "", "b.png": "train", "c.png": "test"}


def test_further_columns_of_vertex_are_further_labels(tmp_path: Path) -> None:
    table = "UNASSIGNED,gs://b/a.png,cat,red\nUNASSIGNED,gs://b/b.png,dog,\n"
    assert read(source(tmp_path, ["a.png", "b.png"], {"data.csv": table})).labels == {
        "a.png": "cat; red",
        "b.png": "dog",
    }


def test_vertex_json_lines_are_read(tmp_path: Path) -> None:
    use = {"aiplatform.googleapis.com/ml_use": "validation"}
    rows = lines(
        {"imageGcsUri": "gs://b/a.png", "classificationAnnotation": {"displayName": "cat"}, "dataItemResourceLabels": use},
        {"imageGcsUri": "gs://b/b.png", "classificationAnnotation": {"displayName": "dog"}},
    )  # fmt: skip
    result = read(source(tmp_path, ["a.png", "b.png"], {"data.jsonl": rows}))
    assert result.labels == {"a.png": "cat", "b.png": "dog"}
    assert result.splits == {"a.png": "validation", "b.png": ""}


def test_azure_json_lines_are_read(tmp_path: Path) -> None:
    rows = lines(
        {"image_url": "azureml://subscriptions/x/paths/a.png", "label": "cat"},
        {"image_url": "azureml://subscriptions/x/paths/b.png", "label": "dog"},
    )
    result = read(source(tmp_path, ["a.png", "b.png"], {"annotations.jsonl": rows}))
    assert (result.format, result.labels) == ("azure", {"a.png": "cat", "b.png": "dog"})


ULTRALYTICS = lines(
    {"type": "dataset", "task": "classify", "class_names": {"0": "cat", "1": "dog"}},
    {"type": "image", "file": "a.png", "url": "https://x/a.png?sig=1", "split": "train", "annotations": {"classification": [0]}},
    {"type": "image", "file": "b.png", "url": "https://x/b.png?sig=1", "split": "val", "annotations": {"classification": [1]}},
)  # fmt: skip


def test_ultralytics_lines_name_pictures_beside_them(tmp_path: Path) -> None:
    result = read(source(tmp_path, ["images/a.png", "images/b.png"], {"data.ndjson": ULTRALYTICS}))
    assert result.labels == {"a.png": "cat", "b.png": "dog"}
    assert result.splits == {"a.png": "train", "b.png": "validation"}
    assert result.notes == {"addresses_lapse": True}


def test_ultralytics_without_its_pictures_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lapse after 7 days\. Download the pictures"):
        read(source(tmp_path, ["other.png"], {"data.ndjson": ULTRALYTICS}))


def test_a_broken_line_is_named_by_its_number(tmp_path: Path) -> None:
    manifest = lines({"source-ref": "s3://b/a.png"} | job("cat")) + '\n{"source-ref": '
    with pytest.raises(DataError, match=r"Line 2 of train.manifest is not valid JSON"):
        read(source(tmp_path, ["a.png"], {"train.manifest": manifest}))


def test_corners_of_boxes_are_no_labels_of_vertex(tmp_path: Path) -> None:
    rows = "TRAIN,gs://b/a.png,cat,0.1,0.1,,,0.3,0.3,,\nTEST,gs://b/b.png,dog,0,0,1,0,1,1,0,1\n"
    result = read(source(tmp_path, ["a.png", "b.png"], {"list.csv": rows}), boxes=BoxUse.PICTURE)
    assert result.format == "vertex"
    assert result.labels == {"a.png": "cat", "b.png": "dog"}
    assert result.notes == {"ignored_boxes": 2}


def test_a_manifest_of_one_line_is_read(tmp_path: Path) -> None:
    line = {
        "source-ref": "s3://b/a.png",
        "X": 1,
        "X-metadata": {"class-name": "cat", "type": "groundtruth/image-classification"},
    }
    assert read(source(tmp_path, ["a.png"], {"output.json": line})).labels == {"a.png": "cat"}


def test_azure_boxes_label_their_picture(tmp_path: Path) -> None:
    rows = [
        {"image_url": "azureml://x/a.png", "label": [{"label": "cat", "topX": 0.1}]},
        {"image_url": "azureml://x/b.png", "label": "dog"},
    ]
    result = read(source(tmp_path, ["a.png", "b.png"], {"data.jsonl": lines(*rows)}))
    assert result.labels == {"a.png": "cat", "b.png": "dog"}
    assert result.notes == {"ignored_boxes": 1}
