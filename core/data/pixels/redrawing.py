"""Thumbnails and statistics made again after a change of the decoder; the old ones can be read meanwhile.

Versions of a dataset never change, so the new statistics stand in a file of their own, which
``dataset`` reads.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from core.data.dataset import stored_path, thumbnail_path
from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange
from core.data.manifest import MEASURED_AGAIN, measured_again_file
from core.data.pixels.decoding import examine_picture
from core.data.version_record import read_version_header, version_numbers
from core.errors import UnreadableImageError
from core.files import sha256_bytes, whole_file
from core.progress import Progress, raise_if_stopped


def redraw(
    folder: Path,
    pictures: pd.DataFrame,
    pixel_range: PixelRange | None,
    channels: ChannelMapping | None,
    progress: Progress,
    *,
    tells: bool = False,
) -> None:
    """Make thumbnails and statistics of these pictures of all versions again.

    Args:
        folder: a project's dataset folder.
        pictures: rows of manifests, one for each content.
        tells: the work is a stage of its own, whose progress is reported.
    Raises:
        JobStopped, JobPaused: the user asked for it; the statistics are the old ones.
    """

    def draw(picture: pd.Series) -> dict[str, object] | None:
        try:
            data = stored_path(folder, picture).read_bytes()
            facts = examine_picture(data, pixel_range, channels)
        except (OSError, UnreadableImageError):
            return None
        thumbnail = thumbnail_path(folder, picture["sha256"])
        # A file that the project refers to may have changed; erased pictures have no thumbnail.
        if sha256_bytes(data) != picture["sha256"] or not thumbnail.exists():
            return None
        with whole_file(thumbnail) as temporary:
            temporary.write_bytes(facts.thumbnail)
        size = {"width": facts.width, "height": facts.height}
        return {"sha256": picture["sha256"], **size, **asdict(facts.statistics)}

    rows = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for row in pool.map(draw, (picture for _, picture in pictures.iterrows())):
            raise_if_stopped(progress)
            rows.append(row)
            if tells:
                progress.advance(len(rows), len(pictures))
    _write(folder, [row for row in rows if row is not None])


def newest_settings(folder: Path) -> tuple[PixelRange | None, ChannelMapping | None]:
    """Read range and channels of the project's pictures, which its first versions may lack."""
    header = read_version_header(folder, max(version_numbers(folder)))
    return (
        PixelRange(*header.pixel_range) if header.pixel_range else None,
        ChannelMapping(*header.channels) if header.channels else None,
    )


def _write(folder: Path, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    file, new = measured_again_file(folder), pd.DataFrame(rows, columns=["sha256", *MEASURED_AGAIN])
    earlier = pd.read_parquet(file) if file.exists() else new.head(0)
    joined = pd.concat([earlier[~earlier["sha256"].isin(new["sha256"])], new], ignore_index=True)
    with whole_file(file) as temporary:
        joined.to_parquet(temporary, index=False)
