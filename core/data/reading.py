"""Reading of an import source into rows of a manifest.

Every file is read once: hashed, decoded to check that it is a picture, measured, stored and
given a thumbnail. Unusable files are listed with their reasons.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Collection, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from core.data.containers.config import ContainerConfig
from core.data.containers.frames import FrameKind, container_in, frames_inside, frames_of
from core.data.dataset import Dataset, Ranges
from core.data.deep_pictures import known_range, settle_range
from core.data.exports.range_file import stated_range
from core.data.formats.cropping import notes_on_left_out
from core.data.formats.import_format import FormatReading
from core.data.formats.summary import Understanding
from core.data.formats.understanding import understand
from core.data.group_salt import share_salt
from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange
from core.data.import_config import ImportConfig
from core.data.labels.boxes import CropConfig
from core.data.labels.label_sets import label_names, renamed_label, union_of
from core.data.labels.layout import FileAssignment, Split, spelling_of_classes
from core.data.manifest import complete_manifest
from core.data.near_duplicates.hash_index import keep_window_hashes
from core.data.notes import Note, NoteKind
from core.data.pixels.channel_choice import known_channels
from core.data.skip_reasons import Reason, Skipped, SkipReason
from core.data.sources.opening import Listing, Member, UnreadableMemberError, open_source
from core.data.sources.server_folders import allowed_roots
from core.data.split.splitting import measuring_rank
from core.data.storing import (
    CHANNELS,
    FOURTH_BAND,
    IS_CLIPPED,
    KIND,
    SUFFIX,
    WINDOWS,
    Columns,
    Outcome,
    store_file,
)
from core.errors import ConfigError, DataError
from core.messages import N_
from core.natural_order import natural_order
from core.progress import Progress, Stage, raise_if_stopped

# Files in memory at once.
_PICTURES_IN_FLIGHT = 32


@dataclass(frozen=True, kw_only=True)
class SourceReading:
    """Pictures of a source as a manifest, the files that were left out, and how it was understood."""

    pictures: pd.DataFrame
    skipped: list[Skipped]
    understanding: Understanding
    # Of pictures with more than 8 bits.
    ranges: Ranges
    # Those that are red, green and blue in pictures of many; None: no choice was made.
    channels: ChannelMapping | None


def read_source(
    source: Path, folder: Path, config: ImportConfig, there: Dataset | None, progress: Progress
) -> SourceReading:
    """Read a source and store its pictures in ``folder``.

    Args:
        there: project that the pictures join; None for a new one.
    Raises:
        ConfirmationNeededError: the source can be misunderstood; nothing was read.
        ArchiveError, DataError: the source cannot become a dataset.
    """
    progress.stage(Stage.READING)
    share_salt(there.folder if there else None, folder)
    known_classes = there.all_class_names if there else ()
    pixel_range, channels = known_range(config, there), known_channels(config.channels, there)
    config = replace(config, channels=channels)
    if there is not None and there.pixel_range is not None:
        config = replace(config, pixel_range=there.pixel_range)
    _require_folder_to_refer(source, config)
    with open_source(source, link_roots=_link_roots(source, config)) as listing:
        skipped = _refused_files(listing, source)
        is_open = there is None and pixel_range is None and config.range_percentiles is None
        stated = stated_range(listing.members) if is_open else None
        if stated is not None:
            pixel_range = stated[1]
            config = replace(config, pixel_range=pixel_range)
        reading, understanding = understand(listing, config, source.name, known_classes)
        if understanding.channels is not None:
            channels = ChannelMapping(*understanding.channels.suggested)
            config = replace(config, channels=channels)
        used = stated[0] if stated else ""
        skipped += [Skipped(file=name, reason=reason) for name, reason in reading.left_out if name != used]
        chosen = _measuring_first(reading)
        labels = [assignment.label for _, assignment in chosen]
        read = _spelling_of_sets if reading.multi_label else _spelling
        spelling = read(labels, known_classes, merge_case=config.merge_case)
        rows, unusable = rows_of(
            chosen,
            folder,
            spelling,
            progress,
            refer=config.refer,
            multi_label=reading.multi_label,
            pixel_range=pixel_range,
            crops=config.crops,
            containers=config.containers,
            channels=channels,
        )
    skipped += unusable
    if not rows:
        raise no_picture(skipped, source.name)
    ranges, notes = settle_range(
        rows, folder, pixel_range, there, progress, config.range_percentiles, channels
    )
    return SourceReading(
        pictures=manifest_of(rows),
        skipped=skipped,
        understanding=replace(
            understanding,
            notes=(
                *understanding.notes,
                *notes,
                *_notes_of_kinds(rows, config),
                *notes_on_left_out((item.reason for item in skipped), config.crops),
            ),
        ),
        ranges=ranges,
        channels=channels,
    )


def _require_folder_to_refer(source: Path, config: ImportConfig) -> None:
    if config.refer and not source.is_dir():
        raise ConfigError(
            N_("Only pictures in a folder can stay where they are; {source} is not a folder."),
            source=source.name,
        )


def _refused_files(listing: Listing, source: Path) -> list[Skipped]:
    """List the files that cannot be members of a source; an empty source is refused."""
    refused = [Skipped(file=name, reason=reason) for name, reason in listing.refused]
    if not listing.members and not refused:
        raise DataError(
            N_("{source} is empty. Choose one with a folder of pictures for each class."), source=source.name
        )
    return refused


def _link_roots(source: Path, config: ImportConfig) -> tuple[Path, ...]:
    """Folders into which links of the source may lead: itself, and those that the operator allows."""
    return (source.resolve(), *allowed_roots()) if config.follow_links else ()


def _spelling(labels: list[str], known: Collection[str], *, merge_case: bool) -> dict[str, str]:
    """Choose the spelling of each label: the project's own, otherwise the source's."""
    spelling = spelling_of_classes([*labels, *known], merge_case=merge_case)
    by_capitals = {name.casefold(): name for name in known}
    return {label: by_capitals.get(label.casefold(), chosen) for label, chosen in spelling.items()}


def _spelling_of_sets(labels: list[str], known: Collection[str], *, merge_case: bool) -> dict[str, str]:
    """Choose the spelling of each class in multi-label labels; see ``_spelling``."""
    names = [name for label in labels for name in label_names(label)]
    spelling = _spelling(names, known, merge_case=merge_case)
    order = sorted(set(spelling.values()), key=natural_order)
    return {label: renamed_label(label, spelling, order) for label in set(labels)}


def rows_of(
    chosen: list[tuple[Member, FileAssignment]],
    folder: Path,
    spelling: dict[str, str],
    progress: Progress,
    *,
    refer: bool = False,
    multi_label: bool = False,
    pixel_range: PixelRange | None = None,
    crops: CropConfig | None = None,
    containers: ContainerConfig | None = None,
    channels: ChannelMapping | None = None,
) -> tuple[list[dict[str, object]], list[Skipped]]:
    """Make a manifest's row for every usable file, and list the others with their reasons.

    In a multi-label dataset a picture has one row, with the labels of all its copies. The hashes
    that the search for near copies needs are kept in ``folder``.
    """
    rows: list[dict[str, object]] = []
    skipped: list[Skipped] = []
    seen: dict[tuple[str, str], dict[str, object]] = {}
    files = _files_of(chosen)
    # The arrays are small, and pictures are examined on all cores.
    with (
        threadpool_limits(1, user_api="blas"),
        closing(_examine(files, folder, pixel_range, crops, containers, channels, refer=refer)) as outcomes,
    ):
        for done, (member, outcome) in enumerate(outcomes, start=1):
            raise_if_stopped(progress)
            progress.advance(done, len(files))
            for assignment, columns in outcome:
                if isinstance(columns, Reason):
                    name = f"{member.name}{assignment.box.suffix if assignment.box else ''}"
                    skipped.append(Skipped(file=name, reason=columns))
                    continue
                name = f"{member.name}{columns[SUFFIX]}"
                label = spelling[assignment.label]
                content = "" if multi_label else label, str(columns["sha256"])
                if content in seen:
                    if multi_label:
                        seen[content]["label"] = union_of(str(seen[content]["label"]), label)
                    reason = Reason(code=SkipReason.DUPLICATE, values={"other": str(seen[content]["name"])})
                    skipped.append(Skipped(file=name, reason=reason))
                    continue
                # Without a group, crops have the name of their file, as files of other sources may.
                if assignment.box is not None and assignment.group == member.name:
                    assignment = replace(assignment, group="")
                seen[content] = _row(columns, assignment, name, label)
                rows.append(seen[content])
    hashes = {str(row["sha256"]): cast(np.ndarray, row.pop(WINDOWS)) for row in rows if WINDOWS in row}
    keep_window_hashes(folder, hashes)
    return rows, skipped


def _row(columns: Columns, assignment: FileAssignment, name: str, label: str) -> Columns:
    return {
        **columns,
        "name": name,
        "label": label,
        "supplied_split": assignment.split.value if assignment.split else "",
        "split": "",
        "fields": assignment.fields,
        "group": assignment.group or columns["group"] or columns["sha256"],
    }


def _notes_of_kinds(rows: Sequence[Columns], config: ImportConfig) -> list[Note]:
    """Count the pictures that are parts of files, those whose pages are channels, and clipped boxes."""
    kinds = Counter(row[KIND] for row in rows)
    counts = {
        NoteKind.DICOM_PICTURES: kinds[FrameKind.DICOM],
        NoteKind.PDF_PAGES: kinds[FrameKind.PDF],
        NoteKind.VIDEO_FRAMES: kinds[FrameKind.VIDEO],
        NoteKind.VOLUME_SLICES: kinds[FrameKind.NIFTI],
        (NoteKind.CHANNELS_CHOSEN if config.channels else NoteKind.CHANNELS): sum(
            bool(row[CHANNELS]) for row in rows
        ),
        NoteKind.FOURTH_BAND: sum(bool(row[FOURTH_BAND]) for row in rows),
        NoteKind.CLIPPED_BOXES: sum(bool(row[IS_CLIPPED]) for row in rows),
    }
    containers = config.containers
    choices = {"seconds": f"{containers.frame_seconds:g}", "plane": containers.plane.value}
    if config.channels:
        colours = zip(("red", "green", "blue"), config.channels, strict=True)
        choices |= {name: str(number) for name, number in colours}
    return [Note(kind=kind, values={"count": count, **choices}) for kind, count in counts.items() if count]


def _measuring_first(reading: FormatReading) -> list[tuple[Member, FileAssignment]]:
    """Sort the pictures so that a copy in both train and test is kept where it measures, not where it leaks."""
    return sorted(
        reading.pictures,
        key=lambda pair: (measuring_rank(pair[1].split or Split.TRAIN), natural_order(pair[0].name)),
    )


def _files_of(chosen: list[tuple[Member, FileAssignment]]) -> list[tuple[Member, list[FileAssignment]]]:
    """Join the assignments of each file; one with several boxes has one for each."""
    files: list[tuple[Member, list[FileAssignment]]] = []
    for member, assignment in chosen:
        if assignment.box is not None and files and files[-1][0] is member:
            files[-1][1].append(assignment)
        else:
            files.append((member, [assignment]))
    return files


def _examine(
    files: list[tuple[Member, list[FileAssignment]]],
    folder: Path,
    pixel_range: PixelRange | None,
    crops: CropConfig | None,
    containers: ContainerConfig | None,
    channels: ChannelMapping | None,
    *,
    refer: bool,
) -> Generator[tuple[Member, list[Outcome]]]:
    """Read, check and store every file, in order; decoding uses all cores. After close, nothing is written."""
    pool = ThreadPoolExecutor(max_workers=os.cpu_count())
    try:
        waiting: deque[tuple[Member, Future[list[Outcome]]]] = deque()
        for member, assignments in files:
            # Files of an archive have no path; they are copied.
            location = member.path.resolve() if refer and member.path else None
            try:
                container = container_in(member)
                # One after another, because a zip is one stream.
                frames = (
                    frames_inside(member, container, containers or ContainerConfig())
                    if container
                    else frames_of(member.read())
                )
            except UnreadableMemberError as error:
                failed: Future[list[Outcome]] = Future()
                failed.set_result([(assignment, error.reason) for assignment in assignments])
                waiting.append((member, failed))
            else:
                stored = pool.submit(
                    store_file,
                    frames,
                    assignments,
                    folder,
                    location,
                    pixel_range,
                    crops or CropConfig(),
                    channels,
                )
                waiting.append((member, stored))
            if len(waiting) >= _PICTURES_IN_FLIGHT:
                member_done, future = waiting.popleft()
                yield member_done, future.result()
        for member_done, future in waiting:
            yield member_done, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def manifest_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Make the manifest of new pictures, in natural order."""
    rows.sort(key=lambda row: (natural_order(str(row["label"])), natural_order(str(row["name"]))))
    pictures = pd.DataFrame(rows)
    pictures["id"] = picture_ids(pictures["sha256"], taken=())
    return complete_manifest(pictures)


def picture_ids(hashes: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Make short ids from contents; the same content under a second label gets a suffix."""
    used = set(taken)
    ids = []
    for sha256 in hashes:
        short = sha256[:16]
        free = (short if turn == 1 else f"{short}-{turn}" for turn in count(1))
        ids.append(next(identifier for identifier in free if identifier not in used))
        used.add(ids[-1])
    return ids


def no_picture(skipped: Sequence[Skipped], source_name: str) -> DataError:
    """Make the error for a source without a usable picture."""
    return DataError(
        N_(
            "No usable picture was found in {source}. The first file, {file}, was left out: {reason}. "
            "Expected is one folder of pictures for each class."
        ),
        source=source_name,
        file=skipped[0].file,
        reason=skipped[0].reason.message,
    )
