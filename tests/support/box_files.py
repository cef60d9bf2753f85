"""Label files that draw one box in one picture, as the tools write them."""

from __future__ import annotations

from typing import Any

from tests.support.formats import lines


def xml(objects: str, database: str = "Unknown") -> str:
    size = "<size><width>100</width><height>50</height><depth>3</depth></size>"
    return f"<annotation><filename>a.png</filename><source><database>{database}</database></source>{size}{objects}</annotation>"


def voc_object(label: str, *edges: float, difficult: int = 0) -> str:
    names = ("xmin", "ymin", "xmax", "ymax")
    box = "".join(f"<{name}>{edge}</{name}>" for name, edge in zip(names, edges, strict=True))
    return f"<object><name>{label}</name><difficult>{difficult}</difficult><bndbox>{box}</bndbox></object>"


def coco(*annotations: dict[str, Any], images: tuple[str, ...] = ("a.png",)) -> dict[str, object]:
    return {
        "images": [
            {"id": number, "file_name": name, "width": 100, "height": 50}
            for number, name in enumerate(images)
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [{"image_id": 0, "category_id": 1, **item} for item in annotations],
    }


def label_studio(kind: str, value: dict[str, object]) -> list[dict[str, Any]]:
    item = {"type": kind, "from_name": "label", "original_width": 100, "original_height": 50, "value": value}
    return [{"data": {"image": "/data/upload/1/a.png"}, "annotations": [{"result": [item]}]}]


def labelme(kind: str, points: list[Any]) -> dict[str, object]:
    shape = {"label": "cat", "shape_type": kind, "points": points}
    return {"imagePath": "a.png", "imageWidth": 100, "imageHeight": 50, "shapes": [shape]}


def datumaro(mark: dict[str, object]) -> dict[str, object]:
    item = {
        "id": "a",
        "image": {"path": "a.png", "size": [50, 100]},
        "annotations": [{"label_id": 0, **mark}],
    }
    return {"categories": {"label": {"labels": [{"name": "cat"}]}}, "items": [item]}


def cvat(shape: str) -> str:
    return f'<annotations><image name="a.png" width="100" height="50">{shape}</image></annotations>'


EDGE_IMPULSE_BOX = {"label": "cat", "x": 10, "y": 20, "width": 30, "height": 25}
AMAZON_BOX = {"class_id": 0, "left": 10, "top": 20, "width": 30, "height": 25}
PERCENT = {"x": 10, "y": 40, "width": 30, "height": 50, "rotation": 0, "rectanglelabels": ["cat"]}
OUTLINE = [[10, 20], [40, 22], [30, 45]]

# Label files of one picture “a.png” with one box, as the tools write them.
BOX_FILES: dict[str, dict[str, object]] = {
    "coco": {"labels.json": coco({"bbox": [10, 20, 30, 25]})},
    "coco of azure": {"labels.json": coco({"bbox": [0.1, 0.4, 0.3, 0.5]})},
    "coco outline": {"labels.json": coco({"segmentation": [[10, 20, 40, 22, 30, 45]]})},
    "coco panoptic": {
        "panoptic.json": coco(
            {"file_name": "a.png", "segments_info": [{"category_id": 1, "bbox": [10, 20, 30, 25]}]}
        )
    },
    "pascal voc": {"a.xml": xml(voc_object("cat", 10, 20, 40, 45))},
    "pascal voc challenge": {"a.xml": xml(voc_object("cat", 11, 21, 40, 45), "The VOC2007 Database")},
    "labelme on the web": {
        "a.xml": xml(
            "<object><name>cat</name><deleted>0</deleted><polygon>"
            + "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in OUTLINE)
            + "</polygon></object><object><name>dog</name><deleted>1</deleted></object>"
        )
    },
    "edge impulse uploader": {
        "bounding_boxes.labels": {
            "version": 1,
            "type": "bounding-box-labels",
            "boundingBoxes": {"a.png": [EDGE_IMPULSE_BOX]},
        }
    },
    "yolo": {"a.txt": "0 0.25 0.65 0.3 0.5\n", "classes.txt": "cat\n"},
    "yolo outline": {"a.txt": "0 0.1 0.4 0.4 0.44 0.3 0.9\n", "classes.txt": "cat\n"},
    "yolo key points": {
        "a.txt": "0 0.25 0.65 0.3 0.5 0.9 0.9 0.1 0.1\n",
        "data.yaml": "names: [cat]\nkpt_shape: [2, 2]\n",
    },
    "labelme": {"a.json": labelme("rectangle", [[40, 45], [10, 20]])},
    "labelme outline": {"a.json": labelme("polygon", OUTLINE)},
    "cvat": {"annotations.xml": cvat('<box label="cat" xtl="10" ytl="20" xbr="40" ybr="45"/>')},
    "cvat outline": {"annotations.xml": cvat('<polygon label="cat" points="10,20;40,22;30,45"/>')},
    "cvat ellipse": {"annotations.xml": cvat('<ellipse label="cat" cx="25" cy="32.5" rx="15" ry="12.5"/>')},
    "cvat turned": {
        # 25 wide and 30 high, turned by a quarter around its centre.
        "annotations.xml": cvat(
            '<box label="cat" xtl="12.5" ytl="17.5" xbr="37.5" ybr="47.5" rotation="90"/>'
        )
    },
    "label studio": {"project.json": label_studio("rectanglelabels", PERCENT)},
    "label studio turned": {
        # 25 pixels wide and 30 high; its corner is at the right top.
        "project.json": label_studio(
            "rectanglelabels",
            {"x": 40, "y": 40, "width": 25, "height": 60, "rotation": 90, "rectanglelabels": ["cat"]},
        )
    },
    "label studio outline": {
        "project.json": label_studio(
            "polygonlabels", {"points": [[10, 40], [40, 44], [30, 90]], "polygonlabels": ["cat"]}
        )
    },
    "label studio minimal": {
        "project.json": [
            {
                "image": "a.png",
                "annotation_id": 1,
                "annotator": 1,
                "lead_time": 1.0,
                "label": [{**PERCENT, "original_width": 100, "original_height": 50}],
            }
        ]
    },
    "create ml": {
        "labels.json": [
            {
                "image": "a.png",
                "annotations": [
                    {"label": "cat", "coordinates": {"x": 25, "y": 32.5, "width": 30, "height": 25}}
                ],
            }
        ]
    },
    "datumaro": {"annotations/train.json": datumaro({"type": "bbox", "bbox": [10, 20, 30, 25]})},
    "datumaro outline": {
        "annotations/train.json": datumaro({"type": "polygon", "points": [10, 20, 40, 22, 30, 45]})
    },
    "open images": {
        "boxes.csv": "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsGroupOf\na,x,/m/1,1,0.1,0.4,0.4,0.9,0\n",
        "class-descriptions.csv": "/m/1,cat\n",
    },
    "fiftyone": {
        "labels.json": {
            "classes": ["cat"],
            "labels": {"a": [{"label": 0, "bounding_box": [0.1, 0.4, 0.3, 0.5]}]},
        }
    },
    "azure": {
        "data.jsonl": lines(
            {
                "image_url": "azureml://x/a.png",
                "label": [{"label": "cat", "topX": 0.1, "topY": 0.4, "bottomX": 0.4, "bottomY": 0.9}],
            }
        )
    },
    "vertex table": {"data.csv": "TRAIN,gs://b/a.png,cat,0.1,0.4,,,0.4,0.9,,\n"},
    "vertex lines": {
        "data.jsonl": lines(
            {
                "imageGcsUri": "gs://b/a.png",
                "boundingBoxAnnotations": [
                    {"displayName": "cat", "xMin": 0.1, "yMin": 0.4, "xMax": 0.4, "yMax": 0.9}
                ],
            }
        )
    },
    "amazon": {
        "output.manifest": lines(
            {
                "source-ref": "s3://b/a.png",
                "job": {
                    "annotations": [AMAZON_BOX],
                    "image_size": [{"width": 100, "height": 50, "depth": 3}],
                },
                "job-metadata": {"type": "groundtruth/object-detection", "class-map": {"0": "cat"}},
            }
        )
    },
    "ultralytics": {
        "data.ndjson": lines(
            {"type": "dataset", "task": "detect", "class_names": {"0": "cat"}},
            {"type": "image", "file": "a.png", "annotations": {"boxes": [[0, 0.25, 0.65, 0.3, 0.5]]}},
        )
    },
    "edge impulse": {
        "info.labels": {
            "version": 1,
            "files": [
                {
                    "path": "a.png",
                    "category": "training",
                    "label": {"type": "unlabeled"},
                    "boundingBoxes": [EDGE_IMPULSE_BOX],
                }
            ],
        }
    },
}
