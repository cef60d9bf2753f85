"""Corrected answers become labelled pictures of the project, in a new version of its dataset.

They join train and validation, never test: pictures that are added because a classifier was wrong
about them are no sample of what it will see. The history names the run and its answers, and each
picture's name holds both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import relabel
from core.data.importing import add_to_class
from core.data.labels.class_names import checked_label
from core.data.version_record import Edit, EditKind
from core.errors import DataError
from core.files import sha256_bytes
from core.messages import N_, first_of
from core.prediction.queue.store import remove
from core.workspace import Project

_MOST_ANSWERS = 5  # that the history names


@dataclass(frozen=True, kw_only=True)
class AnsweredFile:
    """A picture with the label that a run gave it."""

    name: str
    data: bytes
    run: str
    answer: str


def correct(project: Project, label: str, files: Sequence[AnsweredFile]) -> Dataset:
    """Add pictures with their true label, and take them out of the queue. A new class is made.

    Pictures that the project has without a label get it. With several labels a picture, ``label``
    can name several classes, or none of them (“–”).

    Raises:
        ClassNameError: a new class has an invalid name.
        DataError: the label is empty, none of the files is a picture, or the project has one of them with another label.
    """
    there = open_dataset(project)
    if not label:
        raise DataError(N_("A correction needs a label: a class, or the name of a new one."))
    label = checked_label(label, there.all_class_names, there.task)
    by_content = {sha256_bytes(file.data): file for file in files}
    labels = _labels_of(there, by_content)
    _require_same_label(labels, label, by_content)
    new = [file for sha256, file in by_content.items() if sha256 not in labels]
    if new:
        _add(project, label, new)
    unlabelled = {sha256 for sha256, known in labels.items() if not known}
    if unlabelled:
        pictures = there.all_pictures
        relabel(project, pictures.loc[pictures["sha256"].isin(unlabelled), "id"].tolist(), label)
    remove(project, by_content)
    return open_dataset(project)


def _labels_of(dataset: Dataset, contents: Mapping[str, AnsweredFile]) -> dict[str, str]:
    """Labels of the files that the project has already, by content."""
    pictures = dataset.all_pictures
    known = pictures[pictures["sha256"].isin(set(contents))]
    return dict(zip(known["sha256"], known["label"], strict=True))


def _require_same_label(labels: Mapping[str, str], label: str, files: Mapping[str, AnsweredFile]) -> None:
    for sha256, known in labels.items():
        if known and known != label:
            raise DataError(
                N_(
                    "“{name}” is a picture of the project already, with the label “{label}”. Change the label on the Data page."
                ),
                name=files[sha256].name,
                label=known,
            )


def _add(project: Project, label: str, files: Sequence[AnsweredFile]) -> None:
    answers = Counter(file.answer for file in files)
    edit = Edit(
        kind=EditKind.CORRECTED,
        values={
            "label": label,
            "run": first_of(sorted({file.run for file in files})),
            "answers": ", ".join(name for name, _ in answers.most_common(_MOST_ANSWERS)),
        },
    )
    add_to_class(project, label, [(_stored_name(file), file.data) for file in files], edit=edit)


def _stored_name(file: AnsweredFile) -> str:
    """Name in the manifest: the run and its answer stand before the file's own name."""
    answer = file.answer.replace("/", "∕")
    return f"{file.run}/{answer}/{file.name.rsplit('/', 1)[-1]}"
