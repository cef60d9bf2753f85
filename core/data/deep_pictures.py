"""Pictures with more than 8 bits in an import: choice of their range, and their thumbnails with it.

A project has one range, at first that of its first such pictures; ``editing.ranges`` changes it. See
``images.value_ranges``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from math import inf
from pathlib import Path

import pandas as pd

from core.data.dataset import SHALLOW_FORMATS, Dataset, Ranges, stored_path, thumbnail_path
from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange, is_deep
from core.data.images.picture import PictureError, open_picture
from core.data.images.value_ranges import (
    FULL_RANGE,
    ValueSummary,
    count_hidden,
    count_misfits,
    find_range,
)
from core.data.import_config import ImportConfig
from core.data.notes import Note, NoteKind
from core.data.pixels.decoding import examine_picture
from core.errors import ConfigError
from core.messages import N_
from core.progress import Progress, raise_if_stopped

# Key of a new picture's ``ValueSummary`` in its row; None for 8 bits. Not a column of the manifest.
VALUES = "values"
_PICTURES_LOOKED_AT = 50


def known_range(config: ImportConfig, there: Dataset | None) -> PixelRange | None:
    """Choose the range before the pictures are read: the project's, or the user's; None: still unknown.

    Raises:
        ConfigError: the user's range or percentiles are empty, or the project has another range.
    """
    own = there.pixel_range if there else None
    if config.range_percentiles is not None:
        require_percentiles(*config.range_percentiles)
    chosen = config.pixel_range
    if chosen is None:
        return own
    require_values(*chosen)
    if own is not None and own != chosen:
        raise ConfigError(
            N_(
                "The pictures of this project have the range from {low} to {high}. Change it for all of them on the Data page or with the command “range”, then add pictures."
            ),
            low=shown_value(own.low),
            high=shown_value(own.high),
        )
    return PixelRange(*chosen)


def require_values(low: float, high: float) -> None:
    """
    Raises:
        ConfigError: they are no range.
    """
    if not -inf < low < high < inf:
        raise ConfigError(
            N_("There is no range from {low} to {high}: the first value must be smaller."),
            low=low,
            high=high,
        )


def require_percentiles(low: float, high: float) -> None:
    """
    Raises:
        ConfigError: they are no percentiles of a range.
    """
    if not 0 <= low < high <= 100:
        raise ConfigError(
            N_(
                "There is no range from {low}% to {high}% of the values: two numbers from 0 to 100 are needed, the smaller first."
            ),
            low=low,
            high=high,
        )


def settle_range(
    rows: Sequence[dict[str, object]],
    folder: Path,
    known: PixelRange | None,
    there: Dataset | None,
    progress: Progress,
    percentiles: tuple[float, float] | None = None,
    channels: ChannelMapping | None = None,
) -> tuple[Ranges, tuple[Note, ...]]:
    """Find the range of new pictures if it is not known, and draw their thumbnails with it.

    Args:
        rows: of the manifest, with ``VALUES``, which is removed; statistics are measured again.
        there: project that the pictures join; None for a new one.
        percentiles: of all values, that become black and white; None: the range is found.
    Returns:
        The ranges, empty where the dataset has none, and what to tell about them.
    """
    summaries = [(row, values) for row in rows if isinstance(values := row.pop(VALUES, None), ValueSummary)]
    own = there.ranges if there else Ranges()
    if not summaries:
        return own if own.pixel_range else Ranges(pixel_range=known), ()
    values = [summary for _, summary in summaries]
    if own.pixel_range:
        return own, _notes(values, own.pixel_range, count_misfits(values, _measured(own)))
    if known is None and there is not None and _has_deep_pictures(there):
        return Ranges(), _notes(values, FULL_RANGE, count_misfits(values, FULL_RANGE))
    found = find_range(values)
    settled = known or (found if percentiles is None else find_range(values, percentiles))
    if known is None:
        _draw_again([row for row, _ in summaries], folder, settled, channels, progress)
    ranges = Ranges(pixel_range=settled, measured_range=found if found != settled else None)
    return ranges, _notes(values, settled, count_misfits(values, found) or count_hidden(values, settled))


def _measured(ranges: Ranges) -> PixelRange:
    return ranges.measured_range or ranges.pixel_range or FULL_RANGE


def require_same_range(new: PixelRange | None, there: Dataset) -> None:
    """Refuse pictures whose thumbnails have another range than the project got meanwhile.

    Raises:
        ConfigError: another import, or a change of the range, was faster.
    """
    own = there.pixel_range
    if new is not None and own is not None and new != own:
        raise ConfigError(
            N_(
                "The range of this project's pictures has just been set, from {low} to {high}. Import these pictures again."
            ),
            low=shown_value(own.low),
            high=shown_value(own.high),
        )


def _notes(values: Sequence[ValueSummary], pixel_range: PixelRange, misfits: int) -> tuple[Note, ...]:
    limits = {"low": shown_value(pixel_range.low), "high": shown_value(pixel_range.high)}
    notes = [Note(kind=NoteKind.PIXEL_RANGE, values={"count": len(values), **limits})]
    if misfits:
        notes.append(Note(kind=NoteKind.PIXEL_RANGE_MISFIT, values={"count": misfits, **limits}))
    return tuple(notes)


def shown_value(value: float) -> int | float:
    """Shorten a number for a sentence."""
    return int(value) if value == int(value) else float(f"{value:.4g}")


def are_all_deep(dataset: Dataset) -> bool:
    """True if the pictures have more than 8 bits, judged by some that are spread over the dataset."""
    pictures = dataset.pictures
    if dataset.pixel_range is None or pictures["format"].isin(SHALLOW_FORMATS).any():
        return False
    some = pictures.iloc[:: max(1, len(pictures) // _PICTURES_LOOKED_AT)]
    return all(_is_deep_file(stored_path(dataset.folder, picture)) for _, picture in some.iterrows())


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
    rows: Sequence[dict[str, object]],
    folder: Path,
    pixel_range: PixelRange,
    channels: ChannelMapping | None,
    progress: Progress,
) -> None:
    def draw(row: dict[str, object]) -> None:
        facts = examine_picture(stored_path(folder, pd.Series(row)).read_bytes(), pixel_range, channels)
        thumbnail_path(folder, str(row["sha256"])).write_bytes(facts.thumbnail)
        row.update(asdict(facts.statistics))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for _ in pool.map(draw, rows):
            raise_if_stopped(progress)
