"""Correction of an answer: the picture joins the dataset with its true label."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.data.labels.label_sets import NONE_OF_THEM, join_names
from core.data.labels.task import Task
from core.delivery.prediction import Classifier, Prediction
from core.files import sha256_bytes
from core.prediction.corrections import AnsweredFile, correct
from core.workspace import Project
from pages.ui.display_names.labels import label_text
from pages.ui.editing.changes import apply_change
from pages.ui.predict.choosing import NewPicture
from pages.ui.text import _, escape


def correction(
    project: Project,
    run: Path,
    classifier: Classifier,
    picture: NewPicture,
    prediction: Prediction,
    *,
    key: str,
) -> None:
    """Draw the button that adds a picture with its true label, or the label that it has by now."""
    dataset = open_dataset(project)
    known = dataset.all_pictures.loc[
        dataset.all_pictures["sha256"] == sha256_bytes(picture.data), "label"
    ].tolist()
    if any(known):
        label = next(label for label in known if label)
        st.caption(
            _("In the project as {label}").format(label=f"**{escape(label_text(label))}**"), width="content"
        )
        return
    answered = classifier.chosen_labels(prediction.guesses)
    with st.popover(_("Correct"), type="tertiary", icon=":material/edit:", key=f"{key}-correct"):
        label = _true_label(dataset, answered, key)
        st.caption(
            _("The picture joins the training and validation pictures, so that the next run learns from it.")
        )
        if st.button(_("Add to the pictures"), type="primary", disabled=label is None, key=f"{key}-add"):
            answer = join_names(answered, classifier.labels.class_names)
            file = AnsweredFile(name=picture.name, data=picture.data, run=run.name, answer=answer)
            apply_change(project, lambda: correct(project, label or "", [file]))


def _true_label(dataset: Dataset, answered: list[str], key: str) -> str | None:
    """Draw the choice of the true label; None until one is chosen."""
    names = list(dataset.all_class_names)
    if dataset.task is Task.MULTI_LABEL:
        shown = st.multiselect(
            _("What does it show?"),
            names,
            default=[name for name in answered if name in names],
            accept_new_options=True,
            placeholder=_("Nothing of these"),
            key=f"{key}-true",
        )
        return join_names(shown, names) if shown else NONE_OF_THEM
    return st.selectbox(
        _("What does it show?"),
        names,
        index=None,
        accept_new_options=True,
        placeholder=_("Choose a class or type a new one"),
        key=f"{key}-true",
    )
