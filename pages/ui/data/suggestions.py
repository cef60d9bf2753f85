"""Suggested classes of unlabelled pictures, from the latest classifier or from labelled neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.data.dataset import Dataset
from core.data.labels.task import Task
from core.delivery.export import has_export
from core.delivery.files import is_delivered
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.prediction import Classifier
from core.doctor.labelling.job import (
    LabellingData,
    LabelSuggestions,
    labelling_data_time,
    labels_suggested,
    read_labelling_data,
)
from core.errors import NotFoundError, UnreadableImageError
from core.workspace import Project, list_runs
from pages.ui.text import _

_GROWTH = 1.05  # of the number of labels that recomputes suggestions, which takes seconds for many labels
_GROUPS_KEPT = 32
_KEPT = 4  # in memory, of 60 MB each where there are 50,000 pictures


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Class probabilities of pictures and their source ("" for labelled neighbours)."""

    table: pd.DataFrame  # a row for each id, a column for each class; rows add up to 1
    run: str = ""

    def likeliest(self) -> tuple[str, float]:
        """Return the most likely class of the pictures together, with its probability (0 to 1)."""
        means = self.table.mean()
        return str(means.idxmax()), float(means.max())

    def of_each(self) -> dict[str, tuple[str, float]]:
        """Return the most likely class of each picture with its probability, by id."""
        names, shares = self.table.idxmax(axis=1), self.table.max(axis=1)
        return {
            str(identifier): (str(names[identifier]), float(shares[identifier])) for identifier in names.index
        }


def labelling_data_of(dataset: Dataset) -> LabellingData | None:
    """Features computed by a grouping job, if one has run."""
    written = labelling_data_time(dataset.folder)
    return _read_labelling_data(str(dataset.folder), written) if written else None


def suggestions_of(labelling_data: LabellingData, dataset: Dataset) -> LabelSuggestions:
    """Suggestions from labelled neighbours, recomputed when the labels grow by 5%."""
    pictures = dataset.all_pictures
    labels = pictures["label"][(pictures["label"] != "") & ~pictures["excluded"]]
    step = round(math.log(len(labels), _GROWTH)) if len(labels) else -1
    return _suggestions(
        str(dataset.folder),
        labelling_data_time(dataset.folder),
        tuple(sorted(set(labels))),
        step,
        labelling_data,
        dataset,
    )


def shares_of(
    project: Project, dataset: Dataset, ids: Sequence[str], suggestions: LabelSuggestions | None
) -> Shares | None:
    """Suggest classes for pictures; None if nothing can be suggested.

    The latest classifier that may answer is used if it knows exactly the labelled classes and is single-label.
    """
    pictures = dataset.all_pictures
    labelled = set(pictures["label"][~pictures["excluded"]]) - {""}
    run = next((run for run in list_runs(project) if is_delivered(run) and has_export(run, TFLITE)), None)
    if (
        run is not None
        and dataset.task is Task.MULTI_CLASS
        and set(_classifier(str(run)).labels.class_names) == labelled
    ):
        with st.spinner(_("Asking the latest classifier")):
            table = _predicted(str(run), tuple(sorted(ids)), dataset)
        if not table.empty:
            return Shares(table=table, run=run.name)
    if suggestions is None or suggestions.is_empty:
        return None
    known = [identifier for identifier in ids if identifier in suggestions.probabilities.index]
    return Shares(table=suggestions.probabilities.loc[known]) if known else None


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _read_labelling_data(folder: str, written: int) -> LabellingData | None:
    return read_labelling_data(Path(folder))


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _suggestions(
    folder: str,
    written: int,
    classes: tuple[str, ...],
    step: int,
    _labelling_data: LabellingData,
    _dataset: Dataset,
) -> LabelSuggestions:
    return labels_suggested(_labelling_data, _dataset)


@st.cache_resource(max_entries=1, show_spinner=False)
def _classifier(run: str) -> Classifier:
    return Classifier(Path(run))


@st.cache_data(max_entries=_GROUPS_KEPT, show_spinner=False)
def _predicted(run: str, ids: tuple[str, ...], _dataset: Dataset) -> pd.DataFrame:
    """Predict with a run's classifier; unreadable pictures are left out."""
    classifier, everything = _classifier(run), _dataset.over_all_pictures()
    probabilities: dict[str, np.ndarray] = {}
    for row in np.flatnonzero(everything.pictures["id"].isin(ids)):
        with suppress(NotFoundError, UnreadableImageError):
            data = everything.picture_bytes(int(row))
            probabilities[str(everything.pictures["id"].iloc[row])] = classifier.probabilities(data)
    return pd.DataFrame.from_dict(probabilities, orient="index", columns=list(classifier.labels.class_names))
