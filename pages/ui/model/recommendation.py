"""Recommended backbone for these pictures on this computer, with its reason."""

from __future__ import annotations

import streamlit as st

from core.data.dataset import Dataset
from core.models.backbones import Backbone, get_backbone
from core.models.costs import pictures_per_second
from core.models.guidance import Recommendation, Wish
from core.models.speeds import measured_speeds
from core.runs.setting_names import RECIPE_NAMES
from core.runs.start_computer_jobs import start_download
from core.training.advice import advise
from core.training.config import Recipe
from core.training.cost.estimate import feature_seconds
from core.workspace import Project, project_settings, remember_setting
from pages.ui import state
from pages.ui.model.facts import WISH_NAMES
from pages.ui.settings import choose_backbone, chosen_backbone, chosen_recipe, remember_recipe
from pages.ui.text import _, escape, expected_duration, file_size, ngettext, number, percent, show


def recommendation_card(project: Project, dataset: Dataset) -> None:
    """Draw the recommendation, the goal it serves, and the button that accepts it."""
    with st.container(border=True, key="recommendation"):
        wish = _wish(project)
        recommendation = advise(dataset, wish)
        backbone, count = get_backbone(recommendation.backbone), len(dataset.pictures)
        st.markdown(
            ngettext(
                "For your {n} picture on this computer:", "For your {n} pictures on this computer:", count
            ).format(n=number(count))
        )
        recipe = Recipe(recommendation.recipe)
        is_chosen = (chosen_backbone(project), chosen_recipe(project)) == (backbone.key, recipe)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(escape(backbone.name), anchor=False, width="content")
            if is_chosen:
                st.badge(_("Chosen"), icon=":material/check:", color="green")
        st.markdown(
            show(recommendation.reason),
            help=_(
                "ImageNet is a collection of a million photographs of 1,000 kinds of things, on which backbones "
                "are compared: the percentage says how often the first guess is right."
            ),
        )
        st.caption(_expectation(recommendation, backbone, count))
        if not is_chosen:
            _take(project, recommendation, backbone)
        if recommendation.committee not in {"", chosen_backbone(project)}:
            _offer_committee(project, get_backbone(recommendation.committee), dataset)
        if recommendation.better:
            _offer_download(get_backbone(recommendation.better))


def _wish(project: Project) -> Wish:
    remembered = str(project_settings(project).get("wish"))
    wish = Wish(remembered) if remembered in set(Wish) else Wish.BALANCED
    picked = st.segmented_control(
        _("What matters most?"),
        list(Wish),
        default=wish,
        format_func=lambda item: _(WISH_NAMES[item]),
        required=True,
        key="wish",
    )
    if picked is not None and picked is not wish:
        remember_setting(project, "wish", picked.value)
        return Wish(picked)
    return wish


def _expectation(recommendation: Recommendation, backbone: Backbone, pictures: int) -> str:
    """Format the expected time and recipe of the recommendation."""
    seconds = pictures / pictures_per_second(backbone, measured_speeds())
    parts = [
        _("about {time} to compute the features of all of them").format(
            time=escape(expected_duration(max(1.0, seconds)))
        ),
        _("recipe: {name}").format(name=_(RECIPE_NAMES[Recipe(recommendation.recipe)])),
    ]
    return " · ".join(parts)


def _take(project: Project, recommendation: Recommendation, backbone: Backbone) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        label = _("Use {name}") if recommendation.is_ready else _("Download {name}")
        if st.button(label.format(name=escape(backbone.name)), type="primary", key="take-advice"):
            remember_recipe(project, Recipe(recommendation.recipe))
            if recommendation.is_ready:
                choose_backbone(project, backbone.key)
            else:
                state.follow_job(start_download(backbone.key))
            st.rerun()
        st.caption(
            _("You have chosen {name}, recipe: {recipe}.").format(
                name=escape(get_backbone(chosen_backbone(project)).name),
                recipe=_(RECIPE_NAMES[chosen_recipe(project)]),
            )
        )


def _offer_committee(project: Project, committee: Backbone, dataset: Dataset) -> None:
    """Offer two backbones at once, which are more accurate than the recommended one alone."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _(
                "Usually more accurate still: {name} at once, about {time} for the features that are missing."
            ).format(
                name=escape(committee.name),
                time=escape(expected_duration(max(1.0, feature_seconds(dataset, committee)))),
            )
        )
        if st.button(_("Use both"), key="take-committee"):
            choose_backbone(project, committee.key)
            remember_recipe(project, Recipe.QUICK)
            st.rerun()


def _offer_download(better: Backbone) -> None:
    """Offer the download of a backbone that would serve the goal better still."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("{name} ({accuracy} on ImageNet) would suit this goal even better, after a download.").format(
                name=escape(better.name), accuracy=percent((better.imagenet_top1 or 0.0) / 100)
            )
        )
        label = _("Download {size}").format(size=escape(file_size(better.download_bytes)))
        if st.button(label, key="download-better", icon=":material/download:"):
            state.follow_job(start_download(better.key))
            st.rerun()
