"""WebDataset: tar files of pictures with their labels, for training from a stream.

A sample is ``000000.jpg`` with ``000000.cls``, the number of its class, and ``000000.json`` with
its names; with several labels there is no ``.cls``. ``classes.txt`` has the names in their order.

Source: https://github.com/webdataset/webdataset, "The WebDataset Format".
"""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from core.data.exports.content import ExportContent, ExportedPicture
from core.data.exports.export_format import DatasetExportFormat
from core.data.labels.layout import Split
from core.messages import N_

_PICTURES_IN_SHARD = 1000


def _write(content: ExportContent, archive: zipfile.ZipFile) -> None:
    parent = Path(archive.filename).parent if archive.filename else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        for split in content.splits:
            for number, shard in enumerate(_shards(content, split, Path(folder) / "shard.tar")):
                archive.write(shard, f"{split.value}-{number:06d}.tar")
    archive.writestr("classes.txt", "\n".join(content.class_names) + "\n")


def _shards(content: ExportContent, split: Split, path: Path) -> Iterator[Path]:
    """Write one shard after another to ``path``."""
    pictures = enumerate(content.pictures(split))
    while batch := list(islice(pictures, 1)):
        with tarfile.open(path, "w") as shard:
            for number, picture in (*batch, *islice(pictures, _PICTURES_IN_SHARD - 1)):
                for suffix, data in _sample(picture, content):
                    info = tarfile.TarInfo(f"{number:06d}.{suffix}")
                    info.size = len(data)
                    shard.addfile(info, io.BytesIO(data))
        yield path


def _sample(picture: ExportedPicture, content: ExportContent) -> Iterator[tuple[str, bytes]]:
    """Suffix and bytes of each file of a sample."""
    yield picture.name.rpartition(".")[2], picture.data
    label: object = list(picture.labels) if content.has_several_labels else picture.labels[0]
    if not content.has_several_labels:
        yield "cls", str(content.class_names.index(picture.labels[0])).encode()
    yield "json", json.dumps({"label": label, "name": picture.name}, ensure_ascii=False).encode()


WEBDATASET = DatasetExportFormat(
    name="webdataset",
    label="WebDataset",
    caption=N_("Tar files for training from a stream; the part is in their names."),
    write=_write,
)
