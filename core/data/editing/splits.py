"""Edits of the split: draw it for new pictures or anew, exclude leaks."""

from __future__ import annotations

import pandas as pd

from core.data.dataset import Dataset
from core.data.editing.change import changing
from core.data.labels.layout import Split
from core.data.skip_reasons import Value
from core.data.split.splitting import SplitConfig, deal_additions, first_of_group, redrawn_split
from core.data.version_record import Edit, EditKind, drawn_split
from core.formatting import percent
from core.workspace import Project


def settle_split(project: Project) -> Dataset:
    """Draw the split of labelled pictures that have none, as the project's; return the newest version.

    Those that ``copies_of_test`` marks are excluded.
    """
    with changing(project) as change:
        pictures = change.pictures
        undrawn = (pictures["split"] == "") & (pictures["label"] != "")
        if undrawn.any():
            leaking = copies_of_test(pictures, undrawn) & ~pictures["excluded"]
            pictures["split"] = deal_additions(
                pictures, undrawn, drawn_split(project.dataset), change.dataset.task
            )
            pictures.loc[leaking, "excluded"] = True
            change.write(pictures, _edit_of_new_pictures(int(undrawn.sum()), int(leaking.sum())))
    return change.dataset


def redraw_split(project: Project, config: SplitConfig) -> Dataset:
    """Draw the split of all labelled pictures anew. Earlier results are not comparable with later ones."""
    with changing(project) as change:
        pictures = change.pictures
        pictures["split"] = redrawn_split(pictures, config, change.dataset.task)
        values: dict[str, Value] = {
            "validation": percent(config.validation_fraction),
            "test": percent(config.test_fraction),
            "seed": config.seed,
        }
        change.write(pictures, Edit(kind=EditKind.SPLIT_REDRAWN, values=values), split=config)
    return change.dataset


def mend_leaks(project: Project) -> Dataset:
    """Exclude training pictures whose group is also in validation or test."""
    with changing(project) as change:
        pictures = change.pictures
        leaking = leaking_rows(pictures)
        if leaking.any():
            pictures.loc[leaking, "excluded"] = True
            values = {"count": int(leaking.sum())}
            change.write(pictures, Edit(kind=EditKind.LEAKS_EXCLUDED, values=values))
    return change.dataset


def copies_of_test(pictures: pd.DataFrame, is_new: pd.Series) -> pd.Series:
    """Mark new pictures of a test picture's group, bool, unless their source wants them to test.

    The test set does not grow, and no classifier may learn from what it is tested on.

    Args:
        pictures: columns ``group``, ``split`` and ``supplied_split``.
        is_new: bool, indexed alike.
    """
    tested = pictures.loc[~is_new & (pictures["split"] == Split.TEST.value), "group"]
    return is_new & pictures["group"].isin(tested) & (pictures["supplied_split"] != Split.TEST.value)


def leaking_rows(pictures: pd.DataFrame) -> pd.Series:
    """Mark the pictures whose group is also in a part of higher rank (see ``measuring_rank``), bool."""
    used = pictures[~pictures["excluded"] & (pictures["label"] != "") & (pictures["split"] != "")]
    leaking = used["split"] != first_of_group(used["split"], used["group"])
    return leaking.reindex(pictures.index, fill_value=False)


def _edit_of_new_pictures(count: int, excluded: int) -> Edit:
    if not excluded:
        return Edit(kind=EditKind.NEW_PICTURES_SPLIT, values={"count": count})
    return Edit(kind=EditKind.SPLIT_WITHOUT_COPIES, values={"count": count, "excluded": excluded})
