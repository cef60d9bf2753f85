"""Edits of whole versions: restore one, erase pictures from all."""

from __future__ import annotations

import shutil
from collections.abc import Collection

from core.data.dataset import Dataset, erased_file, open_dataset, stored_path, thumbnail_path
from core.data.editing.change import changing
from core.data.export import remove_exports
from core.data.version_record import Edit, EditKind
from core.files import read_json, write_json
from core.workspace import Project


def restore_version(project: Project, number: int) -> Dataset:
    """Write the content of an earlier version as the newest one, without erased pictures.

    Raises:
        NotFoundError: there is no such version.
    """
    with changing(project) as change:
        earlier = open_dataset(project, number)
        edit = Edit(kind=EditKind.VERSION_RESTORED, values={"number": number})
        names = earlier.all_class_names
        change.write(earlier.all_pictures, edit, class_names=names, skipped=earlier.skipped)
    return change.dataset


def erase(project: Project, ids: Collection[str]) -> Dataset:
    """Delete pictures from every version and from the disk; this cannot be undone. Referenced files stay."""
    with changing(project) as change:
        chosen = change.rows(ids)
        doomed = change.pictures[chosen]
        left = change.pictures[~chosen]
        # A picture with another label still needs its file.
        gone = doomed[~doomed["sha256"].isin(left["sha256"])]
        # First, so that after a crash no version shows them.
        file = erased_file(project.dataset)
        earlier = read_json(file) if file.exists() else []
        write_json(file, sorted({*earlier, *gone["sha256"]}))
        for _, picture in gone.iterrows():
            thumbnail_path(project.dataset, picture["sha256"]).unlink(missing_ok=True)
            if not picture["location"]:
                stored_path(project.dataset, picture).unlink(missing_ok=True)
        shutil.rmtree(project.dataset / "arrays", ignore_errors=True)
        remove_exports(project)
        change.write(left, Edit(kind=EditKind.ERASED, values={"count": len(doomed)}))
    return open_dataset(project)
