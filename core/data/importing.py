"""Atomic imports from an archive, a folder or a camera, into a new or an existing project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from core.data.dataset import Dataset, Ranges, image_path, open_dataset, thumbnail_path, write_version
from core.data.deep_pictures import require_same_range, settle_range
from core.data.editing.change import changing, user_name
from core.data.editing.splits import copies_of_test
from core.data.editing.versions import show_again
from core.data.formats.summary import Understanding
from core.data.group_salt import share_salt
from core.data.images.channels import ChannelMapping
from core.data.import_config import ImportConfig
from core.data.labels.class_names import checked_class_name, checked_label
from core.data.labels.label_sets import named_classes, renamed, require_plain_names
from core.data.labels.layout import FileAssignment
from core.data.labels.task import Task
from core.data.manifest import complete_manifest, empty_manifest
from core.data.near_duplicates.hash_index import keep_window_hashes, read_window_hashes
from core.data.near_duplicates.search import near_duplicate_groups
from core.data.notes import Note
from core.data.pixels.channel_choice import require_same_channels
from core.data.pixels.decoder_changes import drop_outdated
from core.data.reading import (
    manifest_of,
    no_picture,
    picture_ids,
    read_source,
    rows_of,
)
from core.data.skip_reasons import Reason, Skipped, SkipReason
from core.data.sources.opening import Member
from core.data.split.splitting import SplitConfig, deal_additions, draw_split, joined_groups
from core.data.split.sufficiency import require_two_classes, require_two_labels, unusable_classes
from core.data.version_record import Edit, EditKind, drawn_split
from core.errors import ConfigError, DataError
from core.messages import N_
from core.natural_order import natural_order
from core.progress import Progress, QuietProgress
from core.workspace import Project, close_staging, open_staging, publish_project, require_free_name

# Stands for any label of a picture.
_ANY_LABEL = "any"


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """Result of an import: pictures by class, and the files that were left out."""

    project: Project
    classes: dict[str, int]
    skipped: tuple[Skipped, ...]
    # None for single pictures, which need no understanding.
    understanding: Understanding | None = None


def import_dataset(
    source: Path, name: str, config: ImportConfig | None = None, progress: Progress | None = None
) -> ImportReport:
    """Make a project from an archive or a folder.

    Raises:
        InvalidNameError, ProjectExistsError: the name cannot be used.
        ConfirmationNeededError: the source can be misunderstood.
        ArchiveError, DataError: the source cannot become a dataset.
        JobStopped: the user stopped the import. After any error, nothing remains.
    """
    config = config or ImportConfig()
    progress = progress or QuietProgress()
    require_free_name(name)
    with _staging() as staging:
        reading = read_source(source, staging / "dataset", config, None, progress)
        pictures, skipped = reading.pictures, reading.skipped
        task = Task.MULTI_LABEL if reading.understanding.multi_label else Task.MULTI_CLASS
        if task is Task.MULTI_LABEL:
            pictures["label"] = renamed(pictures["label"], {}, _classes_of(pictures, task))
        if not config.unlabelled:
            pictures, too_small = _without_unusable_classes(pictures, task)
            skipped += too_small
        pictures["group"] = _groups(pictures, staging / "dataset")
        split = config.split or SplitConfig()
        pictures["split"] = "" if config.unlabelled else _first_split(pictures, split, task)
        write_version(
            staging / "dataset",
            pictures,
            _classes_of(pictures, task),
            skipped,
            Edit(kind=EditKind.IMPORTED, values={"source": source.name, "count": len(pictures)}),
            who=user_name(),
            task=task,
            split=split,
            notes=reading.understanding.notes,
            ranges=reading.ranges,
            channels=reading.channels,
        )
        project = publish_project(staging, name)
    return ImportReport(
        project=project,
        classes=_count_classes(pictures, task),
        skipped=tuple(skipped),
        understanding=reading.understanding,
    )


def create_project(name: str, class_names: Iterable[str] = (), task: Task = Task.MULTI_CLASS) -> Project:
    """Make a project without pictures.

    Raises:
        InvalidNameError, ProjectExistsError, ClassNameError: a name cannot be used.
    """
    require_free_name(name)
    names: list[str] = []
    for label in class_names:
        names.append(checked_class_name(label, names))
    require_plain_names(names, task)
    with _staging() as staging:
        edit = Edit(kind=EditKind.STARTED_EMPTY)
        write_version(staging / "dataset", empty_manifest(), names, [], edit, who=user_name(), task=task)
        return publish_project(staging, name)


def add_pictures(
    project: Project, source: Path, config: ImportConfig | None = None, progress: Progress | None = None
) -> ImportReport:
    """Add the usable pictures of an archive or a folder to a project, in one new version.

    Pictures that the project already has are left out. The test set does not change; near
    duplicates of test pictures are excluded from training.

    Raises:
        ArchiveError, DataError: the source has no usable picture; the project is unchanged.
        ConfigError: ``config`` asks for several labels in a multi-class project.
        JobStopped: the user stopped the import; the project is unchanged.
    """
    config = config or ImportConfig()
    progress = progress or QuietProgress()
    with _staging() as staging:
        drop_outdated(open_dataset(project), progress)
        folder, there = staging / "dataset", open_dataset(project)
        config = _config_for(there, config)
        reading = read_source(source, folder, config, there, progress)
        if reading.understanding.multi_label and there.task is not Task.MULTI_LABEL:
            raise _single_labels_only()
        added, known = _publish_additions(
            project,
            reading.pictures,
            reading.skipped,
            folder,
            config,
            Edit(kind=EditKind.ADDED, values={"source": source.name}),
            source.name,
            reading.understanding.notes,
            reading.ranges,
            reading.channels,
        )
    return ImportReport(
        project=project,
        classes=_count_classes(added, there.task),
        skipped=(*reading.skipped, *known),
        understanding=reading.understanding,
    )


def add_to_class(
    project: Project,
    label: str,
    files: Sequence[tuple[str, bytes]],
    groups: Sequence[str] = (),
    edit: Edit | None = None,
) -> ImportReport:
    """Add single pictures, such as camera shots, to a class or unlabelled ("").

    A new class is made. In a multi-label dataset, ``label`` can name several classes.

    Args:
        files: name and bytes of each picture.
        groups: name of each picture's group, such as a burst; "" for none. Optional.
        edit: what the history tells, but for the number of pictures; None: that they were added to a class.
    Raises:
        ClassNameError: a new class has an invalid name.
        DataError: none of the files is a picture.
    """
    there = open_dataset(project)
    label = checked_label(label, there.all_class_names, there.task)
    members = [Member(name=name, parts=(name,), read=_bytes_reader(data)) for name, data in files]
    assignments = [
        FileAssignment(label=label, split=None, group=group) for group in groups or [""] * len(files)
    ]
    chosen = list(zip(members, assignments, strict=True))
    with _staging() as staging:
        folder = staging / "dataset"
        share_salt(there.folder, folder)
        quiet, known_values = QuietProgress(), there.pixel_range
        rows, skipped = rows_of(
            chosen, folder, {label: label}, quiet, pixel_range=known_values, channels=there.channels
        )
        if not rows:
            raise no_picture(skipped, label)
        ranges, notes = settle_range(rows, folder, known_values, there, quiet)
        pictures = manifest_of(rows)
        kind = EditKind.ADDED_TO_CLASS if label else EditKind.ADDED_UNLABELLED
        edit = edit or Edit(kind=kind, values={"source": label})
        added, known = _publish_additions(
            project, pictures, skipped, folder, ImportConfig(), edit, label, notes, ranges, there.channels
        )
    return ImportReport(
        project=project, classes=_count_classes(added, there.task), skipped=(*skipped, *known)
    )


@contextmanager
def _staging() -> Iterator[Path]:
    """Provide a folder for unpublished files and remove it in every case."""
    staging = open_staging()
    try:
        yield staging
    except OSError as error:
        raise DataError(
            N_(
                "The import stopped: {error}. Nothing was kept. Make room on the disk or check the folder, then try again."
            ),
            error=error.strerror or str(error),
        ) from error
    finally:
        close_staging(staging)


def _config_for(there: Dataset, config: ImportConfig) -> ImportConfig:
    """Adapt the config to an existing project: added pictures have several labels if its own have."""
    is_multi_label = there.task is Task.MULTI_LABEL
    if config.multi_label and not is_multi_label:
        raise _single_labels_only()
    return replace(config, multi_label=is_multi_label)


def _single_labels_only() -> ConfigError:
    return ConfigError(
        N_(
            "The pictures of this project have one label each, so those that are added cannot have several. "
            "Import them as a new project."
        )
    )


def _first_split(pictures: pd.DataFrame, config: SplitConfig, task: Task) -> pd.Series:
    # The others are drawn when they are labelled.
    labelled = pictures[pictures["label"] != ""]
    return draw_split(labelled, config, task).reindex(pictures.index, fill_value="")


def _without_unusable_classes(pictures: pd.DataFrame, task: Task) -> tuple[pd.DataFrame, list[Skipped]]:
    """Drop the pictures of classes that are too small to be learnt.

    A multi-label dataset keeps them: they are examples of the other classes.
    """
    if task is Task.MULTI_LABEL:
        named = named_classes(pictures["label"], task)
        require_two_labels(named, unusable_classes(named, pictures["supplied_split"].loc[named.index]))
        return pictures, []
    named = named_classes(pictures["label"], task)
    left_out = unusable_classes(named, pictures["supplied_split"].loc[named.index])
    require_two_classes(named, left_out)
    is_left_out = pictures["label"].isin(left_out)
    dropped = pictures[is_left_out]
    skipped = [
        Skipped(file=name, reason=left_out[label])
        for name, label in zip(dropped["name"], dropped["label"], strict=True)
    ]
    return pictures[~is_left_out].reset_index(drop=True), skipped


def _publish_additions(
    project: Project,
    pictures: pd.DataFrame,
    skipped: list[Skipped],
    staged: Path,
    config: ImportConfig,
    edit: Edit,
    source_name: str,
    notes: Sequence[Note],
    ranges: Ranges,
    channels: ChannelMapping | None,
) -> tuple[pd.DataFrame, list[Skipped]]:
    """Move the new pictures' files in and write the version; return the new pictures and the known ones."""
    with changing(project) as change:
        require_same_range(ranges.pixel_range, change.dataset)
        require_same_channels(channels, change.dataset)
        there = change.pictures
        task = change.dataset.task
        new, known = _without_known(pictures, there, task)
        if new.empty:
            raise DataError(
                N_("Nothing was added: the project already has all {count} pictures of {source}."),
                count=len(pictures),
                source=source_name,
            )
        new["id"] = picture_ids(new["sha256"], taken=there["id"])
        together = complete_manifest(pd.concat([there, new], ignore_index=True))
        is_new = pd.Series([False] * len(there) + [True] * len(new))
        _move_files(staged, project.dataset, new)
        show_again(project.dataset, new["sha256"])
        keep_window_hashes(project.dataset, read_window_hashes(staged))
        together["group"] = _groups(together, project.dataset, added=is_new)
        dealt = is_new & (together["label"] != "")
        split = config.split or drawn_split(project.dataset)
        together["split"] = deal_additions(together, dealt, split, task)
        together.loc[copies_of_test(together, is_new), "excluded"] = True
        edit = Edit(kind=edit.kind, values={**edit.values, "count": len(new)})
        left_out = [*change.dataset.skipped, *skipped, *known]
        own = change.dataset.ranges if change.dataset.pixel_range else ranges
        change.write(together, edit, skipped=left_out, notes=notes, ranges=own, channels=channels)
    return new, known


def _without_known(
    pictures: pd.DataFrame, there: pd.DataFrame, task: Task
) -> tuple[pd.DataFrame, list[Skipped]]:
    """Separate the pictures that are new to the project from those that it already has.

    In a multi-label dataset, a labelled picture stays unchanged.
    """
    if task is Task.MULTI_LABEL:
        there = there.assign(label=there["label"].where(there["label"] == "", _ANY_LABEL))
    names = dict(zip(zip(there["label"], there["sha256"], strict=True), there["name"], strict=True))
    by_content = dict(zip(there["sha256"], there["name"], strict=True))
    known: list[Skipped] = []
    is_new = []
    for file, label, sha256 in zip(pictures["name"], pictures["label"], pictures["sha256"], strict=True):
        # An unlabelled copy of a known picture adds nothing.
        key = _ANY_LABEL if task is Task.MULTI_LABEL and label else label
        other = names.get((key, sha256)) or (by_content.get(sha256) if not label else None)
        is_new.append(other is None)
        if other is not None:
            reason = Reason(code=SkipReason.DUPLICATE, values={"other": other})
            known.append(Skipped(file=file, reason=reason))
    return pictures[is_new].reset_index(drop=True), known


def _groups(pictures: pd.DataFrame, folder: Path, added: pd.Series | None = None) -> pd.Series:
    """Join copies, near duplicates and the user's groups, computed only for ``added`` pictures if given."""
    near_copies = near_duplicate_groups(pictures, folder, added=added)
    return joined_groups(pictures["group"], pictures["sha256"], near_copies)


def _move_files(staged: Path, folder: Path, pictures: pd.DataFrame) -> None:
    for _, picture in pictures.iterrows():
        paths = [thumbnail_path(staged, picture["sha256"])]
        if not picture["location"]:
            paths.append(image_path(staged, picture["sha256"], picture["extension"]))
        for path in paths:
            target = folder / path.relative_to(staged)
            target.parent.mkdir(parents=True, exist_ok=True)
            # A picture with two labels is one file.
            if path.exists():
                path.replace(target)


def _classes_of(pictures: pd.DataFrame, task: Task) -> list[str]:
    return sorted(set(named_classes(pictures["label"], task)), key=natural_order)


def _count_classes(pictures: pd.DataFrame, task: Task) -> dict[str, int]:
    counts = named_classes(pictures["label"], task).value_counts()
    return {label: int(counts[label]) for label in _classes_of(pictures, task)}


def _bytes_reader(data: bytes) -> Callable[[], bytes]:
    return lambda: data
