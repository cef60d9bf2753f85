"""Sources of ``format_sources`` as the tools themselves write them: ``python -m benchmarks.tool_sources FOLDER``.

It runs in the environment of ``make test-exports``, which has the tools; ``written_sources`` starts it
from Darkroom's own. Every picture is written without loss, so that it can be compared to the bit.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.format_sources import COUNT, SPLIT, TRAINING, label, labels, part, picture, pixels
from core.data.labels.boxes import BoxUse

_ROOT = Path(__file__).resolve().parents[1]
PYTHON = _ROOT / ".venv-exports" / "bin" / "python"
# The Makefile touches it once everything is installed.
_INSTALLED = _ROOT / ".venv-exports" / "installed"
_SHARD = 5  # pictures
_GAPS = (3, 5, 6)  # pictures that nobody has labelled
BOX = (4, 4, 20, 20)  # left, top, width, height
_NAMES = ("cat", "dog", "red")
# Boxes label the whole picture.
LABELS_OF_BOXES = {"boxes": BoxUse.PICTURE}
_PEOPLE = ("ann@x.org", "bob@x.org")

Tags = Callable[[int], Sequence[str]]


def one(number: int) -> list[str]:
    return [label(number)]


def with_gaps(number: int) -> list[str]:
    return [] if number in _GAPS else [label(number)]


def number_of_class(number: int) -> list[str]:
    return [str(number % 2)]


@dataclass(frozen=True, kw_only=True)
class ToolSource:
    """A source that a tool writes, and what it says."""

    name: str
    # Package that writes it.
    tool: str
    write: Callable[[Path], None]
    # Labels of each picture; none where nobody has labelled it.
    tags: Tags = one
    # The parts by the names that Darkroom gives them.
    splits: dict[str, int] = field(default_factory=lambda: SPLIT)
    # Options of the import that a person would give.
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def classes(self) -> dict[str, int]:
        return Counter(tag for number in range(COUNT) for tag in self.tags(number))


def has_tools() -> bool:
    """True if ``make test-exports`` has made the environment of the tools."""
    return _INSTALLED.exists()


def write_sources(folder: Path) -> None:
    """Let the tools write each source into a folder of its name."""
    command = [str(PYTHON), "-m", "benchmarks.tool_sources", str(folder)]
    subprocess.run(command, cwd=_ROOT, check=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})


def path_of(source: ToolSource, folder: Path) -> Path:
    """Path of a written source as a person would choose it: its folder, or the file that is alone in it."""
    inside = list((folder / _name_of(source)).iterdir())
    return inside[0] if len(inside) == 1 else folder / _name_of(source)


def _name_of(source: ToolSource) -> str:
    return source.name.replace(":", "")


def _image(number: int) -> Image.Image:
    return Image.fromarray(pixels()[number])


def _numbers(name: str) -> Iterable[int]:
    return range(TRAINING) if name == "train" else range(TRAINING, COUNT)


def _hugging_face(tags: Tags, numbers: Iterable[int]) -> Any:
    """A dataset with one column of labels, or of lists of labels."""
    import datasets

    some = list(numbers)
    values: list[Any] = [[_NAMES.index(tag) for tag in tags(number)] for number in some]
    if all(len(value) == 1 for value in values):
        column, values = "label", [value[0] for value in values]
        feature: Any = datasets.ClassLabel(names=list(_NAMES[:2]))
    else:
        column = "labels"
        feature = datasets.List(datasets.ClassLabel(names=list(_NAMES)))
    features = datasets.Features({"image": datasets.Image(), column: feature})
    content = {"image": [_image(number) for number in some], column: values}
    return datasets.Dataset.from_dict(content, features=features)


def _hugging_face_parquet(folder: Path) -> None:
    for name in SPLIT:
        _hugging_face(one, _numbers(name)).to_parquet(folder / "data" / f"{name}-00000-of-00001.parquet")


def _hugging_face_texts(folder: Path) -> None:
    import datasets

    content = {"image": [_image(n) for n in range(COUNT)], "label": [label(n) for n in range(COUNT)]}
    datasets.Dataset.from_dict(content).cast_column("image", datasets.Image()).to_parquet(
        folder / "pets.parquet"
    )


def _hugging_face_saved(folder: Path, tags: Tags = one) -> None:
    import datasets

    parts = {name: _hugging_face(tags, _numbers(name)) for name in SPLIT}
    datasets.DatasetDict(parts).save_to_disk(folder / "saved", num_shards={"train": 2, "test": 1})


def _webdataset(folder: Path, suffix: str, value: Callable[[int], Any], ending: str = "tar") -> None:
    import webdataset

    for name in SPLIT:
        pattern = str(folder / f"{name}-%06d.{ending}")
        with webdataset.ShardWriter(pattern, maxcount=_SHARD, verbose=0) as writer:
            for number in _numbers(name):
                writer.write({"__key__": f"{number:06d}", "png": picture(number), suffix: value(number)})


def _label_studio(folder: Path, format: str, tags: Tags = with_gaps, annotators: int = 1) -> None:
    from label_studio_sdk.converter import Converter

    (folder / "images").mkdir()
    for number in range(COUNT):
        (folder / "images" / f"1a2b3c4d-p{number}.png").write_bytes(picture(number))
    kind = "multiple" if tags is labels else "single"
    choices = "".join(f'<Choice value="{name}"/>' for name in _NAMES)
    config = (
        '<View><Image name="image" value="$image"/>'
        f'<Choices name="choice" toName="image" choice="{kind}">{choices}</Choices></View>'
    )
    with tempfile.TemporaryDirectory() as other:
        tasks = Path(other) / "tasks.json"
        tasks.write_text(json.dumps([_task(number, tags, annotators) for number in range(COUNT)]))
        converter = Converter(config, str(folder), download_resources=False)
        converter.convert(str(tasks), str(folder), format, is_dir=False)


def _task(number: int, tags: Tags, annotators: int) -> dict[str, Any]:
    result = {
        "id": "r",
        "type": "choices",
        "from_name": "choice",
        "to_name": "image",
        "value": {"choices": list(tags(number))},
    }
    annotations = [
        {
            "id": 10 * number + position,
            "completed_by": {"id": position, "email": email},
            "was_cancelled": False,
            "lead_time": 3.2,
            "created_at": "2026-01-01",
            "updated_at": "2026-01-01",
            "result": [result],
        }
        for position, email in enumerate(_PEOPLE[:annotators], start=1)
    ]
    image = f"/data/upload/1/1a2b3c4d-p{number}.png"
    return {
        "id": number,
        "data": {"image": image},
        "annotations": annotations if tags(number) else [],
        "predictions": [],
    }


def _datumaro(
    folder: Path,
    format: str,
    tags: Tags = with_gaps,
    *,
    boxes: bool = False,
    grey: bool = False,
    parts: dict[str, str] | None = None,
) -> None:
    """Export of the labels as tags, or as boxes."""
    from datumaro.components.annotation import Bbox, Label
    from datumaro.components.dataset import Dataset
    from datumaro.components.dataset_base import DatasetItem
    from datumaro.components.media import Image as Media

    def item(number: int) -> Any:
        indices = [_NAMES.index(tag) for tag in tags(number)]
        # OpenCV's order of channels.
        values = pixels()[number, :28, :28, 0] if grey else pixels()[number, ..., ::-1]
        return DatasetItem(
            id=f"p{number}",
            subset=(parts or {}).get(part(number), part(number)),
            media=Media.from_numpy(np.ascontiguousarray(values), ext=".png"),
            annotations=[Bbox(*BOX, label=i) if boxes else Label(i) for i in indices],
        )

    names = _NAMES if tags is labels else _NAMES[:2]
    dataset = Dataset.from_iterable([item(number) for number in range(COUNT)], categories=list(names))
    extension = "PNG" if format == "arrow" else ".png"
    dataset.export(str(folder / "export"), format, save_media=True, image_ext=extension)


def _geti(folder: Path) -> None:
    """The newer data model of Datumaro, which Geti 3 exports."""
    from typing import Annotated

    import polars as pl
    from datumaro.experimental.categories import LabelCategories
    from datumaro.experimental.dataset import Dataset, Sample
    from datumaro.experimental.export_import import export_dataset
    from datumaro.experimental.fields import Subset, image_path_field, label_field, subset_field

    # Datumaro reads the annotations themselves, which are texts in this module.
    fields = {
        "image": Annotated[str, image_path_field()],
        "label": Annotated[int, label_field(dtype=pl.UInt8())],
        "subset": Annotated[Subset, subset_field()],
    }
    Row = type("Row", (Sample,), {"__annotations__": fields})  # noqa: N806
    dataset = Dataset(Row, categories={"label": LabelCategories(labels=_NAMES[:2])})
    with tempfile.TemporaryDirectory() as other:
        for number in range(COUNT):
            path = Path(other) / f"p{number}.png"
            path.write_bytes(picture(number))
            subset = Subset.TRAINING if part(number) == "train" else Subset.TESTING
            dataset.append(Row(image=str(path), label=number % 2, subset=subset))
        export_dataset(dataset, str(folder / "geti.zip"), as_zip=True)


def _label_studio_sources() -> list[ToolSource]:
    variants: tuple[tuple[str, Tags, int], ...] = (
        ("", with_gaps, 1),
        (", two annotators", with_gaps, 2),
        (", several labels", labels, 1),
    )
    return [
        ToolSource(
            name=f"Label Studio {form}{variant}",
            tool="label-studio-sdk",
            write=partial(_label_studio, format=form, tags=tags, annotators=annotators),
            tags=tags,
            splits={},
        )
        for form in ("JSON", "JSON_MIN", "CSV", "TSV")
        for variant, tags, annotators in variants
    ]


def _datumaro_source(
    name: str, format: str, tags: Tags = with_gaps, *, boxes: bool = False, **options: Any
) -> ToolSource:
    splits = {
        "imagenet": {},
        "yolo_ultralytics": {"train": TRAINING, "validation": COUNT - TRAINING},
        # It names no pictures without labels.
        "open_images": {"train": TRAINING - len(_GAPS), "test": COUNT - TRAINING},
    }
    return ToolSource(
        name=f"Datumaro: {name}",
        tool="datumaro",
        write=partial(_datumaro, format=format, tags=tags, boxes=boxes, **options),
        tags=tags,
        options=LABELS_OF_BOXES if boxes else {},
        splits=splits.get(format, SPLIT),
    )


TOOL_SOURCES: tuple[ToolSource, ...] = (
    ToolSource(name="Hugging Face Parquet", tool="datasets", write=_hugging_face_parquet),
    ToolSource(
        name="Hugging Face Parquet, text labels", tool="datasets", write=_hugging_face_texts, splits={}
    ),
    ToolSource(name="Hugging Face save_to_disk", tool="datasets", write=_hugging_face_saved),
    ToolSource(
        name="Hugging Face save_to_disk, several labels",
        tool="datasets",
        write=partial(_hugging_face_saved, tags=labels),
        tags=labels,
    ),
    ToolSource(
        name="WebDataset shards with .cls",
        tool="webdataset",
        write=partial(_webdataset, suffix="cls", value=lambda number: number % 2),
        tags=number_of_class,
    ),
    ToolSource(
        name="WebDataset shards with .json",
        tool="webdataset",
        write=partial(_webdataset, suffix="json", value=lambda number: {"label": label(number)}),
    ),
    ToolSource(
        name="WebDataset shards with .txt, compressed",
        tool="webdataset",
        write=partial(_webdataset, suffix="txt", value=label, ending="tar.gz"),
    ),
    *_label_studio_sources(),
    _datumaro_source("its own format", "datumaro"),
    _datumaro_source("its own format, several labels", "datumaro", labels),
    _datumaro_source("its own format, boxes", "datumaro", boxes=True),
    _datumaro_source("COCO", "coco"),
    _datumaro_source("COCO, several labels", "coco", labels),
    _datumaro_source("COCO, boxes", "coco", boxes=True),
    _datumaro_source("ImageNet", "imagenet"),
    _datumaro_source("ImageNet, several labels", "imagenet", labels),
    _datumaro_source("ImageNet by parts", "imagenet_with_subset_dirs"),
    _datumaro_source("ImageNet lists", "imagenet_txt"),
    _datumaro_source("ImageNet lists, several labels", "imagenet_txt", labels),
    _datumaro_source("Pascal VOC", "voc"),
    _datumaro_source("Pascal VOC, boxes", "voc", boxes=True),
    _datumaro_source("YOLO, boxes", "yolo", boxes=True),
    _datumaro_source("YOLO of Ultralytics, boxes", "yolo_ultralytics", boxes=True, parts={"test": "val"}),
    _datumaro_source("CVAT, boxes", "cvat", boxes=True),
    _datumaro_source("LabelMe, boxes", "label_me", boxes=True),
    _datumaro_source("Open Images", "open_images"),
    _datumaro_source("Open Images, boxes", "open_images", boxes=True),
    _datumaro_source("VGGFace2", "vgg_face2"),
    _datumaro_source("LFW", "lfw"),
    _datumaro_source("CIFAR", "cifar", one),
    _datumaro_source("MNIST", "mnist", one, grey=True),
    _datumaro_source("MNIST as CSV", "mnist_csv", one, grey=True),
    _datumaro_source("Arrow", "arrow"),
    _datumaro_source("binary", "datumaro_binary"),
    ToolSource(name="Geti 3", tool="datumaro", write=_geti),
)


def main(folder: Path) -> None:
    logging.disable(logging.WARNING)
    for source in TOOL_SOURCES:
        target = folder / _name_of(source)
        target.mkdir(parents=True)
        source.write(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
