"""Feature cache of backbones and committees, by the file of their engine.

Features of a committee are stored for each of its members, and joined when they are read: what
a member computed alone serves the committee, and the other way round.

Memory holds the requested features once, for a committee twice while they are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil

from core.data.dataset import Dataset
from core.data.pixels.decoder_changes import drop_outdated
from core.errors import TrainingError
from core.messages import N_
from core.models.augmentation import AugmentationConfig
from core.models.backbones import Backbone
from core.models.head import GRID_CELLS, join_features
from core.models.litert.conversion import member_engines, pooling_of
from core.models.litert.engine import FeatureExtractor
from core.models.speeds import speed_key
from core.progress import PartOfStage, Progress, Stage
from core.training.features.network import Reduce, network_copies, network_features, stored_chunks

# A stored picture: the function that reads its chunk, and its index there.
_StoredRow = tuple[Callable[[], np.ndarray], int]


def cached_features(
    dataset: Dataset,
    engine: Path,
    progress: Progress,
    *,
    timed: Backbone | None = None,
    rows: np.ndarray | None = None,
    reduce: Reduce | None = None,
) -> np.ndarray:
    """Return the features of a dataset version's pictures; missing ones are computed and cached.

    Args:
        engine: a converted feature extractor; its file name is the cache's key.
        timed: the engine's backbone, whose speed ``core.models.speeds`` stores; None: not stored.
        rows: int (n,), the requested pictures; None: all, in the dataset's order.
        reduce: pooling while features are read; None: none.
    Returns:
        float32, shape (n, feature size), or (n, feature size / GRID_CELLS) where reduced.
    Raises:
        JobStopped, JobPaused: the user asked for it; computed features stay cached.
        TrainingError: the joined features of a committee do not fit into memory.
    """
    drop_outdated(dataset, progress)
    wanted = np.arange(len(dataset.pictures)) if rows is None else np.asarray(rows, np.int64)
    members = member_engines(engine)
    keys = [speed_key(part) for part in timed.parts] if timed else [None] * len(members)
    if len(members) == 1:
        return network_features(dataset, wanted, engine, progress, speed_key=keys[0], reduce=reduce)
    _require_memory(engine, len(wanted), reduce)
    shares = _shares(progress, Stage.FEATURES, members)
    parts = [
        network_features(dataset, wanted, member, share, speed_key=key, reduce=reduce)
        for member, share, key in zip(members, shares, keys, strict=True)
    ]
    return join_features(parts, is_grid=_is_grid(engine, reduce))


def augmented_features(
    dataset: Dataset,
    rows: np.ndarray,
    engine: Path,
    config: AugmentationConfig,
    copies: int,
    seed: int,
    progress: Progress,
    *,
    reduce: Reduce | None = None,
) -> np.ndarray:
    """Return features of augmented copies of the pictures in ``rows``, cached on disk.

    Each augmentation and seed has its own. Those that nobody asked for in a week are removed.

    Returns:
        float32, shape (copies, number of rows, feature size); pooled by ``reduce``.
    Raises:
        JobStopped, JobPaused: the user asked for it; computed features stay cached.
        TrainingError: the joined features of a committee do not fit into memory.
    """
    drop_outdated(dataset, progress)
    members = member_engines(engine)
    if len(members) == 1:
        return network_copies(dataset, rows, engine, config, copies, seed, progress, reduce=reduce)
    _require_memory(engine, copies * len(rows), reduce)
    shares = _shares(progress, Stage.AUGMENTING, members)
    parts = [
        network_copies(dataset, rows, member, config, copies, seed, share, reduce=reduce)
        for member, share in zip(members, shares, strict=True)
    ]
    flat = [part.reshape(copies * len(rows), -1) for part in parts]
    return join_features(flat, is_grid=_is_grid(engine, reduce)).reshape(copies, len(rows), -1)


def count_missing(dataset: Dataset, engine: Path | None) -> int:
    """Count the pictures without cached features: all of them if there is no engine yet.

    Of a committee, those that one of its members has no features of.
    """
    if engine is None:
        return len(dataset.pictures)
    known = [
        {key for keys, _ in stored_chunks(dataset, member) for key in keys}
        for member in member_engines(engine)
    ]
    return sum(not all(key in one for one in known) for key in dataset.decoded_keys)


def stored_features(dataset: Dataset, engine: Path) -> Iterator[tuple[list[str], Callable[[], np.ndarray]]]:
    """Yield the chunks of the cache, for a search that needs little memory; nothing is computed.

    Yields:
        Keys of the pictures, see ``Dataset.decoded_keys``, and a function that reads their features:
        float32 (pictures, feature size). Of a committee, the pictures that all its members have.
    """
    first, *others = member_engines(engine)
    if not others:
        yield from stored_chunks(dataset, engine)
        return
    known = [_stored_rows(dataset, other) for other in others]
    for keys, read in stored_chunks(dataset, first):
        shared = [index for index, key in enumerate(keys) if all(key in rows for rows in known)]
        if shared:
            own: list[_StoredRow] = [(read, index) for index in shared]
            theirs = [[rows[keys[index]] for index in shared] for rows in known]
            yield [keys[index] for index in shared], partial(_joined, [own, *theirs], _is_grid(engine))


def _stored_rows(dataset: Dataset, engine: Path) -> Mapping[str, _StoredRow]:
    """Stored features of each picture that one network has."""
    return {
        key: (read, index) for keys, read in stored_chunks(dataset, engine) for index, key in enumerate(keys)
    }


def _joined(rows: Sequence[Sequence[_StoredRow]], is_grid: bool) -> np.ndarray:
    """Read the stored features of the same pictures by each member, and join them."""
    return join_features([_read(one) for one in rows], is_grid=is_grid)


def _read(rows: Sequence[_StoredRow]) -> np.ndarray:
    chunks = {read: read() for read in {read for read, _ in rows}}
    return np.stack([chunks[read][index] for read, index in rows])


def _shares(progress: Progress, stage: Stage, members: Sequence[Path]) -> list[Progress]:
    """Progress of each member: its share of the stage, by the size of its network."""
    ends = np.cumsum([0, *(member.stat().st_size for member in members)])
    fractions, begun = (ends / ends[-1]).tolist(), set[Stage]()
    return [PartOfStage(progress, start, end, stage, begun) for start, end in pairwise(fractions)]


def _require_memory(engine: Path, count: int, reduce: Reduce | None) -> None:
    """Raise TrainingError unless the features of all members fit into memory, and their join beside them."""
    width = FeatureExtractor(engine).output_size // (1 if reduce is None else GRID_CELLS)
    needed, free = 2 * 4 * count * width, psutil.virtual_memory().available
    if needed > free:
        raise TrainingError(
            N_(
                "The joined features of {count} pictures need {needed} GB of memory, and {free} GB are free. "
                "Choose one backbone instead of the committee, or close other programs."
            ),
            count=count,
            needed=f"{needed / 1e9:.1f}",
            free=f"{free / 1e9:.1f}",
        )


def _is_grid(engine: Path, reduce: Reduce | None = None) -> bool:
    """True if the features are 2 × 2 pooled."""
    return reduce is None and pooling_of(engine) == "grid"
