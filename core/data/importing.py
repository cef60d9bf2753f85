"""Pictures from a zip, a folder or a camera become a project, or join one, whole or not at all.

Every file is read once: hashed, decoded to prove that it is a picture, stored,
measured, and given a thumbnail. Files that cannot be used are left out by name and reason.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, fields
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd

from core.data.classes import checked_class_name, natural_order
from core.data.dataset import (
    Dataset,
    Skipped,
    complete_manifest,
    empty_manifest,
    image_path,
    thumbnail_path,
    write_version,
)
from core.data.decoding import examine_picture
from core.data.editing import changing, user_name
from core.data.layout import Place, Split, is_companion, read_layout, spelling_of_classes
from core.data.sheet import (
    NOT_IN_SHEET,
    Sheet,
    SheetColumns,
    find_sheet,
    places_from_sheet,
    read_sheet,
)
from core.data.similarity import near_duplicate_groups
from core.data.sources import Listing, Member, UnreadableMemberError, open_source
from core.data.splitting import SplitConfig, deal_additions, draw_split, joined_groups
from core.data.sufficiency import require_two_classes, unusable_classes
from core.errors import ConfigError, DataError, UnreadableImageError
from core.files import sha256_bytes
from core.messages import N_, Message
from core.progress import Progress, QuietProgress, Stage, raise_if_stopped
from core.workspace import Project, open_staging, publish_project, require_free_name

NOT_IN_A_CLASS = N_("it lies in no class folder")
NOT_A_PICTURE = N_("it is not a picture, or of a kind that cannot be read")
SAME_AS = N_("it is the same picture as {other}")
_PICTURES_IN_FLIGHT = 32  # bounds memory: so many files are held at once


@dataclass(frozen=True, kw_only=True)
class ImportConfig:
    """How a source is read.

    Classes come from a table (``sheet``, or one inside the source with ``sheet_inside`` or where
    folders name no classes), else from folders.
    """

    merge_case: bool = False  # "Cat" and "cat" become one class
    unlabelled: bool = False  # folders say nothing, the pictures are labelled later
    refer: bool = False  # leave a folder's pictures where they are instead of copying them
    sheet: Path | None = None
    sheet_inside: bool = False
    columns: SheetColumns | None = None  # of the sheet; None: told by their names and cells
    split: SplitConfig = field(default_factory=SplitConfig)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"sheet": str(self.sheet) if self.sheet else None}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> ImportConfig:
        """The config that ``record`` tells of; what it lacks is as by default, what else it holds is ignored."""
        known = {item.name: record[item.name] for item in fields(cls) if item.name in record}
        if known.get("sheet"):
            known["sheet"] = Path(known["sheet"])
        if known.get("columns"):
            known["columns"] = SheetColumns(**known["columns"])
        if "split" in known:
            known["split"] = SplitConfig(**known["split"])
        return cls(**known)


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import brought: pictures by class, and the files that were left out."""

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
        pictures, skipped = _read_source(source, staging / "dataset", config, (), progress)
        if not config.unlabelled:
            pictures, too_small = _without_unusable_classes(pictures)
            skipped += too_small
        pictures["group"] = _groups(pictures, staging / "dataset")
        pictures["split"] = "" if config.unlabelled else draw_split(pictures, config.split)
        write_version(
            staging / "dataset",
            pictures,
            _classes_of(pictures),
            skipped,
            Message(
                N_("Imported from {source}. Pictures: {count}"),
                {"source": source.name, "count": len(pictures)},
            ),
            who=user_name(),
            split_seed=config.split.seed,
            split=asdict(config.split),
        )
        project = publish_project(staging, name)
    return ImportReport(project=project, classes=_count_classes(pictures), skipped=tuple(skipped))


def create_project(name: str, class_names: Iterable[str] = ()) -> Project:
    """A project without pictures, to be filled class by class.

    Raises:
        InvalidNameError, ProjectExistsError, ClassNameError: a name cannot be used.
    """
    require_free_name(name)
    names: list[str] = []
    for label in class_names:
        names.append(checked_class_name(label, names))
    with _staging() as staging:
        what = Message(N_("Started without pictures"))
        write_version(staging / "dataset", empty_manifest(), names, [], what, who=user_name())
        return publish_project(staging, name)


def add_pictures(
    project: Project, source: Path, config: ImportConfig | None = None, progress: Progress | None = None
) -> ImportReport:
    """Add a zip or folder of class folders to a project: all that is usable, in one new version.

    Files that the project holds already are left out by name. The test pictures stay what they
    were; what looks almost like one of them is excluded, so that it is not learnt.

    Raises:
        ArchiveError, DataError: nothing usable was found; the project stays as it was.
        JobStopped: the user asked to stop; the project stays as it was.
    """
    config = config or ImportConfig()
    progress = progress or QuietProgress()
    with _staging() as staging:
        folder = staging / "dataset"
        with changing(project) as change:
            known_classes = change.dataset.all_class_names
        pictures, skipped = _read_source(source, folder, config, known_classes, progress)
        what = N_("Added from {source}. Pictures: {count}")
        added, known = _publish_additions(project, pictures, skipped, folder, config, what, source.name)
    return ImportReport(project=project, classes=_count_classes(added), skipped=(*skipped, *known))


def add_to_class(
    project: Project, label: str, files: Sequence[tuple[str, bytes]], groups: Sequence[str] = ()
) -> ImportReport:
    """Add single pictures, as from a camera, to a class (made if it is new), or unlabelled ("").

    Args:
        files: a name and the bytes of each picture.
        groups: for each picture the name of its group, such as a burst, or "" where it has none;
            none need be given.
    Raises:
        ClassNameError: the class cannot bear this name.
        DataError: none of the files is a picture.
    """
    with changing(project) as change:
        known_classes = change.dataset.all_class_names
    if label and label not in known_classes:
        label = checked_class_name(label, known_classes)
    members = [Member(name=name, parts=(name,), read=_bytes_reader(data)) for name, data in files]
    places = [Place(label=label, split=None, group=group) for group in groups or [""] * len(files)]
    chosen = list(zip(members, places, strict=True))
    with _staging() as staging:
        folder = staging / "dataset"
        rows, skipped = _rows_of(chosen, folder, {label: label}, QuietProgress())
        if not rows:
            raise _no_picture(skipped, label)
        pictures = _manifest(rows)
        what = (
            N_("Added to “{source}”. Pictures: {count}")
            if label
            else N_("Added without a label. Pictures: {count}")
        )
        added, known = _publish_additions(project, pictures, skipped, folder, ImportConfig(), what, label)
    return ImportReport(project=project, classes=_count_classes(added), skipped=(*skipped, *known))


def settle_split(project: Project, config: SplitConfig | None = None) -> Dataset:
    """Deal the labelled pictures that have no part yet; the newest version."""
    with changing(project) as change:
        pictures = change.pictures
        undealt = (pictures["split"] == "") & (pictures["label"] != "")
        if undealt.any():
            split = deal_additions(pictures, undealt, config or SplitConfig())
            what = Message(N_("Divided new pictures. Pictures: {count}"), {"count": int(undealt.sum())})
            change.write(pictures.assign(split=split), what)
    return change.dataset


@contextmanager
def _staging() -> Iterator[Path]:
    """A folder for what is not published yet; whatever happens, nothing of it is left behind."""
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


def _read_source(
    source: Path, folder: Path, config: ImportConfig, known_classes: Collection[str], progress: Progress
) -> tuple[pd.DataFrame, list[Skipped]]:
    """A manifest of what a source holds, its files stored in ``folder``, and what was left out."""
    progress.stage(Stage.READING)
    if config.refer and not source.is_dir():
        raise ConfigError(
            N_("Only the pictures of a folder can be left where they are; {source} is none."),
            source=source.name,
        )
    with open_source(source) as listing:
        skipped = [Skipped(file=name, reason=reason) for name, reason in listing.refused]
        if not listing.members and not skipped:
            raise DataError(
                N_("{source} is empty. Choose one with a folder of pictures for each class."),
                source=source.name,
            )
        chosen, without_class = _choose(listing, config, source.name)
        skipped += without_class
        labels = [place.label for _, place in chosen]
        spelling = _spelling(labels, known_classes, merge_case=config.merge_case)
        rows, unusable = _rows_of(chosen, folder, spelling, progress, refer=config.refer)
    skipped += unusable
    if not rows:
        raise _no_picture(skipped, source.name)
    return _manifest(rows), skipped


def _spelling(labels: list[str], known: Collection[str], *, merge_case: bool) -> dict[str, str]:
    """How each label is written: as the project writes it already, else as the source does."""
    spelling = spelling_of_classes([*labels, *known], merge_case=merge_case)
    by_capitals = {name.casefold(): name for name in known}
    return {label: by_capitals.get(label.casefold(), chosen) for label, chosen in spelling.items()}


def _rows_of(
    chosen: list[tuple[Member, Place]],
    folder: Path,
    spelling: dict[str, str],
    progress: Progress,
    *,
    refer: bool = False,
) -> tuple[list[dict[str, object]], list[Skipped]]:
    """A manifest's row for every usable file, and the others with their reasons."""
    rows: list[dict[str, object]] = []
    skipped: list[Skipped] = []
    seen: dict[tuple[str, str], str] = {}
    with closing(_examine(chosen, folder, refer=refer)) as outcomes:
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
            rows.append(
                {
                    **outcome,
                    "name": member.name,
                    "label": label,
                    "supplied_split": supplied,
                    "split": "",
                    "group": place.group or outcome["sha256"],
                }
            )
    return rows, skipped


def _choose(
    listing: Listing, config: ImportConfig, source_name: str
) -> tuple[list[tuple[Member, Place]], list[Skipped]]:
    """The files worth reading with their places, and those that stand in no class."""
    sheet = _sheet_of(listing, config, source_name)
    if sheet is not None:
        told = places_from_sheet(sheet, listing.members, config.columns)
        places, reason = told.places, Message(NOT_IN_SHEET, {"sheet": sheet.name})
        skipped = [Skipped(file=name, reason=why) for name, why in told.refused]
    else:
        places, reason = read_layout(listing.members, unlabelled=config.unlabelled), Message(NOT_IN_A_CLASS)
        skipped = []
    chosen = []
    for member, place in zip(listing.members, places, strict=True):
        if is_companion(member):
            if sheet is None or member.name != sheet.name:
                skipped.append(Skipped(file=member.name, reason=Message(NOT_A_PICTURE)))
        elif place is None:
            skipped.append(Skipped(file=member.name, reason=reason))
        else:
            chosen.append((member, place))
    # A copy that stands in both train and test is kept where it measures, not where it would leak.
    order = {Split.TEST: 0, Split.VALIDATION: 1, Split.TRAIN: 2, None: 2}
    chosen.sort(key=lambda pair: (order[pair[1].split], natural_order(pair[0].name)))
    return chosen, skipped


def _sheet_of(listing: Listing, config: ImportConfig, source_name: str) -> Sheet | None:
    """The table that says the classes, if one does."""
    if config.unlabelled:
        return None
    if config.sheet is not None:
        return read_sheet(config.sheet.read_bytes(), config.sheet.name)
    if not config.sheet_inside and _folders_name_classes(listing):
        return None
    member = find_sheet(listing)
    if member is not None:
        return read_sheet(member.read(), member.name)
    if config.sheet_inside:
        raise DataError(
            N_(
                "No table with the pictures' file names was found in {source}. "
                "Put one into it (CSV or Excel), or choose it beside it."
            ),
            source=source_name,
        )
    return None


def _folders_name_classes(listing: Listing) -> bool:
    places = read_layout([member for member in listing.members if not is_companion(member)])
    return len({place.label for place in places if place}) > 1


def _examine(
    chosen: list[tuple[Member, Place]], folder: Path, *, refer: bool
) -> Generator[tuple[Place, Member, dict[str, object] | Message]]:
    """Read, prove and store every file, in order; decoding uses every core. Once closed, nothing is written."""
    pool = ThreadPoolExecutor(max_workers=os.cpu_count())
    try:
        waiting: deque[tuple[Place, Member, Future[dict[str, object] | Message]]] = deque()
        for member, place in chosen:
            location = member.path.resolve() if refer and member.path else None  # in an archive: copied
            try:
                data = member.read()  # one after another: a zip is one stream
            except UnreadableMemberError as error:
                failed: Future[dict[str, object] | Message] = Future()
                failed.set_result(error.reason)
                waiting.append((place, member, failed))
            else:
                waiting.append((place, member, pool.submit(_store_picture, data, folder, location)))
            if len(waiting) >= _PICTURES_IN_FLIGHT:
                place_done, member_done, future = waiting.popleft()
                yield place_done, member_done, future.result()
        for place_done, member_done, future in waiting:
            yield place_done, member_done, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _store_picture(data: bytes, folder: Path, location: Path | None) -> dict[str, object] | Message:
    """Write a picture (unless its ``location`` is kept) and its thumbnail; its part of a manifest's row."""
    try:
        facts = examine_picture(data)
    except UnreadableImageError as error:
        return error.message
    sha256 = sha256_bytes(data)
    files = {thumbnail_path(folder, sha256): facts.thumbnail}
    if location is None:
        files[image_path(folder, sha256, facts.extension)] = data
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)  # in the staging folder: published whole or not at all
    return {
        "sha256": sha256,
        "width": facts.width,
        "height": facts.height,
        "size_bytes": len(data),
        "format": facts.format,
        "extension": facts.extension,
        "frames": facts.frames,
        "camera": facts.camera,
        "location": str(location) if location else "",
        **asdict(facts.measures),
    }


def _manifest(rows: list[dict[str, object]]) -> pd.DataFrame:
    """The manifest of new pictures, in natural order."""
    rows.sort(key=lambda row: (natural_order(str(row["label"])), natural_order(str(row["name"]))))
    pictures = pd.DataFrame(rows)
    pictures["id"] = _picture_ids(pictures["sha256"], taken=())
    return complete_manifest(pictures)


def _without_unusable_classes(pictures: pd.DataFrame) -> tuple[pd.DataFrame, list[Skipped]]:
    """The pictures of the classes that can be learnt, and the others as left out."""
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
    what: str,
    source_name: str,
) -> tuple[pd.DataFrame, list[Skipped]]:
    """Write the version with the new pictures, their files moved in first; they, and those known already."""
    with changing(project) as change:
        new, known = _without_known(pictures, change.pictures)
        if new.empty:
            raise DataError(
                N_("Nothing was added: the project holds all {count} pictures of {source} already."),
                count=len(pictures),
                source=source_name,
            )
        new["id"] = _picture_ids(new["sha256"], taken=change.pictures["id"])
        together = complete_manifest(pd.concat([change.pictures, new], ignore_index=True))
        is_new = pd.Series([False] * len(change.pictures) + [True] * len(new))
        _move_files(staged, project.dataset, new)
        together["group"] = _groups(together, project.dataset, added=is_new)
        dealt = is_new & (together["label"] != "")
        together["split"] = deal_additions(together, dealt, config.split)
        together.loc[_would_spoil_the_test(together, is_new), "excluded"] = True
        message = Message(what, {"source": source_name, "count": len(new)})
        change.write(together, message, skipped=[*change.dataset.skipped, *skipped, *known])
    return new, known


def _without_known(pictures: pd.DataFrame, there: pd.DataFrame) -> tuple[pd.DataFrame, list[Skipped]]:
    """The pictures that are new to the project, and the others as left out."""
    names = dict(zip(zip(there["label"], there["sha256"], strict=True), there["name"], strict=True))
    by_content = dict(zip(there["sha256"], there["name"], strict=True))
    known: list[Skipped] = []
    is_new = []
    for file, label, sha256 in zip(pictures["name"], pictures["label"], pictures["sha256"], strict=True):
        # Without a label, a picture says nothing that the one that is there does not say.
        other = names.get((label, sha256)) or (by_content.get(sha256) if not label else None)
        is_new.append(other is None)
        if other is not None:
            known.append(Skipped(file=file, reason=Message(SAME_AS, {"other": other})))
    return pictures[is_new].reset_index(drop=True), known


def _would_spoil_the_test(pictures: pd.DataFrame, is_new: pd.Series) -> pd.Series:
    """New pictures that look almost like one that was tested with before, whatever part they would take."""
    tested = pictures.loc[~is_new & (pictures["split"] == Split.TEST.value), "group"]
    return is_new & pictures["group"].isin(tested) & (pictures["supplied_split"] != Split.TEST.value)


def _groups(pictures: pd.DataFrame, folder: Path, added: pd.Series | None = None) -> pd.Series:
    """Copies, near copies and the user's own groups, joined; the groups of all but those ``added`` are known."""
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


def _classes_of(pictures: pd.DataFrame) -> list[str]:
    return sorted(set(pictures["label"]) - {""}, key=natural_order)


def _count_classes(pictures: pd.DataFrame) -> dict[str, int]:
    counts = pictures["label"].value_counts()
    return {label: int(counts[label]) for label in _classes_of(pictures)}


def _picture_ids(hashes: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Short ids from content; a second label for the same content gets a suffix."""
    used = set(taken)
    ids = []
    for sha256 in hashes:
        short = sha256[:16]
        free = (short if turn == 1 else f"{short}-{turn}" for turn in count(1))
        ids.append(next(identifier for identifier in free if identifier not in used))
        used.add(ids[-1])
    return ids


def _bytes_reader(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def _no_picture(skipped: Sequence[Skipped], source_name: str) -> DataError:
    """The error for a source without a single usable picture."""
    return DataError(
        N_(
            "No usable picture was found in {source}. The first file, {file}, was left out: {reason}. "
            "Expected is one folder of pictures for each class."
        ),
        source=source_name,
        file=skipped[0].file,
        reason=skipped[0].reason,
    )
