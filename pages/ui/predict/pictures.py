"""Pictures section: answers to a few pictures at once, batches of many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.data.dataset import open_dataset
from core.delivery.certificate.store import certificate_file
from core.delivery.files import labels_file, tflite_file
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.prediction import Classifier
from core.errors import DeliveryError
from core.files import digest_of, sha256_bytes
from core.prediction.batch.batches import list_batches
from core.prediction.log.store import AnswerSource
from core.prediction.noting import PictureAnswer, note_answers
from core.workspace import Project
from pages.ui import state
from pages.ui.editing.changes import last_change
from pages.ui.predict.answer import Asked, answer_card
from pages.ui.predict.batch import choose_earlier_batch, show_batch
from pages.ui.predict.choosing import NewPicture, choose_pictures, choose_server_folder, turn
from pages.ui.text import _, escape, number, show


def show_section(project: Project, run: Path) -> None:
    try:
        classifier = _classifier(str(run), _written(run))
    except DeliveryError as error:
        st.error(show(error.message), icon=":material/block:")
        return
    last_change(project, open_dataset(project))
    pictures = choose_pictures(run)
    if pictures:
        _answers(Asked(project=project, run=run, classifier=classifier), pictures)
    else:
        _batches(project, run)
    choose_server_folder(run)
    st.caption(_what_it_knows(classifier))


@st.cache_resource(max_entries=2, show_spinner=False)
def _classifier(run: str, written: tuple[int, ...]) -> Classifier:
    """Load a classifier once; ``written`` distinguishes changed files from those before."""
    return Classifier(Path(run))


def _written(run: Path) -> tuple[int, ...]:
    files = (tflite_file(run), labels_file(run), certificate_file(run, TFLITE))
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


def _answers(asked: Asked, pictures: Sequence[NewPicture]) -> None:
    columns = st.columns(2, gap="medium")
    answered: list[PictureAnswer] = []
    seconds: list[float] = []
    for index, picture in enumerate(pictures):
        with columns[index % 2]:
            if answer := answer_card(asked, picture, key=f"picture-{turn()}-{index}"):
                answered.append(
                    PictureAnswer(name=picture.name, data=picture.data, prediction=answer.prediction)
                )
                seconds.append(answer.seconds)
    if seconds:
        st.caption(
            _("{milliseconds} ms a picture, from file to answer").format(
                milliseconds=number(round(1000 * sum(seconds) / len(seconds)))
            )
        )
    _note(asked, answered)


def _note(asked: Asked, answered: Sequence[PictureAnswer]) -> None:
    """Keep new answers for the queue and the log, once: the page draws them again and again."""
    keys = {digest_of([asked.run.name, sha256_bytes(item.data)]): item for item in answered}
    new = [item for key, item in keys.items() if not state.is_noted(key)]
    try:
        if new and note_answers(asked.run, asked.classifier, new, AnswerSource.PAGE):
            st.toast(_("Doubtful pictures wait in “To label”."), icon=":material/label:")
        state.note(keys)
    except OSError as error:
        reason = escape(error.strerror or str(error))
        st.warning(_("The answers could not be kept for later: {reason}.").format(reason=reason))


def _batches(project: Project, run: Path) -> None:
    batches = {batch.job.name: batch for batch in list_batches(project, run)}
    if not batches:
        st.caption(_("A few pictures are answered at once. More are classified in the background."))
        return
    chosen = choose_earlier_batch(batches)
    if chosen is not None:
        show_batch(project, chosen)


def _what_it_knows(classifier: Classifier) -> str:
    if classifier.is_multi_label:
        return _(
            "It only knows the classes it was trained on. Each class is decided separately: a picture may show several, or none."
        )
    if classifier.labels.stranger_limit is not None:
        return _(
            "It only knows the classes it was trained on. Pictures of anything else are marked where it notices them, but not all."
        )
    return _("It only knows the classes it was trained on: for anything else, it still picks one of them.")
