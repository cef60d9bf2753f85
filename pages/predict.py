"""Predict page: classes of new pictures, computed in this process by LiteRT."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from PIL import Image

from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange
from core.data.images.picture import decode_picture, open_picture
from core.delivery.explaining import can_explain
from core.delivery.files import labels_file, tflite_file
from core.delivery.prediction import Classifier, Guess, Prediction
from core.errors import UnreadableImageError
from pages.ui.components.explanation import show_explanation
from pages.ui.gallery import probability_bars
from pages.ui.runs import require_run
from pages.ui.shell import next_step, page_title, require_project
from pages.ui.steps import Step
from pages.ui.text import _, escape, number, percent, show

_MAX_BARS = 5
_SHOWN_SIDE = 320  # pixels


@st.cache_resource(max_entries=2, show_spinner=False)
def classifier_of(run: str, written: tuple[int, ...]) -> Classifier:
    """Load a classifier once; ``written`` distinguishes changed files from those before."""
    return Classifier(Path(run))


def result(classifier: Classifier, run: Path, name: str, data: bytes, key: str) -> float:
    """Draw a picture beside its probabilities; returns the prediction time in seconds."""
    with st.container(border=True):
        began = time.perf_counter()
        try:
            prediction = classifier.prediction(data)
        except UnreadableImageError as error:
            st.error(
                _("{file} cannot be read: {reason}.").format(file=escape(name), reason=show(error.message))
            )
            return 0.0
        seconds = time.perf_counter() - began
        picture, answer = st.columns([1, 2], gap="medium", vertical_alignment="center")
        with picture:
            st.image(shown_picture(data, classifier.pixel_range, classifier.channels), caption=escape(name))
        with answer:
            _answer(classifier, prediction)
            if doubt := classifier.doubt(data):
                st.warning(show(doubt), icon=":material/exposure:")
            asks_why = can_explain(run) and st.toggle(
                _("Why?"), help=_("Show where the classifier looks in this picture."), key=f"{key}-why"
            )
        if asks_why:
            show_explanation(run, data, key=key)
    return seconds


def _answer(classifier: Classifier, prediction: Prediction) -> None:
    """Format the predicted classes with their bars; a stranger has no answer, and an unsure one is marked."""
    if classifier.is_stranger(prediction):
        _stranger(classifier, prediction)
        return
    guesses = prediction.guesses
    predicted = classifier.chosen_labels(guesses)
    if classifier.is_unsure(prediction):
        st.markdown(
            _("**Unsure.** The most probable answer:"),
            help=_(
                "Its probability, {share}, is below the least confidence that you chose on the Evaluate page: {least}."
            ).format(
                share=percent(classifier.confidence(guesses)),
                least=percent(classifier.labels.least_confidence or 0.0),
            ),
        )
    _names(classifier, guesses, predicted)
    shown = [guess for index, guess in enumerate(guesses) if index < _MAX_BARS or guess.name in predicted]
    probability_bars(shown, marked=predicted)


def _names(classifier: Classifier, guesses: Sequence[Guess], predicted: Sequence[str]) -> None:
    if classifier.is_multi_label:
        names = ", ".join(f"**{escape(name)}**" for name in predicted)
        st.markdown(names or _("**None of the classes**"))
        return
    answer = next(guess for guess in guesses if guess.name == predicted[0])
    st.markdown(f"**{escape(answer.name)}** · {percent(answer.probability)}")


def _stranger(classifier: Classifier, prediction: Prediction) -> None:
    """Say that a picture looks like none of the classes, and show what it would be taken for."""
    st.markdown(
        _("**This does not look like any of the classes.**"),
        help=_(
            "Its stranger score, by the network's features and by how sure the answer is, is {score}. Pictures of the classes seldom exceed {limit}. The limit is set on the Evaluate page."
        ).format(
            score=f"{prediction.stranger_score or 0.0:.1f}",
            limit=f"{classifier.labels.stranger_limit or 0.0:.1f}",
        ),
    )
    st.caption(_("Without this check it would be taken for:"))
    probability_bars(prediction.guesses[:_MAX_BARS], marked=())


def shown_picture(
    data: bytes, pixel_range: PixelRange | None, channels: ChannelMapping | None = None
) -> bytes:
    """Return the picture upright and small, for the browser."""
    image = decode_picture(open_picture(data, channels), _SHOWN_SIDE, pixel_range)
    image.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE), Image.Resampling.BILINEAR)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=88)
    return stream.getvalue()


page_title(_("Predict"), _("Show it pictures it has never seen. They stay on this computer."))
project = require_project()
run = require_run(project, delivered=True)
written = tuple(file(run).stat().st_mtime_ns for file in (tflite_file, labels_file))
classifier = classifier_of(str(run), written)
uploads = st.file_uploader(_("New pictures"), accept_multiple_files=True, key="new-pictures")
pictures = [(upload.name, upload.getvalue()) for upload in uploads]
if st.toggle(_("Use the camera"), key="use-camera"):
    photo = st.camera_input(_("Take a picture"), key="camera")
    if photo is not None:
        pictures.insert(0, (_("camera"), photo.getvalue()))
if pictures:
    columns = st.columns(2, gap="medium")
    seconds = []
    for index, (name, data) in enumerate(pictures):
        with columns[index % 2]:
            seconds.append(result(classifier, run, name, data, key=f"picture-{index}"))
    measured = [item for item in seconds if item]
    if measured:
        st.caption(
            _("{milliseconds} ms a picture, from file to answer").format(
                milliseconds=number(round(1000 * sum(measured) / len(measured)))
            )
        )
else:
    st.caption(_("Drop one or several pictures above. The likeliest classes appear as bars."))
st.caption(
    _(
        "It only knows the classes it was trained on. Each class is decided separately: a picture may show several, or none."
    )
    if classifier.is_multi_label
    else _(
        "It only knows the classes it was trained on. Pictures of anything else are marked where it notices them, but not all."
    )
    if classifier.labels.stranger_limit is not None
    else _("It only knows the classes it was trained on: for anything else, it still picks one of them.")
)
next_step(Step.EXPORT, _("take the classifier with you"))
