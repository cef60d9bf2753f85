"""A zip or folder of pictures becomes a project, whole or not at all.

Every file is read once: hashed, decoded to prove that it is a picture, stored,
and given a thumbnail. Files that cannot be used are left out by name and reason.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter, deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from core.data.dataset import (
    MANIFEST_COLUMNS,
    Skipped,
    image_path,
    thumbnail_path,
    write_splits,
    write_version,
)
from core.data.decoding import examine_picture
from core.data.layout import Place, Split, is_companion, read_layout, spelling_of_classes
from core.data.sources import Member, UnreadableMemberError, open_source
from core.data.splitting import SplitConfig, draw_split
from core.data.sufficiency import no_picture, unusable_classes
from core.errors import DataError, UnreadableImageError
from core.files import sha256_bytes
from core.messages import N_, Message
from core.progress import Progress, QuietProgress, Stage, raise_if_stopped
from core.workspace import Project, open_staging, publish_project, require_free_name

NOT_IN_A_CLASS = N_("it lies in no class folder")
NOT_A_PICTURE = N_("it is not a picture, or of a kind that cannot be read")
SAME_AS = N_("it is the same picture as {other}")
_MOST_DIGITS = 4000  # of a number in a name; Python refuses to read more than 4300
_PICTURES_IN_FLIGHT = 32  # bounds memory: so many files are held at once


@dataclass(frozen=True, kw_only=True)
class ImportConfig:
    """How a source is read."""

    merge_case: bool = False  # "Cat" and "cat" become one class
    split: SplitConfig = field(default_factory=SplitConfig)


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import brought."""

    project: Project
    classes: dict[str, int]
    skipped: tuple[Skipped, ...]


def import_dataset(
    source: Path, name: str, config: ImportConfig | None = None, progress: Progress | None = None
) -> ImportReport:
    """Make the project ``name`` from a zip or a folder of class folders.

    Raises:
        InvalidNameError, ProjectExistsError: the name cannot be used.
        ArchiveError, DataError: the source cannot become a dataset.
        JobStopped: the user asked to stop. As after any error, nothing remains.
    """
    config = config or ImportConfig()
    progress = progress or QuietProgress()
    require_free_name(name)
    staging = open_staging()
    try:
        progress.stage(Stage.READING)
        pictures, skipped = _read_pictures(source, staging / "dataset", config, progress)
        class_names = sorted(pictures["label"].unique(), key=natural_order)
        pictures["split"] = draw_split(pictures, config.split)
        write_splits(staging / "dataset", pictures)
        what = {"what": "import", "source": source.name, "split_seed": config.split.seed}
        write_version(staging / "dataset", pictures, class_names, skipped, what)
        counts = pictures["label"].value_counts()
        project = publish_project(staging, name)
    except OSError as error:
        raise DataError(
            N_(
                "The import stopped: {error}. Nothing was kept. Make room on the disk or check the folder, then try again."
            ),
            error=error.strerror or str(error),
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return ImportReport(
        project=project, classes={label: int(counts[label]) for label in class_names}, skipped=tuple(skipped)
    )


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A sorting key by which class 2 stands before class 10."""
    pieces = [piece for piece in re.split(r"(\d+)", name.casefold()) if piece]
    return [(0, int(piece), "") if _is_number(piece) else (1, 0, piece) for piece in pieces]


def _is_number(piece: str) -> bool:
    return piece.isdecimal() and len(piece) <= _MOST_DIGITS


def _read_pictures(
    source: Path, folder: Path, config: ImportConfig, progress: Progress
) -> tuple[pd.DataFrame, list[Skipped]]:
    with open_source(source) as listing:
        skipped = [Skipped(file=name, reason=reason) for name, reason in listing.refused]
        if not listing.members and not skipped:
            raise DataError(
                N_("{source} is empty. Choose one with a folder of pictures for each class."),
                source=source.name,
            )
        chosen, without_class = _choose(listing.members)
        skipped += without_class
        spelling = spelling_of_classes((place.label for _, place in chosen), merge_case=config.merge_case)
        rows: list[dict[str, object]] = []
        seen: dict[tuple[str, str], str] = {}
        with closing(_examine(chosen, folder)) as outcomes:
            for done, (place, member, outcome) in enumerate(outcomes, start=1):
                raise_if_stopped(progress)
                progress.advance(done, len(chosen))
                if isinstance(outcome, Message):
                    skipped.append(Skipped(file=member.name, reason=outcome))
                    continue
                label = spelling[place.label]
                content = label, str(outcome["sha256"])
                if content in seen:
                    reason = Message(SAME_AS, {"other": seen[content]})
                    skipped.append(Skipped(file=member.name, reason=reason))
                    continue
                seen[content] = member.name
                supplied = place.split.value if place.split else ""
                rows.append({**outcome, "name": member.name, "label": label, "supplied_split": supplied})
    return _manifest(rows, skipped, source.name)


def _choose(members: list[Member]) -> tuple[list[tuple[Member, Place]], list[Skipped]]:
    """The files worth reading with their places, and those that stand in no class folder."""
    chosen, skipped = [], []
    for member, place in zip(members, read_layout(members), strict=True):
        if is_companion(member):
            skipped.append(Skipped(file=member.name, reason=Message(NOT_A_PICTURE)))
        elif place is None:
            skipped.append(Skipped(file=member.name, reason=Message(NOT_IN_A_CLASS)))
        else:
            chosen.append((member, place))
    # A copy that stands in both train and test is kept where it measures, not where it would leak.
    order = {Split.TEST: 0, Split.VALIDATION: 1, Split.TRAIN: 2, None: 2}
    chosen.sort(key=lambda pair: (order[pair[1].split], natural_order(pair[0].name)))
    return chosen, skipped


def _examine(
    chosen: list[tuple[Member, Place]], folder: Path
) -> Generator[tuple[Place, Member, dict[str, object] | Message]]:
    """Read, prove and store every file, in order; decoding uses every core. Once closed, nothing is written."""
    pool = ThreadPoolExecutor(max_workers=os.cpu_count())
    try:
        waiting: deque[tuple[Place, Member, Future[dict[str, object] | Message]]] = deque()
        for member, place in chosen:
            try:
                data = member.read()  # one after another: a zip is one stream
            except UnreadableMemberError as error:
                failed: Future[dict[str, object] | Message] = Future()
                failed.set_result(error.reason)
                waiting.append((place, member, failed))
            else:
                waiting.append((place, member, pool.submit(_store_picture, data, folder)))
            if len(waiting) >= _PICTURES_IN_FLIGHT:
                place_done, member_done, future = waiting.popleft()
                yield place_done, member_done, future.result()
        for place_done, member_done, future in waiting:
            yield place_done, member_done, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _store_picture(data: bytes, folder: Path) -> dict[str, object] | Message:
    try:
        facts = examine_picture(data)
    except UnreadableImageError as error:
        return error.message
    sha256 = sha256_bytes(data)
    for path, content in (
        (image_path(folder, sha256, facts.extension), data),
        (thumbnail_path(folder, sha256), facts.thumbnail),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)  # in the staging folder: published whole or not at all
    return {
        "sha256": sha256,
        "group": sha256,
        "width": facts.width,
        "height": facts.height,
        "size_bytes": len(data),
        "format": facts.format,
        "extension": facts.extension,
    }


def _manifest(
    rows: list[dict[str, object]], skipped: list[Skipped], source_name: str
) -> tuple[pd.DataFrame, list[Skipped]]:
    """The manifest of the usable classes, in natural order, and what was left out with the others."""
    if not rows:
        raise no_picture(skipped, source_name)
    left_out = unusable_classes(rows)
    dropped = [
        Skipped(file=str(row["name"]), reason=left_out[str(row["label"])])
        for row in rows
        if row["label"] in left_out
    ]
    kept = [row for row in rows if row["label"] not in left_out]
    kept.sort(key=lambda row: (natural_order(str(row["label"])), natural_order(str(row["name"]))))
    pictures = pd.DataFrame(kept)
    pictures["id"] = _picture_ids(pictures["sha256"])
    return pictures[list(MANIFEST_COLUMNS)], [*skipped, *dropped]


def _picture_ids(hashes: Iterable[str]) -> list[str]:
    """Short ids from content; a second label for the same content gets a suffix."""
    seen: Counter[str] = Counter()
    ids = []
    for sha256 in hashes:
        seen[sha256] += 1
        ids.append(sha256[:16] if seen[sha256] == 1 else f"{sha256[:16]}-{seen[sha256]}")
    return ids
