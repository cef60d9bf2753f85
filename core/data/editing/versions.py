"""Edits of whole versions: restore one, erase pictures from all."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from core.data.dataset import Dataset, erased_file, open_dataset, stored_path, thumbnail_path
from core.data.editing.change import changing
from core.data.exports.export import remove_exports
from core.data.manifest import drop_contents
from core.data.pixels.cache_removal import forget_pictures
from core.data.pixels.drawing import keep_drawn
from core.data.version_record import Edit, EditKind, drawn_split, versions_with_manifest
from core.files import read_json, write_json
from core.workspace import Project


def restore_version(project: Project, number: int) -> Dataset:
    """Write the content of an earlier version as the newest one, without erased pictures.

    Where the range of the values was another, thumbnails follow with ``follow_range``.

    Raises:
        NotFoundError: there is no such version.
    """
    with changing(project) as change:
        earlier = open_dataset(project, number)
        edit = Edit(kind=EditKind.VERSION_RESTORED, values={"number": number})
        names = earlier.all_class_names
        own = change.dataset.pixel_range
        # Before the first picture with more than 8 bits there was none.
        ranges = earlier.ranges if earlier.pixel_range else None
        if own is not None and ranges is not None and ranges.pixel_range != own:
            keep_drawn(project.dataset, own)
        change.write(
            earlier.all_pictures,
            edit,
            class_names=names,
            skipped=earlier.skipped,
            split=drawn_split(project.dataset, number),
            ranges=ranges,
        )
    return change.dataset


def erase(project: Project, ids: Collection[str]) -> Dataset:
    """Delete pictures from every version and from the disk; this cannot be undone. Referenced files stay.

    The only edit that changes earlier versions: their manifests lose the rows.
    """
    with changing(project) as change:
        chosen = change.rows(ids)
        doomed = change.pictures[chosen]
        left = change.pictures[~chosen]
        # A picture with another label still needs its file.
        gone = doomed[~doomed["sha256"].isin(left["sha256"])]
        # First, so that after a crash no version shows them.
        _write_erased(project.dataset, _erased(project.dataset) | set(gone["sha256"]))
        for _, picture in gone.iterrows():
            thumbnail_path(project.dataset, picture["sha256"]).unlink(missing_ok=True)
            if not picture["location"]:
                stored_path(project.dataset, picture).unlink(missing_ok=True)
        _forget(change.dataset, gone)
        remove_exports(project)
        change.write(left, Edit(kind=EditKind.ERASED, values={"count": len(doomed)}))
    return open_dataset(project)


def show_again(folder: Path, contents: Collection[str]) -> None:
    """Let versions show erased contents (sha256) again, because somebody adds them anew."""
    erased = _erased(folder)
    if not erased.isdisjoint(contents):
        _write_erased(folder, erased - set(contents))


def _forget(dataset: Dataset, gone: pd.DataFrame) -> None:
    """Remove pictures from earlier manifests and from the caches."""
    for version in versions_with_manifest(dataset.folder):
        drop_contents(dataset.folder, version, gone["sha256"])
    keys = pd.Series(dataset.over_all_pictures().decoded_keys, index=dataset.all_pictures.index)
    forget_pictures(dataset.folder, set(gone["sha256"]), set(keys[gone.index]), set(gone["id"]))


def _erased(folder: Path) -> set[str]:
    file = erased_file(folder)
    return set(read_json(file)) if file.exists() else set()


def _write_erased(folder: Path, contents: set[str]) -> None:
    write_json(erased_file(folder), sorted(contents))
