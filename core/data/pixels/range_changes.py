"""Thumbnails and statistics that follow the range of a project after a change of it."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from core.data.dataset import SHALLOW_FORMATS, pictures_of_all_versions
from core.data.pixels.cache_removal import keep_hashes
from core.data.pixels.drawing import drawn_range, is_mixed, record_begun, record_drawn
from core.data.pixels.redrawing import newest_settings, redraw
from core.progress import Progress, QuietProgress, Stage

_LOCK = ".drawing.lock"


def follow_range(folder: Path, progress: Progress | None = None, *, tells: bool = False) -> bool:
    """Make thumbnails and statistics again that have another range than the newest version.

    Pixels and features need no such care: their caches are keyed by the range.

    Args:
        folder: a project's dataset folder.
        tells: the work is a stage of its own, whose progress is reported.
    Returns:
        True if any were made.
    Raises:
        JobStopped, JobPaused: the user asked for it; the rest is done the next time.
    """
    if has_followed(folder):
        return False
    with FileLock(folder / _LOCK):
        # Another process may have done it meanwhile.
        if has_followed(folder):
            return False
        progress = progress or QuietProgress()
        if tells:
            progress.stage(Stage.DECODING)
        pixel_range, channels = newest_settings(folder)
        assert pixel_range is not None
        pictures = pictures_of_all_versions(folder)
        # The range does not apply to the others.
        deep = pictures[~pictures["format"].isin(SHALLOW_FORMATS)]
        record_begun(folder)
        redraw(folder, deep, pixel_range, channels, progress, tells=tells)
        outdated = set(deep["sha256"])
        # They were made of the thumbnails before.
        keep_hashes(folder, lambda sha256: sha256 not in outdated)
        record_drawn(folder, pixel_range)
    return True


def has_followed(folder: Path) -> bool:
    """True if thumbnails and statistics have the range of the newest version."""
    drawn = drawn_range(folder)
    if drawn is None:
        return True
    newest = newest_settings(folder)[0]
    # Some have the range of a change that was stopped, even where it was undone.
    return newest is None or (newest == drawn and not is_mixed(folder))
