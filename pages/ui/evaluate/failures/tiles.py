"""Tiles of test pictures: label, answer, the most probable classes, and what was changed since."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from core.data.labels.label_sets import joined_labels
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.mistakes.edits import LaterEdits
from core.workspace import Project
from pages.ui.components.picture_grid import GridTile
from pages.ui.display_names.labels import label_text, mistake_text
from pages.ui.editing.tiles import picture_tile
from pages.ui.text import _, percent

_MOST_PROBABLE = 3


@dataclass(frozen=True, kw_only=True)
class TestTiles:
    """Test pictures of a run by their index in ``evaluated.test``, as tiles of a grid."""

    __test__ = False  # pytest takes it for a test case by its name

    project: Project
    evaluated: EvaluatedRun
    edits: LaterEdits
    # ids of the pictures whose label the user confirmed
    right: AbstractSet[str]

    @cached_property
    def pictures(self) -> pd.DataFrame:
        """Manifest rows in the order of the test pictures."""
        return self.evaluated.dataset.pictures.iloc[self.evaluated.rows(Split.TEST)]

    @cached_property
    def indices(self) -> dict[str, int]:
        """Index of each test picture by id."""
        return {identifier: index for index, identifier in enumerate(self.pictures["id"].tolist())}

    def id_of(self, index: int) -> str:
        return str(self.pictures["id"].iat[index])

    def label_of(self, index: int) -> str:
        """Label that the picture was tested with, of classes that are learnt."""
        return self._names(self.evaluated.test.targets[index])

    def answer_of(self, index: int) -> str:
        return self._names(self.evaluated.test.predicted[index])

    def tiles(self, indices: np.ndarray, *, in_cell: bool) -> list[GridTile]:
        """Make the tiles of pictures, int64 (n,); in a cell of the confusion matrix the heading has label and answer."""
        rows = self.pictures.iloc[indices].itertuples(index=False)
        return [self._tile(index, row, in_cell) for index, row in zip(indices.tolist(), rows, strict=True)]

    def _tile(self, index: int, picture: Any, in_cell: bool) -> GridTile:
        label, answer = self.label_of(index), self.answer_of(index)
        task = self.evaluated.dataset.task
        probable = self._most_probable(index)
        badge, attention = self._badge(picture.id)
        tile = picture_tile(
            self.project,
            picture,
            badge=badge,
            attention=attention,
            dimmed=picture.id in self.edits.excluded,
        )
        is_short = label == answer or (in_cell and task is Task.MULTI_CLASS)
        facts = (
            (_("Label"), label_text(label)),
            (_("Answer"), label_text(answer)),
            (_("Most probable"), probable),
        )
        return replace(
            tile,
            strong="" if is_short else mistake_text(task, label, answer),
            caption=probable,
            facts=(*facts, *tile.facts),
        )

    def _badge(self, identifier: str) -> tuple[str, bool]:
        """Change of a picture since the test, and whether it deserves attention."""
        if identifier in self.edits.excluded:
            return _("Excluded"), False
        if identifier in self.edits.labels:
            label = self.edits.labels[identifier]
            return (
                (_("now {label}").format(label=label_text(label)), False) if label else (_("No label"), True)
            )
        return (_("Label is right"), False) if identifier in self.right else ("", False)

    def _most_probable(self, index: int) -> str:
        probabilities = self.evaluated.test.probabilities[index]
        if np.isnan(probabilities).any():
            return _("no answer (NaN)")
        names = self.evaluated.dataset.class_names
        best = np.argsort(-probabilities, kind="stable")[:_MOST_PROBABLE]
        return " · ".join(f"{names[one]} {percent(float(probabilities[one]))}" for one in best.tolist())

    def _names(self, shown: np.ndarray) -> str:
        """Label of one row of classes, bool (classes,)."""
        names = self.evaluated.dataset.class_names
        if self.evaluated.dataset.task is Task.MULTI_CLASS:
            return names[int(shown.argmax())] if shown.any() else _("no answer")
        return joined_labels(shown[None], names)[0]
