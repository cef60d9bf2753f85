"""Specification of a search in its study: what a machine that joins must know.

It holds the settings and a fingerprint of the dataset. A dataset with other pictures,
labels or split is refused.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import optuna
from optuna.storages import RDBStorage

from core.data.dataset import Dataset, open_dataset
from core.data.version_record import version_numbers
from core.errors import SearchError
from core.files import digest_of
from core.messages import N_, Message
from core.records import Record
from core.search.config import SearchConfig
from core.search.study.database import open_database, without_password
from core.workspace import Project

_SPEC, _SPEC_OF_0_1_0 = "shared_spec", "order"  # attribute of the study
_PUBLISH_SECONDS = 10.0  # from the creation of a study to its specification
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class DatasetFingerprint(Record):
    """Digests of everything in a dataset that a trial's value depends on."""

    count: int  # of pictures
    pictures: str  # their content, in their order
    labels: str  # classes, task and labels
    split: str  # splits and groups

    @classmethod
    def of(cls, dataset: Dataset) -> DatasetFingerprint:
        """The fingerprint of a dataset version; names of groups do not matter."""
        pictures = dataset.pictures
        indices: dict[str, int] = {}
        groups = [indices.setdefault(group, len(indices)) for group in pictures["group"]]
        return cls(
            count=len(pictures),
            pictures=dataset.digest,
            labels=digest_of([list(dataset.class_names), dataset.task.value, pictures["label"].tolist()]),
            split=digest_of([pictures["split"].tolist(), groups]),
        )


@dataclass(frozen=True, kw_only=True)
class SharedSpec(Record):
    """A search as its study describes it to machines that join."""

    config: SearchConfig  # without the database's address, which may hold a password
    pictures: DatasetFingerprint


def write_shared_spec(study: optuna.Study, config: SearchConfig, dataset: Dataset) -> None:
    """Publish the specification to machines that join."""
    spec = SharedSpec(config=replace(config, storage=""), pictures=DatasetFingerprint.of(dataset)).to_json()
    if study.user_attrs.get(_SPEC) != spec:
        study.set_user_attr(_SPEC, spec)


def find_shared_spec(storage: str, search: str) -> tuple[str, SharedSpec]:
    """Find a search that another machine began.

    Args:
        search: its name, or ``project/name``.
    Returns:
        The study's name, ``project/name``, and its specification.
    Raises:
        SearchError: the database cannot be used, has no such search, or more than one.
    """
    database = open_database(storage, None)
    study = optuna.load_study(study_name=_only_study(database, storage, search), storage=database)
    deadline = time.monotonic() + _PUBLISH_SECONDS
    while (spec := _spec_of(study)) is None:
        if time.monotonic() > deadline:
            raise SearchError(
                N_("“{name}” is in the database, but it is not a search of Darkroom's."),
                name=study.study_name,
            )
        time.sleep(_LOOK_SECONDS)
    return study.study_name, replace(spec, config=replace(spec.config, storage=storage))


def matching_dataset(spec: SharedSpec, project: Project) -> Dataset:
    """The newest version of this machine's dataset that is the same as the search's.

    Raises:
        NotFoundError: the project has no pictures.
        SearchError: no version is the same; the message says how the newest differs.
    """
    newest = open_dataset(project)
    for number in reversed(version_numbers(project.dataset)):
        dataset = open_dataset(project, number)
        if DatasetFingerprint.of(dataset) == spec.pictures:
            return dataset
    raise SearchError(
        N_(
            "Project “{project}” cannot help this search: {difference}. Copy the folder “dataset” of the "
            "project from the machine that began it, so that both have the same pictures and split."
        ),
        project=project.name,
        difference=_difference(DatasetFingerprint.of(newest), spec.pictures),
    )


def _spec_of(study: optuna.Study) -> SharedSpec | None:
    attributes = study.user_attrs
    values = attributes.get(_SPEC) or attributes.get(_SPEC_OF_0_1_0)
    return SharedSpec.from_json(values) if values else None


def _only_study(database: RDBStorage, storage: str, search: str) -> str:
    names = optuna.get_all_study_names(database)
    matching = [name for name in names if search in (name, name.rpartition("/")[2])]
    if len(matching) > 1:
        raise SearchError(
            N_("Several searches are called “{name}”: {found}. Name one of them with its project."),
            name=search,
            found=", ".join(matching),
        )
    if not matching:
        raise SearchError(
            N_("There is no search called “{name}” in {storage}."),
            name=search,
            storage=without_password(storage),
        )
    return matching[0]


def _difference(here: DatasetFingerprint, there: DatasetFingerprint) -> Message:
    if here.count != there.count:
        return Message(
            N_("it has {here} pictures to learn from, the search has {there}"),
            {"here": here.count, "there": there.count},
        )
    if here.pictures != there.pictures:
        return Message(N_("its pictures are different"))
    if here.labels != there.labels:
        return Message(N_("its pictures have different classes"))
    return Message(N_("its pictures are split differently into training, validation and test"))
