"""What a machine that joins a search must know, kept in the study: the settings, and which pictures they are about."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.storages import RDBStorage

from core.data.dataset import Dataset, open_dataset
from core.data.version_record import version_numbers
from core.errors import SearchError
from core.files import digest_of
from core.messages import N_, Message
from core.search.config import SearchConfig
from core.search.study.database import open_database, without_password
from core.search.study.study import ORDER
from core.workspace import Project

_ORDER_SECONDS = 10.0  # between the making of a study and what is said in it
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Order:
    """A search as its database knows it."""

    study: str  # project/search
    config: SearchConfig
    pictures: Mapping[str, Any]


def write_order(study: optuna.Study, config: SearchConfig, dataset: Dataset) -> None:
    """Tell machines that join what to do. The database's address, and its password, they know."""
    order = {"config": config.to_json() | {"storage": ""}, "pictures": _fingerprint(dataset)}
    if study.user_attrs.get(ORDER) != order:
        study.set_user_attr(ORDER, order)


def find_order(storage: str, search: str) -> Order:
    """What a search that another machine began is about.

    Args:
        search: its name, or ``project/name``.
    Raises:
        SearchError: the database cannot be used, or has no such search, or several.
    """
    database = open_database(storage, None)
    study = optuna.load_study(study_name=_only_study(database, storage, search), storage=database)
    deadline = time.monotonic() + _ORDER_SECONDS
    while (order := study.user_attrs.get(ORDER)) is None:
        if time.monotonic() > deadline:
            raise SearchError(
                N_("“{name}” is in the database, but no search of Darkroom's began it."),
                name=study.study_name,
            )
        time.sleep(_LOOK_SECONDS)
    config = SearchConfig.from_json({**order["config"], "storage": storage})
    return Order(study=study.study_name, config=config, pictures=order["pictures"])


def matching_dataset(order: Order, project: Project) -> Dataset:
    """The newest version of this machine's pictures that is what the search is about.

    Raises:
        NotFoundError: the project has no pictures.
        SearchError: none of its versions is; it says how the newest differs.
    """
    newest = open_dataset(project)
    for number in reversed(version_numbers(project.dataset)):
        dataset = open_dataset(project, number)
        if _fingerprint(dataset) == order.pictures:
            return dataset
    raise SearchError(
        N_(
            "Project “{project}” cannot help this search: {difference}. Copy the project's folder "
            "“dataset” from the machine that began it, so that both have the same pictures and split."
        ),
        project=project.name,
        difference=_difference(_fingerprint(newest), order.pictures),
    )


def _only_study(database: RDBStorage, storage: str, search: str) -> str:
    names = optuna.get_all_study_names(database)
    found = [name for name in names if search in (name, name.rpartition("/")[2])]
    if len(found) > 1:
        raise SearchError(
            N_("Several searches are called “{name}”: {found}. Name one of them with its project."),
            name=search,
            found=", ".join(found),
        )
    if not found:
        raise SearchError(
            N_("There is no search called “{name}” in {storage}."),
            name=search,
            storage=without_password(storage),
        )
    return found[0]


def _fingerprint(dataset: Dataset) -> dict[str, Any]:
    """Of all that a trial's value depends on, the order of the pictures included."""
    pictures = dataset.pictures
    groups: dict[str, int] = {}
    numbered = [groups.setdefault(group, len(groups)) for group in pictures["group"]]
    return {
        "count": len(pictures),
        "pictures": dataset.digest,
        "labels": digest_of([list(dataset.class_names), dataset.task.value, pictures["label"].tolist()]),
        "split": digest_of([pictures["split"].tolist(), numbered]),
    }


def _difference(here: Mapping[str, Any], there: Mapping[str, Any]) -> Message:
    if here["count"] != there["count"]:
        return Message(
            N_("it has {here} pictures to learn from, the search {there}"),
            {"here": here["count"], "there": there["count"]},
        )
    if here["pictures"] != there["pictures"]:
        return Message(N_("its pictures are others"))
    if here["labels"] != there["labels"]:
        return Message(N_("its pictures have other classes"))
    return Message(N_("its pictures are divided otherwise into training, validation and test"))
