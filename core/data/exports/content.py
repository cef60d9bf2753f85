"""Content of a dataset export: pictures without metadata, with names that every system can unpack."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

import pandas as pd

from core.data.dataset import Dataset
from core.data.labels.label_sets import label_names, named_classes
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.data.metadata.removal import strip_metadata
from core.progress import Progress, raise_if_stopped

# Characters. Every system can unpack such a name, below any folder.
_MAX_STEM_LENGTH = 80
_ALLOWED_SIGNS = " ._-()"
# Windows keeps these names to itself, whatever the case and the ending.
_DEVICE = re.compile(r"con|prn|aux|nul|(com|lpt)[1-9¹²³]", re.IGNORECASE)
# For multi-label datasets.
_ONE_FOLDER = "pictures"


@dataclass(frozen=True, kw_only=True)
class ExportedPicture:
    """A picture of an export."""

    # File name without folder, unique in the export.
    name: str
    # Path with the class as its folder, unique in the export.
    path: str
    # Bytes of the file, without metadata.
    data: bytes
    labels: tuple[str, ...]
    width: int
    height: int
    # The manifest's row.
    row: int

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0]


class ExportContent:
    """Pictures of a dataset, read one after another while the progress advances.

    Args:
        findings: kinds of the doctor's findings, by picture id.
    """

    def __init__(self, dataset: Dataset, progress: Progress, findings: Mapping[str, Sequence[str]]) -> None:
        self.dataset = dataset
        self.findings = findings
        self._progress = progress
        self._done = 0
        pictures = dataset.pictures
        self.paths = _unique_files(pictures, _folders(pictures["label"], dataset.task))
        self.names = [
            name.partition("/")[2] for name in _unique_files(pictures, [_ONE_FOLDER] * len(pictures))
        ]

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The classes, and those of several labels that are too small to be learnt."""
        learnt = self.dataset.class_names
        named = set(named_classes(self.dataset.pictures["label"], self.dataset.task))
        return (*learnt, *(name for name in self.dataset.all_class_names if name in named - set(learnt)))

    @property
    def has_several_labels(self) -> bool:
        return self.dataset.task is Task.MULTI_LABEL

    @property
    def splits(self) -> list[Split]:
        """Parts that have pictures."""
        return [split for split in Split if (self.dataset.pictures["split"] == split.value).any()]

    def pictures(self, split: Split | None = None) -> Iterator[ExportedPicture]:
        """Read the pictures, of one part or all.

        Raises:
            JobStopped: the user asked to stop.
        """
        pictures = self.dataset.pictures
        for row, (path, name) in enumerate(zip(self.paths, self.names, strict=True)):
            if split is not None and pictures["split"].iloc[row] != split.value:
                continue
            raise_if_stopped(self._progress)
            picture = pictures.iloc[row]
            label = str(picture["label"])
            yield ExportedPicture(
                name=name,
                path=path,
                data=strip_metadata(
                    self.dataset.picture_bytes(row), picture["format"], self.dataset.pixel_range
                ),
                labels=label_names(label) if self.has_several_labels else (label,),
                width=int(picture["width"]),
                height=int(picture["height"]),
                row=row,
            )
            self._done += 1
            self._progress.advance(self._done, len(self))


def _folders(labels: pd.Series, task: Task) -> list[str]:
    """The folder of each picture: the safe name of its class, or one for all."""
    if task is Task.MULTI_LABEL:
        return [_ONE_FOLDER] * len(labels)
    unique = list(dict.fromkeys(labels))
    folder_of = dict(zip(unique, made_unique([safe_name(label) for label in unique]), strict=True))
    return [folder_of[label] for label in labels]


def _unique_files(pictures: pd.DataFrame, folders: Sequence[str]) -> list[str]:
    """Choose a path for each picture that every system can unpack, unique regardless of case."""
    wanted = [
        f"{folder}/{safe_name(_stem(name))}" for folder, name in zip(folders, pictures["name"], strict=True)
    ]
    return [
        f"{stem}.{extension}"
        for stem, extension in zip(made_unique(wanted), pictures["extension"], strict=True)
    ]


def _stem(name: str) -> str:
    """File name without its ending; the number of a page or a box, such as “a.jpg#3”, stays."""
    path, hash_sign, number = name.rpartition("#")
    if hash_sign and number.isdigit():
        return f"{PurePosixPath(path).stem}-{number}"
    return PurePosixPath(name).stem


def safe_name(name: str) -> str:
    """Replace the signs of a file name that some system refuses, and shorten it; “_” precedes the name of a device."""
    safe = "".join(c if c.isalnum() or c in _ALLOWED_SIGNS else "_" for c in name).strip(" .")
    short = safe[:_MAX_STEM_LENGTH].strip(" .") or "_"
    return f"_{short}" if _DEVICE.fullmatch(short.partition(".")[0].strip()) else short


def made_unique(names: Sequence[str]) -> list[str]:
    """Append a number to names that occur again, regardless of case."""
    unique = UniqueNames()
    return [unique.add(name) for name in names]


class UniqueNames:
    """Names that differ on every system, also where it ignores case."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def add(self, name: str) -> str:
        """Return the name, with a number if it was added before."""
        candidate = name
        while candidate.casefold() in self._taken:
            self._taken[name.casefold()] += 1
            candidate = f"{name} ({self._taken[name.casefold()]})"
        self._taken[candidate.casefold()] += 1
        return candidate
