"""Imports from a zip, a folder or a camera, into a new project or an existing one. Each is atomic."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from core.data.dataset import (
    Dataset,
    complete_manifest,
    empty_manifest,
    image_path,
    open_dataset,
    thumbnail_path,
    write_version,
)
from core.data.editing import changing, user_name
from core.data.import_config import ImportConfig
from core.data.labels.class_names import checked_class_name, checked_label, natural_order
from core.data.labels.label_sets import named_classes, renamed, require_plain_names
from core.data.labels.layout import FileAssignment, Split
from core.data.labels.task import Task
from core.data.near_duplicates.search import near_duplicate_groups
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
from core.data.version_record import Edit, EditKind
from core.errors import ConfigError, DataError
from core.messages import N_
from core.progress import Progress, QuietProgress
from core.workspace import Project, open_staging, publish_project, require_free_name

_ANY_LABELS = "any"  # stands for whichever labels a picture has


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """Result of an import: pictures by class, and the files that were left out."""

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
    with _staging() as staging:
        pictures, skipped = read_source(source, staging / "dataset", config, (), progress)
        task = Task.MULTI_LABEL if config.multi_label else Task.MULTI_CLASS
        if config.multi_label:
            pictures["label"] = renamed(pictures["label"], {}, _classes_of(pictures, task))
        if not config.unlabelled:
            pictures, too_small = _without_unusable_classes(pictures, task)
            skipped += too_small
        pictures["group"] = _groups(pictures, staging / "dataset")
        pictures["split"] = "" if config.unlabelled else _first_split(pictures, config.split, task)
        write_version(
            staging / "dataset",
            pictures,
            _classes_of(pictures, task),
            skipped,
            Edit(kind=EditKind.IMPORTED, values={"source": source.name, "count": len(pictures)}),
            who=user_name(),
            task=task,
            split=config.split,
        )
        project = publish_project(staging, name)
    return ImportReport(project=project, classes=_count_classes(pictures, task), skipped=tuple(skipped))


def create_project(name: str, class_names: Iterable[str] = (), task: Task = Task.MULTI_CLASS) -> Project:
    """A project without pictures, to be filled class by class.

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
    """Add a zip or folder of class folders to a project: all that is usable, in one new version.

    Files that the project holds already are left out by name. The test pictures stay what they
    were; what looks almost like one of them is excluded, so that it is not learnt.

    Raises:
        ArchiveError, DataError: nothing usable was found; the project stays as it was.
        ConfigError: several labels are asked for in a project of single ones.
        JobStopped: the user asked to stop; the project stays as it was.
    """
    config = config or ImportConfig()
    progress = progress or QuietProgress()
    with _staging() as staging:
        folder, there = staging / "dataset", open_dataset(project)
        config = _config_for(there, config)
        pictures, skipped = read_source(source, folder, config, there.all_class_names, progress)
        added, known = _publish_additions(
            project, pictures, skipped, folder, config, EditKind.ADDED, source.name
        )
    return ImportReport(
        project=project, classes=_count_classes(added, there.task), skipped=(*skipped, *known)
    )


def add_to_class(
    project: Project, label: str, files: Sequence[tuple[str, bytes]], groups: Sequence[str] = ()
) -> ImportReport:
    """Add single pictures, as from a camera, to a class (made if it is new), or unlabelled ("").

    Where pictures have several labels, ``label`` may name several.

    Args:
        files: a name and the bytes of each picture.
        groups: for each picture the name of its group, such as a burst, or "" where it has none;
            none need be given.
    Raises:
        ClassNameError: the class cannot bear this name.
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
        rows, skipped = rows_of(chosen, folder, {label: label}, QuietProgress())
        if not rows:
            raise no_picture(skipped, label)
        pictures = manifest_of(rows)
        kind = EditKind.ADDED_TO_CLASS if label else EditKind.ADDED_UNLABELLED
        added, known = _publish_additions(project, pictures, skipped, folder, ImportConfig(), kind, label)
    return ImportReport(
        project=project, classes=_count_classes(added, there.task), skipped=(*skipped, *known)
    )


def settle_split(project: Project, config: SplitConfig | None = None) -> Dataset:
    """Deal the labelled pictures that have no part yet; the newest version."""
    with changing(project) as change:
        pictures = change.pictures
        undealt = (pictures["split"] == "") & (pictures["label"] != "")
        if undealt.any():
            split = deal_additions(pictures, undealt, config or SplitConfig(), change.dataset.task)
            edit = Edit(kind=EditKind.NEW_PICTURES_SPLIT, values={"count": int(undealt.sum())})
            change.write(pictures.assign(split=split), edit)
    return change.dataset


@contextmanager
def _staging() -> Iterator[Path]:
    """Provide a folder for unpublished files, and remove it in every case."""
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
        shutil.rmtree(staging, ignore_errors=True)


def _config_for(there: Dataset, config: ImportConfig) -> ImportConfig:
    """Adapt the config to an existing project: added pictures have several labels if its own have."""
    several = there.task is Task.MULTI_LABEL
    if config.multi_label and not several:
        raise ConfigError(
            N_(
                "The pictures of this project have one label each, so those that are added cannot have several. "
                "Import them as a new project."
            )
        )
    return replace(config, multi_label=several)


def _first_split(pictures: pd.DataFrame, config: SplitConfig, task: Task) -> pd.Series:
    if task is not Task.MULTI_LABEL:
        return draw_split(pictures, config)
    labelled = pictures[pictures["label"] != ""]  # the others are dealt once they are labelled
    return draw_split(labelled, config, task).reindex(pictures.index, fill_value="")


def _without_unusable_classes(pictures: pd.DataFrame, task: Task) -> tuple[pd.DataFrame, list[Skipped]]:
    """Drop the pictures of classes that are too small to be learnt.

    With several labels none is left out: what shows a class too small shows, or lacks, the others.
    """
    if task is Task.MULTI_LABEL:
        named = named_classes(pictures["label"], task)
        require_two_labels(named, unusable_classes(named, pictures["supplied_split"].loc[named.index]))
        return pictures, []
    left_out = unusable_classes(pictures["label"], pictures["supplied_split"])
    require_two_classes(pictures["label"], left_out)
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
    kind: EditKind,
    source_name: str,
) -> tuple[pd.DataFrame, list[Skipped]]:
    """Move the new pictures' files in, and write the version; returns the new pictures and the known ones."""
    with changing(project) as change:
        there = change.pictures
        task = change.dataset.task
        new, known = _without_known(pictures, there, task)
        if new.empty:
            raise DataError(
                N_("Nothing was added: the project holds all {count} pictures of {source} already."),
                count=len(pictures),
                source=source_name,
            )
        new["id"] = picture_ids(new["sha256"], taken=there["id"])
        together = complete_manifest(pd.concat([there, new], ignore_index=True))
        is_new = pd.Series([False] * len(there) + [True] * len(new))
        _move_files(staged, project.dataset, new)
        together["group"] = _groups(together, project.dataset, added=is_new)
        dealt = is_new & (together["label"] != "")
        together["split"] = deal_additions(together, dealt, config.split, task)
        together.loc[_would_spoil_the_test(together, is_new), "excluded"] = True
        edit = Edit(kind=kind, values={"source": source_name, "count": len(new)})
        change.write(together, edit, skipped=[*change.dataset.skipped, *skipped, *known])
    return new, known


def _without_known(
    pictures: pd.DataFrame, there: pd.DataFrame, task: Task
) -> tuple[pd.DataFrame, list[Skipped]]:
    """Separate the pictures that are new to the project from those it has already.

    With several labels, one that is labelled already stays as it is: its labels are changed on the Data page.
    """
    if task is Task.MULTI_LABEL:
        there = there.assign(label=there["label"].where(there["label"] == "", _ANY_LABELS))
    names = dict(zip(zip(there["label"], there["sha256"], strict=True), there["name"], strict=True))
    by_content = dict(zip(there["sha256"], there["name"], strict=True))
    known: list[Skipped] = []
    is_new = []
    for file, label, sha256 in zip(pictures["name"], pictures["label"], pictures["sha256"], strict=True):
        # Without a label, a picture says nothing that the one that is there does not say.
        key = _ANY_LABELS if task is Task.MULTI_LABEL and label else label
        other = names.get((key, sha256)) or (by_content.get(sha256) if not label else None)
        is_new.append(other is None)
        if other is not None:
            reason = Reason(code=SkipReason.DUPLICATE, values={"other": other})
            known.append(Skipped(file=file, reason=reason))
    return pictures[is_new].reset_index(drop=True), known


def _would_spoil_the_test(pictures: pd.DataFrame, is_new: pd.Series) -> pd.Series:
    """Mark new pictures that are near duplicates of a test picture."""
    tested = pictures.loc[~is_new & (pictures["split"] == Split.TEST.value), "group"]
    return is_new & pictures["group"].isin(tested) & (pictures["supplied_split"] != Split.TEST.value)


def _groups(pictures: pd.DataFrame, folder: Path, added: pd.Series | None = None) -> pd.Series:
    """Join copies, near copies and the user's own groups. Only those of ``added`` pictures are computed."""
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
            if path.exists():  # under two labels, it is one file
                path.replace(target)


def _classes_of(pictures: pd.DataFrame, task: Task) -> list[str]:
    return sorted(set(named_classes(pictures["label"], task)), key=natural_order)


def _count_classes(pictures: pd.DataFrame, task: Task) -> dict[str, int]:
    counts = named_classes(pictures["label"], task).value_counts()
    return {label: int(counts[label]) for label in _classes_of(pictures, task)}


def _bytes_reader(data: bytes) -> Callable[[], bytes]:
    return lambda: data
