"""Hugging Face Parquet: pictures and labels in one file for each part, with the names of the classes.

Source: the ``datasets`` library, features ``Image``, ``ClassLabel`` and ``Sequence``.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from core.data.exports.content import ExportContent, ExportedPicture
from core.data.exports.export_format import DatasetExportFormat
from core.data.labels.layout import Split
from core.messages import N_

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_IN_GROUP = 100


def _write(content: ExportContent, archive: zipfile.ZipFile) -> None:
    from pyarrow import parquet

    schema = _schema(content)
    with tempfile.TemporaryDirectory(dir=_folder_of(archive)) as folder:
        for split in content.splits:
            path = Path(folder) / "part.parquet"
            with parquet.ParquetWriter(path, schema) as writer:
                for group in _groups(content, split, schema):
                    writer.write_table(group)
            archive.write(path, f"data/{split.value}-00000-of-00001.parquet")


def _folder_of(archive: zipfile.ZipFile) -> Path | None:
    return Path(archive.filename).parent if archive.filename else None


def _groups(content: ExportContent, split: Split, schema: pa.Schema) -> Iterator[pa.Table]:
    import pyarrow as pa

    numbers = {name: number for number, name in enumerate(content.class_names)}
    for pictures in _batches(content.pictures(split)):
        images = [{"bytes": picture.data, "path": picture.name} for picture in pictures]
        labels = [[numbers[name] for name in picture.labels] for picture in pictures]
        values = labels if content.has_several_labels else [first for first, *_ in labels]
        yield pa.Table.from_arrays(
            [pa.array(images, schema.field(0).type), pa.array(values, schema.field(1).type)], schema=schema
        )


def _batches(pictures: Iterator[ExportedPicture]) -> Iterator[list[ExportedPicture]]:
    while batch := list(islice(pictures, _ROWS_IN_GROUP)):
        yield batch


def _schema(content: ExportContent) -> pa.Schema:
    import pyarrow as pa

    classes = {"names": list(content.class_names), "_type": "ClassLabel"}
    is_multi_label = content.has_several_labels
    name = "labels" if is_multi_label else "label"
    feature = {"feature": classes, "_type": "Sequence"} if is_multi_label else classes
    noted = {"info": {"features": {"image": {"_type": "Image"}, name: feature}}}
    return pa.schema(
        [
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            (name, pa.list_(pa.int64()) if is_multi_label else pa.int64()),
        ],
        metadata={"huggingface": json.dumps(noted)},
    )


PARQUET = DatasetExportFormat(
    name="parquet",
    label=N_("Hugging Face Parquet"),
    caption=N_("For “load_dataset” and the Hub: pictures and labels in one file for each part."),
    write=_write,
)
