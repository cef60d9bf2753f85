"""Mean heatmaps of classes and confusions, and the shortcuts that they show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.drawing import coloured, png
from core.evaluation.explanations.mean_heatmaps import MeanHeatmap, MeanHeatmaps, read_mean_heatmaps
from core.evaluation.explanations.shortcuts import describe
from core.jobs.kinds import JobKind
from core.runs.start_measuring import start_explaining
from pages.ui.gallery import Tile, gallery
from pages.ui.jobs import follow, newest_job_on, show_error, try_to
from pages.ui.text import _, ngettext, number, show

_MOST_CLASSES, _MOST_CONFUSIONS = 24, 12
_MAP_PIXELS, _TILE_PIXELS = 160, 120


def show_mean_heatmaps(evaluated: EvaluatedRun) -> None:
    """Draw the mean heatmaps, the progress of making them, or the button that starts it."""
    st.subheader(
        _("Where does it look in many pictures?"),
        anchor=False,
        help=_(
            "The mean heatmap of a class shows if the classifier looks at one spot in all its pictures, such as a watermark."
        ),
    )
    job = newest_job_on(evaluated.run, JobKind.EXPLAIN)
    if job is not None and not job.status().state.has_ended:
        follow(job, key="why-job")
        return
    if job is not None:
        show_error(job.status())
    result = read_mean_heatmaps(evaluated)
    if result is None:
        st.markdown(
            _(
                "A classifier can be right for a wrong reason. Mean heatmaps show what it looks at in most pictures of a class."
            )
        )
    else:
        _show_result(result)
    if st.button(
        _("Make mean heatmaps") if result is None else _("Make them again"),
        key="why-start",
        icon=":material/layers:",
    ) and try_to(lambda: start_explaining(evaluated.run)):
        st.rerun()


def _show_result(result: MeanHeatmaps) -> None:
    for shortcut in result.shortcuts:
        st.warning(show(describe(shortcut)), icon=":material/my_location:")
    if not result.shortcuts:
        st.markdown(_("No class is recognised by one spot away from the centre."))
    right = [mean for mean in result.means if mean.is_right]
    if len(right) > _MOST_CLASSES:
        right = sorted(right, key=lambda mean: -np.max(mean.values))[:_MOST_CLASSES]
        st.caption(_("The {n} classes whose evidence is most concentrated.").format(n=number(_MOST_CLASSES)))
    gallery([_tile(mean) for mean in right], key="why-classes", tile_pixels=_TILE_PIXELS)
    st.caption(
        ngettext(
            "Mean of the heatmaps of {n} picture to validate and test.",
            "Means of the heatmaps of {n} pictures to validate and test. Yellow: where most of the evidence lies.",
            result.pictures,
        ).format(n=number(result.pictures))
    )
    _show_confusions([mean for mean in result.means if not mean.is_right])


def _show_confusions(means: Sequence[MeanHeatmap]) -> None:
    if means:
        st.markdown(_("What misled it, by true class → answer:"))
        gallery(
            [_tile(mean) for mean in means[:_MOST_CONFUSIONS]],
            key="why-confusions",
            tile_pixels=_TILE_PIXELS,
        )


def _tile(mean: MeanHeatmap) -> Tile:
    values = np.array(mean.values)
    true_class = mean.true_class or _("none of the classes")
    name = mean.answer if mean.is_right else f"{true_class} → {mean.answer}"
    return Tile(
        picture=png(coloured(values / values.max(), (_MAP_PIXELS, _MAP_PIXELS))),
        strong=name,
        caption=ngettext("{n} picture", "{n} pictures", mean.pictures).format(n=number(mean.pictures)),
    )
