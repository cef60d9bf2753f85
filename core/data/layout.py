"""What the folders of a source mean: which one names the class, which the split."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.data.sources import Member
from core.errors import ClassNameError
from core.messages import N_


class Split(StrEnum):
    """The part of the dataset a picture belongs to."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


_SPLIT_FOLDERS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "val": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "test": Split.TEST,
    "testing": Split.TEST,
}
DIFFER_IN_CAPITALS = N_(
    "The classes “{first}” and “{second}” differ only in capital letters. Rename one folder, or import them as one class."
)
_PICTURE_NAMES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".ico", ".icns", ".pcx", ".psd", ".qoi"),
    *(".sgi", ".tga", ".avif", ".heic", ".heif"),
)
# Companions that datasets come with. Named among the skipped, but they say nothing about the folders.
_COMPANIONS = (
    ".txt",
    ".csv",
    ".tsv",
    ".json",
    ".xml",
    ".md",
    ".html",
    ".pdf",
    ".xlsx",
    ".yaml",
    ".yml",
    ".py",
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a file stands: its class, and its split if the source came split."""

    label: str
    split: Split | None


def is_companion(member: Member) -> bool:
    """True for text files, tables and the like, by name."""
    return member.parts[-1].lower().endswith(_COMPANIONS)


def read_layout(members: Sequence[Member]) -> list[Place | None]:
    """The class and split of each file, from its folders; None where it stands in no class folder.

    Understood are ``cats/1.jpg``, the same below any number of single root
    folders, and either of these below ``train``, ``val`` and ``test``.
    """
    in_folders = [parts for parts in _telling_paths(members) if len(parts) > 1]
    depth = _shared_root_depth(in_folders)
    heads = {parts[depth].lower() for parts in in_folders}
    # Pictures that stand in a part's folder itself, such as unlabelled ones in "test", are in no class.
    is_split = heads <= _SPLIT_FOLDERS.keys() and any(len(parts) > depth + 2 for parts in in_folders)
    places: list[Place | None] = []
    for member in members:
        inner = member.parts[depth:]
        split = _SPLIT_FOLDERS.get(inner[0].lower()) if is_split and inner else None
        in_a_class = inner[1:] if split else () if is_split else inner
        folders = in_a_class[:-1]
        label = clean_label(folders[0]) if folders else ""
        places.append(Place(label=label, split=split) if label else None)
    return places


def clean_label(name: str) -> str:
    """A class name in normal form, without invisible characters that would disguise it."""
    visible = "".join(
        c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in {"Cc", "Cf", "Cs"}
    )
    return " ".join(visible.split())


def spelling_of_classes(labels: Iterable[str], *, merge_case: bool) -> dict[str, str]:
    """The spelling under which each class is kept.

    Args:
        merge_case: take names that differ only in capitals as one class, under
            the most frequent spelling.
    Raises:
        ClassNameError: two names differ only in capitals, and they are not to be merged.
    """
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for label in labels:
        spellings[label.casefold()][label] += 1
    for counts in spellings.values():
        if len(counts) > 1 and not merge_case:
            first, second = sorted(counts)[:2]
            raise ClassNameError(
                DIFFER_IN_CAPITALS,
                first=first,
                second=second,
            )
    return {
        label: max(counts, key=lambda name: (counts[name], name))
        for counts in spellings.values()
        for label in counts
    }


def _telling_paths(members: Sequence[Member]) -> list[tuple[str, ...]]:
    """The paths from which the layout is read: pictures by name, or where there are none, whatever may be one."""
    pictures = [member.parts for member in members if member.parts[-1].lower().endswith(_PICTURE_NAMES)]
    return pictures or [member.parts for member in members if not is_companion(member)]


def _shared_root_depth(paths: Sequence[tuple[str, ...]]) -> int:
    """How many leading folders all paths share, as long as folders stand in them.

    Files that lie beside those folders do not make their root a class.
    """
    depth = 0
    while len({parts[depth] for parts in paths}) == 1 and any(len(parts) > depth + 2 for parts in paths):
        depth += 1
        paths = [parts for parts in paths if len(parts) > depth + 1]
    return depth
