"""Edits of the split: draw it anew, exclude leaks."""

from __future__ import annotations

import pandas as pd

from core.data.dataset import Dataset
from core.data.editing.change import changing
from core.data.skip_reasons import Value
from core.data.split.splitting import SplitConfig, first_of_group, redrawn_split
from core.data.version_record import Edit, EditKind
from core.formatting import percent
from core.workspace import Project


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


def leaking_rows(pictures: pd.DataFrame) -> pd.Series:
    """Mark the pictures whose group is also in a part of higher rank (see ``measuring_rank``), bool."""
    used = pictures[~pictures["excluded"] & (pictures["label"] != "") & (pictures["split"] != "")]
    leaking = used["split"] != first_of_group(used["split"], used["group"])
    return leaking.reindex(pictures.index, fill_value=False)
