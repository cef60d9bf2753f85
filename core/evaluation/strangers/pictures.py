"""Strangers to test with: made from the run's own test pictures, and taken from other projects."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.data.pixels.arrays import decoded_ahead
from core.errors import DarkroomError
from core.evaluation.strangers.materials import MATERIALS, StrangerKind
from core.workspace import list_projects

# Of each material, and of all other projects together.
MOST_MADE, MOST_FOREIGN = 50, 200
_CHUNK = 16


@dataclass(frozen=True, kw_only=True)
class StrangerBatch:
    """Strangers, ready for the network."""

    pixels: np.ndarray  # uint8 RGB (n, S, S, 3)
    kind: StrangerKind
    # project that they were taken from, "" for those that were made
    project: str
    # of the picture that each is, or was made from
    ids: tuple[str, ...]
    groups: tuple[str, ...]


def made_strangers(dataset: Dataset, size: int, *, seed: int = 0) -> Iterator[StrangerBatch]:
    """Make strangers of every material from test pictures."""
    random = np.random.default_rng(seed)
    rows = dataset.rows(Split.TEST)
    for material in MATERIALS:
        chosen = random.permutation(rows)[:MOST_MADE]
        for some, pixels in decoded_ahead(dataset, size, _chunks(chosen)):
            pictures = dataset.pictures.iloc[list(some)]
            made = [
                material.make(picture, draw_for(material.kind, code, seed))
                for picture, code in zip(pixels, pictures["id"], strict=True)
            ]
            yield StrangerBatch(
                pixels=np.stack(made),
                kind=material.kind,
                project="",
                ids=tuple(pictures["id"]),
                groups=tuple(pictures["group"]),
            )


def foreign_strangers(dataset: Dataset, size: int, *, seed: int = 0) -> Iterator[StrangerBatch]:
    """Take pictures of the workspace's other projects, as many of each.

    A project that has a class of the same name shows the same things, and is left out.
    """
    others = list(_other_datasets(dataset))
    random = np.random.default_rng(seed)
    known = set(dataset.all_pictures["sha256"])
    for name, other in others:
        rows = np.flatnonzero(~other.pictures["sha256"].isin(known).to_numpy())
        chosen = random.permutation(rows)[: max(1, MOST_FOREIGN // len(others))]
        # A missing file of another project is no reason for this run to fail.
        with contextlib.suppress(DarkroomError):
            yield from _batches_of(name, other, size, chosen)


def draw_for(kind: StrangerKind, picture: str, seed: int = 0) -> np.random.Generator:
    """Random numbers that make a stranger: the same again for the same picture's id, at any size."""
    return np.random.default_rng([seed, zlib.crc32(f"{kind.value} {picture}".encode())])


def _batches_of(name: str, other: Dataset, size: int, rows: np.ndarray) -> Iterator[StrangerBatch]:
    for some, pixels in decoded_ahead(other, size, _chunks(rows)):
        pictures = other.pictures.iloc[list(some)]
        yield StrangerBatch(
            pixels=pixels,
            kind=StrangerKind.PROJECT,
            project=name,
            ids=tuple(pictures["id"]),
            groups=tuple(f"{name}/{group}" for group in pictures["group"]),
        )


def _other_datasets(dataset: Dataset) -> Iterator[tuple[str, Dataset]]:
    own = {name.casefold() for name in dataset.all_class_names}
    for project in list_projects():
        if project.dataset == dataset.folder:
            continue
        try:
            other = open_dataset(project)
        except DarkroomError:
            continue  # damaged, or from a newer version: no reason for this run to fail
        if own.isdisjoint(name.casefold() for name in other.all_class_names) and len(other.pictures):
            yield project.name, other


def _chunks(rows: np.ndarray) -> list[list[int]]:
    return [rows[start : start + _CHUNK].tolist() for start in range(0, len(rows), _CHUNK)]
