"""Explanation of an answer: the picture under its heatmap, and the verdict whether to believe it.

``show_explanation`` is for any page with a finished run and a picture.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from plotly.graph_objects import Figure, Scatter

from core.delivery.certificate.store import certificate_file
from core.delivery.explaining import Explainer
from core.delivery.files import labels_file, tflite_file
from core.delivery.formats.litert.tflite_format import TFLITE
from core.evaluation.explanations.drawing import coloured, overlaid
from core.evaluation.explanations.network import Heatmap, Method
from core.evaluation.explanations.perturbation import FRACTIONS
from core.evaluation.explanations.verdict import Ground, Trust, Verdict
from core.messages import N_
from pages.ui.charts import GOOD_COLOUR, VALIDATION_COLOUR
from pages.ui.components.live_chart import live_chart
from pages.ui.text import _, escape, number, percent, time_left

_SHOWN_SIDE = 420  # pixels
_OPACITY = 55  # percent
_HEADLINES = {
    Trust.TRUSTED: N_("This map may be trusted."),
    Trust.UNCLEAR: N_("It is unclear if this map is right."),
    Trust.NOT_TRUSTED: N_("Do not believe this map."),
}
_SENTENCES = {
    Ground.PASSED: N_(
        "Hiding what it marks changes the answer more than hiding the marks of {beaten} of {total} random maps, and shuffled classifiers give other maps."
    ),
    Ground.NO_SUPPORT: N_("Nothing in the picture speaks for this class, so there is nothing to mark."),
    Ground.NOT_BETTER_THAN_RANDOM: N_(
        "Hiding what it marks changes the answer more than {beaten} of {total} random maps do: too few to rule out chance. The evidence may lie all over the picture."
    ),
    Ground.WORSE_THAN_RANDOM: N_(
        "Hiding what it marks changes the answer less than random maps do: only {beaten} of {total} are worse."
    ),
    Ground.SHUFFLED_HEAD_ALIKE: N_(
        "A classifier with shuffled last weights gives nearly the same map: it shows the picture, not the reason for the answer."
    ),
    Ground.SHUFFLED_WEIGHTS_ALIKE: N_(
        "A network with shuffled weights gives nearly the same map: it shows the picture, not what the classifier has learnt."
    ),
}
_METHODS = {
    Method.CAM: N_(
        "Class activation map (Zhou et al. 2016): each cell's exact contribution to the score of the class."
    ),
    Method.OCCLUSION: N_(
        "Occlusion (Zeiler & Fergus 2014): how much evidence for the class is lost when a part of the picture is blurred."
    ),
}
_BOXES: dict[Trust, Callable[..., object]] = {
    Trust.TRUSTED: st.success,
    Trust.UNCLEAR: st.info,
    Trust.NOT_TRUSTED: st.warning,
}
_ICONS = {
    Trust.TRUSTED: ":material/verified:",
    Trust.UNCLEAR: ":material/help:",
    Trust.NOT_TRUSTED: ":material/dangerous:",
}


class _Delivered(NamedTuple):
    """A run and the times at which its files were written; key of caches."""

    run: str
    written: tuple[int, ...]


def show_explanation(run: Path, data: bytes, *, key: str, truth: str | None = None) -> int:
    """Draw where the classifier looks in a picture, for its answer or for any other class.

    Args:
        run: a delivered run.
        data: the picture file's bytes, readable.
        key: of the widgets; unique on the page.
        truth: the picture's true class, offered next to the answer.
    Returns:
        the index of the class that is explained.
    Raises:
        DeliveryError: the run's LiteRT file is withheld.
    """
    delivered = _delivered(run)
    explainer = _explainer(delivered)
    class_index = _choose_class(explainer, _heatmap(delivered, data, None), truth, key)
    with st.spinner(_("Looking …"), show_time=True):
        heatmap = _heatmap(delivered, data, class_index)
    _show_map(explainer, data, heatmap, key)
    verdict = _verdict(explainer, data, heatmap)
    _show_verdict(verdict)
    with st.expander(_("How was this tested?"), icon=":material/science:"):
        _show_test(verdict, heatmap, key)
    return class_index


def explainer_of(run: Path) -> Explainer:
    """Return the loaded classifier of a delivered run."""
    return _explainer(_delivered(run))


def perturbation_chart(verdict: Verdict) -> Figure:
    """Draw the probability of the class while the picture is hidden or shown, with that of random maps."""
    shares = [100 * fraction for fraction in FRACTIONS]
    curves = (
        (_("hidden, hottest first"), verdict.deletion, VALIDATION_COLOUR, "solid"),
        (_("shown, hottest first"), verdict.insertion, GOOD_COLOUR, "solid"),
        (_("hidden, random maps"), verdict.random_deletion, VALIDATION_COLOUR, "dot"),
        (_("shown, random maps"), verdict.random_insertion, GOOD_COLOUR, "dot"),
    )
    figure = Figure(
        [
            Scatter(
                x=shares,
                y=[100 * value for value in values],
                name=name,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                hovertemplate="%{x:.0f}% → %{y:.0f}%<extra></extra>",
            )
            for name, values, colour, dash in curves
        ]
    )
    figure.update_layout(
        height=340,
        margin={"l": 8, "r": 8, "t": 56, "b": 40},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02},
        xaxis={"title": _("of the picture"), "ticksuffix": "%", "range": [-2, 102]},
        yaxis={"title": _("probability of the class"), "ticksuffix": "%", "range": [-3, 103]},
    )
    return figure


def _delivered(run: Path) -> _Delivered:
    # Its check may withhold the file.
    files = (tflite_file(run), labels_file(run), certificate_file(run, TFLITE))
    written = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    return _Delivered(run=str(run), written=written)


@st.cache_resource(max_entries=2, show_spinner=False)
def _explainer(delivered: _Delivered) -> Explainer:
    return Explainer(Path(delivered.run))


@st.cache_data(max_entries=128, show_spinner=False)
def _heatmap(delivered: _Delivered, data: bytes, class_index: int | None) -> Heatmap:
    return _explainer(delivered).heatmap(data, class_index)


def _choose_class(explainer: Explainer, answer: Heatmap, truth: str | None, key: str) -> int:
    names = explainer.labels.class_names
    answered = names[answer.class_index]
    notes = {answered: _("the answer")}
    if truth in names and truth != answered:
        notes[truth] = _("the true class")
    first = [*notes, *(name for name in names if name not in notes)]
    chosen = st.selectbox(
        _("Class to explain"),
        first,
        format_func=lambda name: f"{name} · {notes[name]}" if name in notes else name,
        help=_("The map shows what speaks for this class, also if it is not the answer."),
        key=f"{key}-class-{answered}",
    )
    return explainer.class_index(chosen)


def _show_map(explainer: Explainer, data: bytes, heatmap: Heatmap, key: str) -> None:
    picture = explainer.upright(data, _SHOWN_SIDE)
    name = explainer.labels.class_names[heatmap.class_index]
    opacity = st.slider(_("Opacity of the map"), 0, 100, _OPACITY, 5, format="%d%%", key=f"{key}-opacity")
    left, right = st.columns(2, gap="medium")
    left.image(overlaid(picture, heatmap.support, opacity / 100), width="stretch")
    right.image(coloured(heatmap.support, picture.shape[:2]), width="stretch")
    st.caption(
        _("Yellow speaks for {name} ({probability}); violet does not, or speaks against it.").format(
            name=escape(name), probability=percent(heatmap.probability)
        ),
        help=_(_METHODS[heatmap.method]),
    )


def _verdict(explainer: Explainer, data: bytes, heatmap: Heatmap) -> Verdict:
    """Return the verdict; while it is measured, draw the progress. Any press on the page ends the work."""
    stored = explainer.stored_verdict(data, heatmap.class_index)
    if stored is not None:
        return stored
    bar, began = st.progress(0.0, text=_("Testing if the map may be trusted …")), time.monotonic()

    def report(done: int, total: int) -> None:
        text = _("Testing if the map may be trusted …")
        if done:
            left = (time.monotonic() - began) / done * (total - done)
            text += " " + time_left(left)
        bar.progress(done / total, text=text)

    verdict = explainer.verdict(data, heatmap, report)
    bar.empty()
    return verdict


def _show_verdict(verdict: Verdict) -> None:
    sentence = _(_SENTENCES[verdict.ground]).format(
        beaten=number(verdict.beaten), total=number(verdict.random_maps)
    )
    _BOXES[verdict.trust](f"**{_(_HEADLINES[verdict.trust])}** {sentence}", icon=_ICONS[verdict.trust])


def _show_test(verdict: Verdict, heatmap: Heatmap, key: str) -> None:
    live_chart(perturbation_chart(verdict), mode_bar=False, key=f"{key}-curves")
    st.caption(
        _(
            "If the map is right, the probability falls fast when its hottest parts are hidden first, and rises fast when they are shown first (Petsiuk et al. 2018). The random maps are as smooth as this one."
        )
    )
    st.markdown(
        _(
            "Shuffled classifiers (Adebayo et al. 2018): the map resembles those of shuffled last weights by {head}, and those of a network with all weights shuffled by {network}, where 1 is the same map and 0 an unrelated one. Above 0.5 it is not believed."
        ).format(head=f"{verdict.head_similarity:.2f}", network=f"{verdict.weights_similarity:.2f}")
    )
    st.caption(_(_METHODS[heatmap.method]))
