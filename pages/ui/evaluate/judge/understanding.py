"""Kind, input and classes of a model made elsewhere as they were read, with a few of its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.data.dataset import Dataset
from core.evaluation.foreign.facts import (
    Alternative,
    ChannelOrder,
    Fitting,
    Layout,
    ModelFacts,
    NetworkBlock,
    Preprocessing,
)
from core.evaluation.foreign.kinds import KINDS
from core.evaluation.foreign.preprocessing import scale_of
from core.messages import N_, first_of
from pages.ui.gallery import Tile, gallery
from pages.ui.text import _, escape, file_size, ngettext, number, percent

SCALE_NAMES = {
    "bytes": N_("values 0 to 255"),
    "unit": N_("values 0 to 1"),
    "symmetric": N_("values −1 to 1"),
    "imagenet": N_("ImageNet mean and deviation"),
    "centred": N_("minus the ImageNet mean"),
}
ORDER_NAMES = {
    ChannelOrder.RGB: N_("red, green, blue"),
    ChannelOrder.BGR: N_("blue, green, red"),
    ChannelOrder.GREY: N_("grey"),
}
FITTING_NAMES = {Fitting.STRETCH: N_("stretched to the input"), Fitting.CROP: N_("cropped from the middle")}
_LAYOUT_NAMES = {
    Layout.CHANNELS_LAST: N_("channels last"),
    Layout.CHANNELS_FIRST: N_("channels first"),
}
_MOST_NAMES = 8
_MOST_ALTERNATIVES = 3


def show_facts(facts: ModelFacts) -> None:
    """Draw kind, input, classes and preprocessing."""
    kind = next(row.label for row in KINDS if row.kind is facts.kind)
    st.markdown(f"**{kind}** · {escape(facts.source)} · {file_size(facts.size_bytes)}")
    layout = _(_LAYOUT_NAMES[facts.input.layout])
    size = f"{facts.input.width} × {facts.input.height}"
    classes = ngettext("{n} class", "{n} classes", len(facts.class_names)).format(
        n=number(len(facts.class_names))
    )
    names = first_of([escape(name) for name in facts.class_names], _MOST_NAMES)
    lines = [
        _("**Input** {size} pixels, {layout}, {type}").format(
            size=size, layout=layout, type=facts.input.tensor.dtype
        ),
        _("**Classes** {classes}: {names}").format(classes=classes, names=names)
        if facts.has_class_names
        else _("**Classes** {classes} without names").format(classes=classes),
        _("**Pictures** {preprocessing} ({origin})").format(
            preprocessing=preprocessing_text(facts.sample_preprocessing), origin=_origin(facts)
        ),
    ]
    st.markdown("  \n".join(lines))
    show_alternatives(facts.alternatives)
    if facts.network is NetworkBlock.PYTHON:
        st.caption(
            _(
                "On this system the network is blocked within Python only. Judge only models whose origin you know."
            )
        )


def preprocessing_text(preprocessing: Preprocessing) -> str:
    """Describe a preprocessing: “values 0 to 1, red, green, blue, cropped from the middle”."""
    scale = scale_of(preprocessing)
    values = _(SCALE_NAMES[scale]) if scale else _("mean and deviation of its own")
    return ", ".join([values, _(ORDER_NAMES[preprocessing.order]), _(FITTING_NAMES[preprocessing.fitting])])


def _origin(facts: ModelFacts) -> str:
    if facts.preprocessing is not None:
        return _("known from the export")
    if not facts.guessed_on:
        return _("a first guess; the test tries the usual ones")
    return guess_text(facts.guessed_on, facts.guessed_accuracy)


def guess_text(pictures: int, accuracy: float) -> str:
    """Say that a preprocessing was guessed, and on how many pictures."""
    return ngettext(
        "guessed: the best of the usual ones on {n} validation picture, {accuracy} right",
        "guessed: the best of the usual ones on {n} validation pictures, {accuracy} right",
        pictures,
    ).format(n=number(pictures), accuracy=percent(accuracy))


def show_alternatives(alternatives: Sequence[Alternative]) -> None:
    """Name the preprocessings that may be as good as the guessed one."""
    if alternatives:
        named = [
            f"{preprocessing_text(other.preprocessing)} ({percent(other.accuracy)})"
            for other in alternatives[:_MOST_ALTERNATIVES]
        ]
        st.caption(
            _(
                "Others are too close to tell from these pictures: {alternatives}. The score can differ, so choose under Advanced what you know."
            ).format(alternatives="; ".join(named))
        )


def show_samples(dataset: Dataset, facts: ModelFacts, mapping: Mapping[str, str]) -> None:
    """Draw a few validation pictures with the model's answers.

    Args:
        mapping: class of the model to class of the project, whose name is shown.
    """
    rows = {picture: row for row, picture in enumerate(dataset.pictures["id"])}
    tiles = [
        Tile(
            picture=dataset.thumbnail(rows[sample.picture]),
            strong=_answer_text(facts, sample.answer, mapping),
            caption=percent(sample.probability),
        )
        for sample in facts.samples
        if sample.picture in rows
    ]
    if tiles:
        st.markdown(_("Its answers to a few of your pictures:"))
        gallery(tiles, key="judge-samples")


def _answer_text(facts: ModelFacts, answer: str, mapping: Mapping[str, str]) -> str:
    """Name an answer: the project's class, else the model's own, which may be a number."""
    if answer in mapping:
        return mapping[answer]
    return answer if facts.has_class_names else _("class {number}").format(number=answer)
