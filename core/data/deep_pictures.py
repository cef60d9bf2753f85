"""Pictures with more than 8 bits in an import: choice of their range, and their thumbnails with it.

A project has one range, which never changes: that of its first such pictures. See
``pixels.value_ranges``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from math import inf
from pathlib import Path

import pandas as pd

from core.data.dataset import SHALLOW_FORMATS, Dataset, stored_path, thumbnail_path
from core.data.formats.notes import Note, NoteKind
from core.data.images.depth import PixelRange, is_deep
from core.data.images.picture import PictureError, open_picture
from core.data.pixels.decoding import examine_picture
from core.data.pixels.value_ranges import FULL_RANGE, ValueSummary, count_misfits, find_range
from core.errors import ConfigError
from core.messages import N_
from core.progress import Progress, raise_if_stopped

# Key of a new picture's ``ValueSummary`` in its row; None for 8 bits. Not a column of the manifest.
VALUES = "values"


def known_range(chosen: tuple[float, float] | None, there: Dataset | None) -> PixelRange | None:
    """Choose the range before the pictures are read: the project's, or the user's; None: still unknown.

    Raises:
        ConfigError: the user's range is empty, or the project has another one.
    """
    own = there.pixel_range if there else None
    if chosen is None:
        return own
    if not -inf < chosen[0] < chosen[1] < inf:
        raise ConfigError(
            N_("There is no range from {low} to {high}: the first value must be smaller."),
            low=chosen[0],
            high=chosen[1],
        )
    if own is not None and own != chosen:
        raise ConfigError(
            N_(
                "The pictures of this project have the range from {low} to {high}, which cannot change. Import the pictures as a new project."
            ),
            low=_shown(own.low),
            high=_shown(own.high),
        )
    return PixelRange(*chosen)


def settle_range(
    rows: Sequence[dict[str, object]],
    folder: Path,
    known: PixelRange | None,
    there: Dataset | None,
    progress: Progress,
) -> tuple[PixelRange | None, tuple[Note, ...]]:
    """Find the range of new pictures if it is not known, and draw their thumbnails with it.

    Args:
        rows: of the manifest, with ``VALUES``, which is removed; statistics are measured again.
        there: project that the pictures join; None for a new one.
    Returns:
        The range, None where the dataset has none, and what to tell about it.
    """
    summaries = [(row, values) for row in rows if isinstance(values := row.pop(VALUES, None), ValueSummary)]
    if not summaries:
        return known, ()
    values = [summary for _, summary in summaries]
    if known is None and there is not None and _has_deep_pictures(there):
        return None, _notes(values, FULL_RANGE)
    settled = known or find_range(values)
    if known is None:
        _draw_again([row for row, _ in summaries], folder, settled, progress)
    return settled, _notes(values, settled)


def require_same_range(found: PixelRange | None, there: Dataset) -> None:
    """Refuse pictures whose thumbnails have another range than the project got meanwhile.

    Raises:
        ConfigError: another import was faster.
    """
    own = there.pixel_range
    if found is not None and own is not None and found != own:
        raise ConfigError(
            N_(
                "Another import has just set the range of this project's pictures, from {low} to {high}. Import these pictures again."
            ),
            low=_shown(own.low),
            high=_shown(own.high),
        )


def _notes(values: Sequence[ValueSummary], pixel_range: PixelRange) -> tuple[Note, ...]:
    limits = {"low": _shown(pixel_range.low), "high": _shown(pixel_range.high)}
    notes = [Note(kind=NoteKind.PIXEL_RANGE, values={"count": len(values), **limits})]
    if misfits := count_misfits(values, pixel_range):
        notes.append(Note(kind=NoteKind.PIXEL_RANGE_MISFIT, values={"count": misfits, **limits}))
    return tuple(notes)


def _shown(value: float) -> int | float:
    """Shorten a number for a sentence."""
    return int(value) if value == int(value) else float(f"{value:.4g}")


def _has_deep_pictures(dataset: Dataset) -> bool:
    """True if a project without a range has pictures with more than 8 bits: of an earlier version."""
    pictures = dataset.all_pictures
    return any(
        _is_deep_file(stored_path(dataset.folder, picture))
        for _, picture in pictures[~pictures["format"].isin(SHALLOW_FORMATS)].iterrows()
    )


def _is_deep_file(path: Path) -> bool:
    try:
        return is_deep(open_picture(path.read_bytes()))
    except (OSError, PictureError):
        return False


def _draw_again(
    rows: Sequence[dict[str, object]], folder: Path, pixel_range: PixelRange, progress: Progress
) -> None:
    def draw(row: dict[str, object]) -> None:
        facts = examine_picture(stored_path(folder, pd.Series(row)).read_bytes(), pixel_range)
        thumbnail_path(folder, str(row["sha256"])).write_bytes(facts.thumbnail)
        row.update(asdict(facts.statistics))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for _ in pool.map(draw, rows):
            raise_if_stopped(progress)
