"""Projects of as many pictures as wanted, decoded and looked at already, without a single picture file.

For what must not depend on what pictures show: memory, reading, counting. Pixels are
random, features those of classes that can be told apart.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from core.data.dataset import Dataset, open_dataset, write_version
from core.data.manifest import complete_manifest
from core.data.pixels.arrays import arrays_path
from core.data.version_record import Edit, EditKind
from core.files import digest_of, sha256_bytes
from core.models.head import GRID_CELLS
from core.workspace import Project, open_staging, publish_project

_PARTS = ("train",) * 7 + ("validation",) + ("test",) * 2  # of ten pictures
_BLOCK = 500  # pictures written together
_CLASS_DISTANCE = 0.5


def synthetic_project(name: str, pictures: int, classes: int) -> Project:
    """A project in the workspace with so many rows in its manifest, dealt 70 : 10 : 20."""
    staging = open_staging()
    names = [f"class-{number:02d}" for number in range(classes)]
    hashes = [sha256_bytes(str(number).encode()) for number in range(pictures)]
    numbers = np.arange(pictures)
    manifest = pd.DataFrame(
        {
            "id": [sha256[:16] for sha256 in hashes],
            "sha256": hashes,
            "name": [f"{number:06d}.jpg" for number in numbers],
            "label": [names[number % classes] for number in numbers],
            "width": 224,
            "height": 224,
            "size_bytes": 1,
            "format": "JPEG",
            "extension": "jpg",
            "group": hashes,
            "supplied_split": "",
            "split": [_PARTS[number // classes % len(_PARTS)] for number in numbers],
        }
    )
    edit = Edit(kind=EditKind.IMPORTED, values={"source": "random pixels", "count": len(manifest)})
    write_version(staging / "dataset", complete_manifest(manifest), names, [], edit, who="benchmark")
    return publish_project(staging, name)


def write_decoded(project: Project, size: int) -> Dataset:
    """Put random pixels where the decoded pictures of a project's newest version are looked for."""
    dataset = open_dataset(project)
    path = arrays_path(dataset, size)
    path.parent.mkdir(parents=True, exist_ok=True)
    count = len(dataset.pictures)
    block = np.random.default_rng(0).integers(0, 256, (_BLOCK, size, size, 3), np.uint8)
    with path.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, size, size, 3)}
        np.lib.format.write_array_header_1_0(stream, header)
        for start in range(0, count, _BLOCK):
            stream.write(block[: count - start].data)
    return dataset


def write_features(dataset: Dataset, engine: Path, feature_size: int) -> None:
    """Put features of all pictures into the cache of an engine; their classes can be told apart."""
    width = GRID_CELLS * feature_size
    centres = np.random.default_rng(1).standard_normal((len(dataset.class_names), width), np.float32)
    hashes, labels = dataset.pictures["sha256"].to_numpy(), dataset.label_indices
    folder = dataset.folder / "features" / engine.stem
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(2)
    for start in range(0, len(hashes), _BLOCK):
        some = hashes[start : start + _BLOCK].tolist()
        noise = draw.standard_normal((len(some), width), np.float32)
        features = np.maximum(_CLASS_DISTANCE * centres[labels[start : start + _BLOCK]] + noise, 0)
        np.savez(folder / f"{digest_of(some)}.npz", sha256=np.array(some, "S64"), features=features)
