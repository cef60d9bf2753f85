"""Read an export of Darkroom with the tool that it is for: ``python -m tests.exports.tool_readers READER FOLDER``.

Prints a line for each picture as JSON: SHA-256 of its RGB pixels, its labels, its part. It runs in the
environment of the tools, without Darkroom.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

Facts = tuple[str, list[str], str]


def digest(image: Image.Image) -> str:
    return hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()


def _datasets(loaded: Any) -> Iterator[Facts]:
    for part, rows in loaded.items():
        for row in rows:
            column = "labels" if "labels" in row else "label"
            feature, value = rows.features[column], row[column]
            names = getattr(feature, "feature", feature)
            values = value if isinstance(value, list) else [value]
            yield (
                digest(row["image"]),
                [names.int2str(item) if isinstance(item, int) else item for item in values],
                str(part),
            )


def read_imagefolder(folder: Path) -> Iterator[Facts]:
    import datasets

    yield from _datasets(
        datasets.load_dataset("imagefolder", data_dir=str(folder), cache_dir=f"{folder}-cache")
    )


def read_parquet(folder: Path) -> Iterator[Facts]:
    import datasets

    yield from _datasets(datasets.load_dataset(str(folder), cache_dir=f"{folder}-cache"))


def read_webdataset(folder: Path) -> Iterator[Facts]:
    import webdataset

    names = (folder / "classes.txt").read_text().splitlines()
    for shard in sorted(folder.glob("*.tar")):
        for sample in webdataset.WebDataset(str(shard), shardshuffle=False).decode("pil"):
            value = sample["json"]["label"]
            assert "cls" not in sample or names[sample["cls"]] == value
            picture = next(item for item in sample.values() if isinstance(item, Image.Image))
            yield digest(picture), value if isinstance(value, list) else [value], shard.name.partition("-")[0]


def _datumaro(folder: Path, format: str) -> Iterator[Facts]:
    from datumaro.components.annotation import AnnotationType
    from datumaro.components.dataset import Dataset

    dataset = Dataset.import_from(str(folder), format)
    names = [item.name for item in dataset.categories()[AnnotationType.label].items]
    for item in dataset:
        pixels = item.media.data
        # OpenCV's order of channels.
        image = Image.fromarray(pixels if pixels.ndim == 2 else pixels[..., ::-1].copy())
        yield digest(image), [names[annotation.label] for annotation in item.annotations], item.subset


def read_datumaro(folder: Path) -> Iterator[Facts]:
    yield from _datumaro(folder, "datumaro")


def read_coco(folder: Path) -> Iterator[Facts]:
    yield from _datumaro(folder, "coco_labels")


def read_coco_by_pycocotools(folder: Path) -> Iterator[Facts]:
    from pycocotools.coco import COCO

    for file in sorted((folder / "annotations").glob("labels_*.json")):
        part = file.stem.removeprefix("labels_")
        coco = COCO(str(file))
        for image in coco.loadImgs(coco.getImgIds()):
            marks = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
            with Image.open(folder / "images" / part / image["file_name"]) as picture:
                assert picture.size == (image["width"], image["height"])
                categories = coco.loadCats([mark["category_id"] for mark in marks])
                yield digest(picture), [category["name"] for category in categories], part


READERS: dict[str, Callable[[Path], Iterator[Facts]]] = {
    "imagefolder": read_imagefolder,
    "parquet": read_parquet,
    "webdataset": read_webdataset,
    "datumaro": read_datumaro,
    "coco": read_coco,
    "coco by pycocotools": read_coco_by_pycocotools,
}


if __name__ == "__main__":
    sys.stdout, output = sys.stderr, sys.stdout  # the tools print as well
    for line in READERS[sys.argv[1]](Path(sys.argv[2])):
        print(json.dumps(line), file=output)
