"""Sources of every kind in which people have pictures and labels, written by their documented layouts.

Each has the same twelve pictures: even ones are cats, odd ones are dogs, the first ten are for
training and the last two for testing, where the layout can say so. With several labels, every
fourth picture is red, too.
"""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from core.data.labels.boxes import BoxUse

Files = dict[str, Any]  # path: bytes, text, or a value that is written as JSON
COUNT, TRAINING = 12, 10
_SIDE = 32
SPLIT = {"train": TRAINING, "test": COUNT - TRAINING}
ONE = {"cat": 6, "dog": 6}
SEVERAL = {"cat": 6, "dog": 6, "red": 3}


@dataclass(frozen=True, kw_only=True)
class FormatSource:
    """A source and what it says."""

    name: str
    files: Callable[[], Files]
    classes: dict[str, int] = field(default_factory=lambda: ONE)
    splits: dict[str, int] = field(default_factory=dict)
    # Options of the import that a person would give.
    options: dict[str, Any] = field(default_factory=dict)


@cache
def pixels() -> np.ndarray:
    """uint8, shape (12, 32, 32, 3)."""
    return np.random.default_rng(0).integers(0, 255, (COUNT, _SIDE, _SIDE, 3), dtype=np.uint8)


@cache
def picture(number: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels()[number]).save(stream, "PNG")
    return stream.getvalue()


def label(number: int) -> str:
    return ("cat", "dog")[number % 2]


def labels(number: int) -> list[str]:
    return [label(number), *(["red"] if number % 4 == 0 else [])]


def part(number: int) -> str:
    return "train" if number < TRAINING else "test"


def pictures(path: str = "p{n}.png") -> Files:
    """The pictures at a path with {n}, {part} and {label}."""
    return {path.format(n=n, part=part(n), label=label(n)): picture(n) for n in range(COUNT)}


def lines(row: Callable[[int], object], numbers: Iterable[int] = range(COUNT), head: str = "") -> str:
    """A line for each picture: text, or a value as JSON."""
    rows = (row(n) for n in numbers)
    body = "\n".join(text if isinstance(text, str) else json.dumps(text) for text in rows)
    return f"{head}\n{body}\n" if head else f"{body}\n"


def in_parts(name: str, content: Callable[[list[int]], Any]) -> Files:
    """A label file for each part, at a path with {part}."""
    ranges = {"train": list(range(TRAINING)), "test": list(range(TRAINING, COUNT))}
    return {name.format(part=key): content(numbers) for key, numbers in ranges.items()}


def flags(number: int, yes: str = "1", no: str = "0") -> str:
    return ",".join(yes if name in labels(number) else no for name in ("cat", "dog", "red"))


def _coco(numbers: list[int]) -> dict[str, Any]:
    return {
        "images": [{"id": n, "file_name": f"p{n}.png"} for n in numbers],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [{"id": n + 1, "image_id": n, "category_id": 1 + n % 2} for n in numbers],
    }


def _datumaro(numbers: list[int]) -> dict[str, Any]:
    return {
        "infos": {},
        "categories": {"label": {"labels": [{"name": "cat"}, {"name": "dog"}]}},
        "items": [
            {
                "id": f"p{n}",
                "annotations": [{"id": 0, "type": "label", "label_id": n % 2}],
                "image": {"path": f"p{n}.png"},
            }
            for n in numbers
        ],
    }


def _label_studio(several: bool = False) -> list[dict[str, Any]]:
    def result(number: int) -> list[dict[str, Any]]:
        choices = labels(number) if several else [label(number)]
        return [{"type": "choices", "from_name": "choice", "value": {"choices": choices}}]

    return [
        {
            "id": n,
            "data": {"image": f"/data/upload/1/1a2b3c4d-p{n}.png"},
            "annotations": [{"completed_by": by, "result": result(n)} for by in (1, 2)],
        }
        for n in range(COUNT)
    ]


def _label_studio_table(delimiter: str = ",") -> str:
    head = "annotation_id,annotator,choice,created_at,id,image,lead_time"
    rows = [
        f"{2 * n + by},{name}@x.org,{label(n)},2026,{n},/data/upload/1/1a2b3c4d-p{n}.png,3.1"
        for n in range(COUNT)
        for by, name in enumerate(("ann", "bob"))
    ]
    return "\n".join([head, *rows]).replace(",", delimiter)


def shard(numbers: Iterable[int]) -> bytes:
    """A WebDataset tar with names of classes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for n in numbers:
            for name, data in ((f"{n:06d}.png", picture(n)), (f"{n:06d}.cls", label(n).encode())):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def _parquet() -> Files:
    import pyarrow as pa
    from pyarrow import parquet

    feature = {"names": ["cat", "dog"], "_type": "ClassLabel"}
    noted = json.dumps({"info": {"features": {"image": {"_type": "Image"}, "label": feature}}})

    def content(numbers: list[int]) -> bytes:
        images = [{"bytes": picture(n), "path": f"p{n}.png"} for n in numbers]
        table = pa.table({"image": images, "label": [n % 2 for n in numbers]})
        stream = io.BytesIO()
        parquet.write_table(table.replace_schema_metadata({"huggingface": noted}), stream)
        return stream.getvalue()

    return in_parts("data/{part}-00000-of-00001.parquet", content)


def _npz() -> Files:
    stream = io.BytesIO()
    numbers = np.arange(COUNT) % 2
    np.savez(
        stream,
        train_images=pixels()[:TRAINING],
        train_labels=numbers[:TRAINING, None],
        test_images=pixels()[TRAINING:],
        test_labels=numbers[TRAINING:, None],
    )
    return {"medmnist.npz": stream.getvalue()}


def _cifar() -> Files:
    flat = pixels().transpose(0, 3, 1, 2).reshape(COUNT, -1)

    def batch(numbers: list[int]) -> bytes:
        content = {b"data": flat[numbers], b"labels": [n % 2 for n in numbers]}
        return pickle.dumps(content, protocol=2)

    files = in_parts("{part}", batch)
    names = pickle.dumps({b"label_names": [b"cat", b"dog"]}, protocol=2)
    return {"data_batch_1": files["train"], "test_batch": files["test"], "batches.meta": names}


def _cifar_bytes() -> Files:
    flat = pixels().transpose(0, 3, 1, 2).reshape(COUNT, -1)
    files = in_parts("{part}", lambda numbers: b"".join(bytes([n % 2]) + flat[n].tobytes() for n in numbers))
    return {
        "data_batch_1.bin": files["train"],
        "test_batch.bin": files["test"],
        "batches.meta.txt": "cat\ndog\n",
    }


def _mnist() -> Files:
    def idx(array: np.ndarray) -> bytes:
        head = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
        return gzip.compress(head + array.astype(np.uint8).tobytes())

    return {
        "train-images-idx3-ubyte.gz": idx(pixels()[:TRAINING, ..., 0]),
        "train-labels-idx1-ubyte.gz": idx(np.arange(TRAINING) % 2),
        "t10k-images-idx3-ubyte.gz": idx(pixels()[TRAINING:, ..., 0]),
        "t10k-labels-idx1-ubyte.gz": idx(np.arange(TRAINING, COUNT) % 2),
    }


def _csv_of_pixels() -> Files:
    head = "label," + ",".join(f"pixel{index}" for index in range(28 * 28))
    grey = pixels()[:, :28, :28, 0].reshape(COUNT, -1)
    return {"train.csv": lines(lambda n: ",".join(map(str, (n % 2, *grey[n]))), head=head)}


_WEATHER = (
    "clear primary",
    "haze primary",
    "clear primary water",
    "haze water",
    "clear water",
    "haze primary water",
)
_NUMBERS = {"0": 6, "1": 6}
_MULTI = {"multi_label": True}
_XML = "<annotation><filename>p{n}.png</filename><object><name>{label}</name></object></annotation>"
_CLASS = "groundtruth/image-classification"

SOURCES: tuple[FormatSource, ...] = (
    FormatSource(name="class folders", files=lambda: pictures("{label}/p{n}.png")),
    FormatSource(
        name="class folders in parts", files=lambda: pictures("{part}/{label}/p{n}.png"), splits=SPLIT
    ),
    FormatSource(
        name="Roboflow, several labels (_classes.csv in each part)",
        files=lambda: (
            pictures("{part}/p{n}.png")
            | in_parts(
                "{part}/_classes.csv",
                lambda some: lines(lambda n: f"p{n}.png, {flags(n)}", some, head="filename, cat, dog, red"),
            )
        ),
        classes=SEVERAL,
        splits=SPLIT,
    ),
    FormatSource(
        name="Hugging Face imagefolder, metadata.csv",
        files=lambda: (
            pictures("{part}/p{n}.png")
            | in_parts(
                "{part}/metadata.csv",
                lambda some: lines(lambda n: f"p{n}.png,{label(n)}", some, head="file_name,label"),
            )
        ),
        splits=SPLIT,
    ),
    FormatSource(
        name="Hugging Face imagefolder, metadata.jsonl",
        files=lambda: (
            pictures("{part}/p{n}.png")
            | in_parts(
                "{part}/metadata.jsonl",
                lambda some: lines(lambda n: {"file_name": f"p{n}.png", "label": label(n)}, some),
            )
        ),
        splits=SPLIT,
    ),
    FormatSource(
        name="Kaggle: train/, test/, train.csv with ids",
        files=lambda: (
            pictures("{part}/p{n}.png")
            | {
                "train.csv": lines(lambda n: f"p{n},{label(n)}", range(TRAINING), head="id,breed"),
                "sample_submission.csv": lines(
                    lambda n: f"p{n},0.5,0.5", range(TRAINING, COUNT), head="id,cat,dog"
                ),
            }
        ),
        classes={"cat": 5, "dog": 5},
        splits={"train": TRAINING},
    ),
    FormatSource(
        name="COCO",
        files=lambda: pictures("{part}/p{n}.png") | in_parts("{part}/_annotations.coco.json", _coco),
        splits=SPLIT,
    ),
    FormatSource(
        name="Open Images",
        files=lambda: (
            pictures("{part}/p{n}.png")
            | in_parts(
                "{part}-annotations-human-imagelabels.csv",
                lambda some: lines(
                    lambda n: f"p{n},x,/m/{n % 2},1", some, head="ImageID,Source,LabelName,Confidence"
                ),
            )
            | {"class-descriptions.csv": "/m/0,cat\n/m/1,dog\n"}
        ),
        splits=SPLIT,
    ),
    FormatSource(
        name="Datumaro, CVAT, Geti 2",
        files=lambda: pictures("images/{part}/p{n}.png") | in_parts("annotations/{part}.json", _datumaro),
        splits=SPLIT,
    ),
    FormatSource(
        name="CVAT for images",
        files=lambda: (
            pictures("images/p{n}.png")
            | {
                "annotations.xml": "<annotations>"
                + lines(lambda n: f"<image id='{n}' name='p{n}.png'><tag label='{label(n)}'/></image>")
                + "</annotations>"
            }
        ),
    ),
    FormatSource(
        name="LabelMe",
        files=lambda: (
            pictures()
            | {
                f"p{n}.json": {"imagePath": f"p{n}.png", "flags": {label(n): True}, "shapes": []}
                for n in range(COUNT)
            }
        ),
    ),
    FormatSource(
        name="Pascal VOC",
        files=lambda: (
            pictures("JPEGImages/p{n}.png")
            | {f"Annotations/p{n}.xml": _XML.format(n=n, label=label(n)) for n in range(COUNT)}
        ),
    ),
    FormatSource(
        name="YOLO boxes",
        files=lambda: (
            pictures("images/{part}/p{n}.png")
            | {f"labels/{part(n)}/p{n}.txt": f"{n % 2} 0.5 0.5 0.2 0.2\n" for n in range(COUNT)}
            | {"data.yaml": "names: [cat, dog]\n"}
        ),
        splits=SPLIT,
        options={"boxes": BoxUse.PICTURE},
    ),
    FormatSource(
        name="WebDataset, shards in a folder",
        files=lambda: {
            "train-000000.tar": shard(range(5)),
            "train-000001.tar": shard(range(5, TRAINING)),
            "test-000000.tar": shard(range(TRAINING, COUNT)),
        },
        splits=SPLIT,
    ),
    FormatSource(
        name="0/1 columns with a blank cell",
        files=lambda: (
            pictures()
            | {
                "labels.csv": lines(
                    lambda n: f"p{n}.png,{flags(n) if n != 3 else '0,1,'}", head="file,cat,dog,red"
                )
            }
        ),
        classes=SEVERAL,
        options=_MULTI,
    ),
    FormatSource(
        name="1.0/0.0 columns, as pandas writes them",
        files=lambda: (
            pictures()
            | {"labels.csv": lines(lambda n: f"p{n}.png,{flags(n, '1.0', '0.0')}", head="file,cat,dog,red")}
        ),
        classes=SEVERAL,
        options=_MULTI,
    ),
    FormatSource(
        name="1/-1 columns (CelebA)",
        files=lambda: (
            pictures()
            | {"labels.csv": lines(lambda n: f"p{n}.png,{flags(n, '1', '-1')}", head="file,cat,dog,red")}
        ),
        classes=SEVERAL,
        options=_MULTI,
    ),
    FormatSource(
        name="Label Studio CSV, two annotators",
        files=lambda: pictures("images/p{n}.png") | {"result.csv": _label_studio_table()},
    ),
    FormatSource(
        name="Label Studio TSV, two annotators",
        files=lambda: pictures("images/p{n}.png") | {"result.tsv": _label_studio_table("\t")},
    ),
    FormatSource(
        name="Label Studio JSON", files=lambda: pictures("images/p{n}.png") | {"export.json": _label_studio()}
    ),
    FormatSource(
        name="Label Studio JSON, several choices",
        files=lambda: pictures("images/p{n}.png") | {"export.json": _label_studio(several=True)},
        classes=SEVERAL,
    ),
    FormatSource(
        name="Vertex AI CSV with UNASSIGNED",
        files=lambda: (
            pictures()
            | {
                "data.csv": lines(
                    lambda n: f"{('UNASSIGNED', 'TRAIN', 'TEST')[n % 3]},gs://b/p{n}.png,{label(n)}"
                )
            }
        ),
        splits={"train": 4, "test": 4},
    ),
    FormatSource(
        name="Vertex AI JSON lines",
        files=lambda: (
            pictures()
            | {
                "data.jsonl": lines(
                    lambda n: {
                        "imageGcsUri": f"gs://b/p{n}.png",
                        "classificationAnnotation": {"displayName": label(n)},
                    }
                )
            }
        ),
    ),
    FormatSource(
        name="lists in cells",
        files=lambda: (
            pictures() | {"labels.csv": lines(lambda n: f'p{n}.png,"{labels(n)}"', head="file,tags")}
        ),
        classes=SEVERAL,
        options=_MULTI,
    ),
    FormatSource(
        name="labels parted by spaces (Kaggle's Planet)",
        files=lambda: (
            pictures() | {"train.csv": lines(lambda n: f"p{n}.png,{_WEATHER[n % 6]}", head="image_name,tags")}
        ),
        classes={"clear": 6, "haze": 6, "primary": 8, "water": 8},
        options=_MULTI,
    ),
    FormatSource(
        name="ImageNet folders with no_label/",
        files=lambda: (
            pictures("{label}/p{n}.png")
            | {f"no_label/u{n}.png": picture(n)[:-12] + picture(n)[-12:] for n in range(3)}
        ),
    ),
    FormatSource(
        name="FiftyOne",
        files=lambda: (
            pictures("data/p{n}.png")
            | {"labels.json": {"classes": ["cat", "dog"], "labels": {f"p{n}": n % 2 for n in range(COUNT)}}}
        ),
    ),
    FormatSource(
        name="links with a query",
        files=lambda: (
            pictures()
            | {
                "labels.csv": lines(
                    lambda n: f"https://x.org/p{n}.png?X-Sig=1,{label(n)}", head="image,label"
                )
            }
        ),
    ),
    FormatSource(
        name="SageMaker manifest",
        files=lambda: (
            pictures()
            | {
                "output.manifest": lines(
                    lambda n: {
                        "source-ref": f"s3://b/p{n}.png",
                        "x": n % 2,
                        "x-metadata": {"class-name": label(n), "type": _CLASS},
                    }
                )
            }
        ),
    ),
    FormatSource(
        name="Custom Vision",
        files=lambda: (
            pictures("images/{label}/p{n}.png")
            | {
                "images_metadata.json": {
                    "project_id": "p",
                    "tags": [],
                    "images": [
                        {"saved_path": f"images/{label(n)}/p{n}.png", "tags": [label(n)]}
                        for n in range(COUNT)
                    ],
                }
            }
        ),
    ),
    FormatSource(
        name="Edge Impulse",
        files=lambda: (
            pictures("training/p{n}.png")
            | {
                "info.labels": {
                    "version": 1,
                    "files": [
                        {
                            "path": f"training/p{n}.png",
                            "category": "training",
                            "label": {"type": "label", "label": label(n)},
                        }
                        for n in range(COUNT)
                    ],
                }
            }
        ),
        splits={"train": COUNT},
    ),
    FormatSource(
        name="Create ML",
        files=lambda: (
            pictures()
            | {
                "annotations.json": [
                    {"image": f"p{n}.png", "annotations": [{"label": label(n)}]} for n in range(COUNT)
                ]
            }
        ),
    ),
    FormatSource(
        name="Ultralytics NDJSON",
        files=lambda: (
            pictures("images/p{n}.png")
            | {
                "data.ndjson": json.dumps({"type": "dataset", "class_names": {"0": "cat", "1": "dog"}})
                + "\n"
                + lines(
                    lambda n: {
                        "type": "image",
                        "file": f"p{n}.png",
                        "split": part(n),
                        "annotations": {"classification": [n % 2]},
                    }
                )
            }
        ),
        splits=SPLIT,
    ),
    FormatSource(name="Hugging Face Parquet", files=_parquet, splits=SPLIT),
    FormatSource(name="MedMNIST .npz", files=_npz, classes=_NUMBERS, splits=SPLIT),
    FormatSource(name="MNIST files", files=_mnist, classes=_NUMBERS, splits=SPLIT),
    FormatSource(name="CIFAR pickles", files=_cifar, splits=SPLIT),
    FormatSource(name="CIFAR as bytes", files=_cifar_bytes, splits=SPLIT),
    FormatSource(name="CSV of pixels", files=_csv_of_pixels, classes=_NUMBERS, splits={"train": COUNT}),
    FormatSource(name="class in the file name", files=lambda: pictures("{label}_{n}.png")),
    FormatSource(
        name="CheXpert's 1.0, 0.0, -1.0 and blank",
        files=lambda: (
            pictures()
            | {
                "labels.csv": lines(
                    lambda n: f"p{n}.png,{flags(n, '1.0', ('', '0.0', '-1.0')[n % 3])}",
                    head="Path,cat,dog,red",
                )
            }
        ),
        classes=SEVERAL,
        options=_MULTI,
    ),
    FormatSource(
        name="another repeating column before the label",
        files=lambda: (
            pictures()
            | {
                "labels.csv": lines(
                    lambda n: f"p{n}.png,{('good', 'bad')[n // 6]},{label(n)}", head="filename,quality,animal"
                )
            }
        ),
    ),
    FormatSource(
        name="folders of days above the classes",
        files=lambda: {f"2024-03-0{1 + n // 6}/{label(n)}/p{n}.png": picture(n) for n in range(COUNT)},
    ),
)
