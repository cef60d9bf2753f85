"""Edit of the range of pictures with more than 8 bits, for all pictures of a project.

Pictures are stored as they came, and the range is applied when they are decoded, so that a change
needs no file again. Earlier versions keep their range, and with them the runs that were trained on them.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from core.data.dataset import SHALLOW_FORMATS, Dataset, Ranges, open_dataset, stored_path
from core.data.deep_pictures import require_percentiles, require_values, shown_value
from core.data.editing.change import changing
from core.data.images.depth import PixelRange
from core.data.images.value_ranges import ValueSummary, find_range
from core.data.pixels.decoding import measure_values
from core.data.pixels.drawing import keep_drawn
from core.data.pixels.range_changes import follow_range
from core.data.version_record import Edit, EditKind
from core.errors import ConfigError, UnreadableImageError
from core.messages import N_
from core.progress import Progress, QuietProgress, Stage, raise_if_stopped
from core.records import Record
from core.workspace import Project


@dataclass(frozen=True, kw_only=True)
class RangeChoice(Record):
    """Range that a user chooses: two values, or two percentiles of all values; neither: the one that was found."""

    # Measured values that become black and white.
    pixel_range: tuple[float, float] | None = None
    # 0 to 100.
    percentiles: tuple[float, float] | None = None

    def require_usable(self) -> None:
        """
        Raises:
            ConfigError: the range is empty, or chosen in both ways.
        """
        if self.pixel_range is not None and self.percentiles is not None:
            raise ConfigError(N_("Choose a range by two values or by two percentages, not by both."))
        if self.pixel_range is not None:
            require_values(*self.pixel_range)
        if self.percentiles is not None:
            require_percentiles(*self.percentiles)


def change_range(project: Project, choice: RangeChoice, progress: Progress | None = None) -> Dataset:
    """Change the range of a project's pictures in a new version; split, groups and labels stay.

    Thumbnails and statistics, which all versions share, follow. The same range writes no version.

    Raises:
        ConfigError: the range is empty, or the project has none.
        JobStopped: the user stopped the work. Once the version is written, thumbnails follow later.
    """
    progress = progress or QuietProgress()
    choice.require_usable()
    before = open_dataset(project)
    require_range(before)
    found = _by_percentiles(before, choice.percentiles, progress)
    with changing(project) as change:
        there = change.dataset
        old = require_range(there)
        measured = there.measured_range or old
        new = PixelRange(*(found or choice.pixel_range or measured))
        if new != old:
            keep_drawn(there.folder, old)
            change.write(
                change.pictures,
                Edit(
                    kind=EditKind.RANGE_CHANGED,
                    values={"low": shown_value(new.low), "high": shown_value(new.high)},
                ),
                ranges=Ranges(pixel_range=new, measured_range=measured if measured != new else None),
            )
    follow_range(project.dataset, progress, tells=True)
    return open_dataset(project)


def require_range(dataset: Dataset) -> PixelRange:
    """Return the range of a dataset.

    Raises:
        ConfigError: it has none.
    """
    if dataset.pixel_range is None:
        raise ConfigError(
            N_(
                "These pictures have no range. Either none has more than 8 bits, or an older version of Darkroom imported them."
            )
        )
    return dataset.pixel_range


def _by_percentiles(
    dataset: Dataset, percentiles: tuple[float, float] | None, progress: Progress
) -> PixelRange | None:
    """Measure the values of all pictures; None without percentiles."""
    if percentiles is None:
        return None
    progress.stage(Stage.READING)
    pictures = dataset.all_pictures
    pictures = pictures[~pictures["format"].isin(SHALLOW_FORMATS)].drop_duplicates("sha256")
    paths = [stored_path(dataset.folder, picture) for _, picture in pictures.iterrows()]
    summaries: list[ValueSummary] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        measured = pool.map(lambda path: _summary(path, dataset), paths)
        for done, summary in enumerate(measured, start=1):
            raise_if_stopped(progress)
            progress.advance(done, len(paths))
            if summary is not None:
                summaries.append(summary)
    return find_range(summaries, percentiles)


def _summary(path: Path, dataset: Dataset) -> ValueSummary | None:
    """Measure a picture; None if it has 8 bits, or a file that the project refers to is gone or damaged."""
    try:
        return measure_values(path.read_bytes(), dataset.channels)
    except (OSError, UnreadableImageError):
        return None
