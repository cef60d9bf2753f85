"""Model: which backbone looks at the pictures, with the facts to choose by."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.jobs.directory import JobDirectory, JobState
from core.jobs.start import start_download, start_measurement
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE, Backbone, WeightsSource
from core.models.speeds import measured_speeds
from core.models.weights import weights_ready
from core.workspace import Project, remember_setting
from pages.ui import state
from pages.ui.jobs import follow, show_error
from pages.ui.settings import chosen_backbone
from pages.ui.shell import next_step, page_title, require_project
from pages.ui.steps import Step
from pages.ui.text import _, escape, file_size, number, percent

_CARDS_IN_A_ROW = 3


def choose(project: Project, backbone: str) -> None:
    remember_setting(project, "backbone", backbone)
    st.rerun()


def backbone_card(project: Project, backbone: Backbone, is_chosen: bool, speed: float | None) -> None:
    """One backbone: what it is good for, its facts, and the button that fits its state."""
    ready = weights_ready(backbone)
    with st.container(border=True, key=f"backbone-{backbone.key}", height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{backbone.name}**", width="content")
            if is_chosen:
                st.badge(_("Chosen"), icon=":material/check:", color="green")
        st.caption(_(backbone.good_for))
        st.caption(" · ".join(facts(backbone, speed)))
        if not ready:
            label = _("Download {size}").format(size=escape(file_size(backbone.download_bytes)))
            if st.button(label, key=f"download-{backbone.key}", icon=":material/download:"):
                state.follow_job(start_download(backbone.key))
                st.rerun()
        elif not is_chosen and st.button(_("Choose"), key=f"choose-{backbone.key}"):
            choose(project, backbone.key)


def facts(backbone: Backbone, speed: float | None) -> list[str]:
    """Short facts, each with its unit."""
    parts = [_("{millions} M parameters").format(millions=number(round(backbone.parameters / 1e6, 1)))]
    if backbone.imagenet_top1 is not None:
        parts.append(_("{accuracy} on ImageNet").format(accuracy=percent(backbone.imagenet_top1 / 100)))
    if speed is not None:
        parts.append(_("{rate} pictures/s here").format(rate=number(speed)))
    return parts


def facts_table(speeds: dict[str, float]) -> None:
    """Everything side by side."""
    rows = [
        {
            "name": backbone.name,
            "parameters": backbone.parameters / 1e6,
            "download": None
            if backbone.weights is not WeightsSource.DOWNLOAD
            else backbone.download_bytes / 1e6,
            "accuracy": backbone.imagenet_top1,
            "speed": speeds.get(backbone.key),
            "size": backbone.input_size,
            "licence": backbone.licence,
        }
        for backbone in BACKBONES.values()
    ]
    number_column = st.column_config.NumberColumn
    columns = {
        "name": st.column_config.TextColumn(_("Backbone")),
        "parameters": number_column(_("Parameters (millions)"), format="%.1f"),
        "download": number_column(
            _("Download (MB)"), format="%.0f", help=_("–: nothing to download, it is installed with Darkroom")
        ),
        "accuracy": number_column(
            _("ImageNet accuracy (%)"),
            format="%.1f",
            help=_("How often its first guess is right among 1,000 kinds of things, as published"),
        ),
        "speed": number_column(_("Pictures/s here"), format="%.0f", help=_("Measured on this computer")),
        "size": number_column(_("Picture side (pixels)")),
        "licence": st.column_config.TextColumn(_("Licence of the weights")),
    }
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns, placeholder="–", key="facts")


def job_ended(job: JobDirectory) -> None:
    """After a download or measurement: go on, or say why not and offer what works."""
    status = job.status()
    if status.state is JobState.FINISHED:
        if job.kind == "download":
            remember_setting(project, "backbone", job.config()["backbone"])
        state.follow_job(None)
        st.rerun()
    show_error(status)
    if status.state is JobState.FAILED and job.kind == "download":
        with st.container(horizontal=True):
            for key, label in (
                (DEFAULT_BACKBONE, _("Use EfficientNet-Lite0")),
                ("small_cnn", _("Train from scratch")),
            ):
                if st.button(label, key=f"instead-{key}"):
                    state.follow_job(None)
                    choose(project, key)


page_title(
    _("Model"),
    _(
        "The backbone is a network that has already learnt to see, from a million photographs. "
        "Yours is built on top of it. The first one is a good choice."
    ),
)
project = require_project()
job = state.followed_job()
if job is not None and job.kind in {"download", "measure"}:
    follow(job, job_ended, key="model-job")
chosen, speeds = chosen_backbone(project), measured_speeds()
backbones = list(BACKBONES.values())
for start in range(0, len(backbones), _CARDS_IN_A_ROW):
    columns = st.columns(_CARDS_IN_A_ROW, gap="small")
    for column, item in zip(columns, backbones[start : start + _CARDS_IN_A_ROW], strict=False):
        with column:
            backbone_card(project, item, item.key == chosen, speeds.get(item.key))
with st.expander(_("Compare all facts"), key="all-facts"):
    facts_table(speeds)
    busy = job is not None and not job.status().state.has_ended
    if st.button(_("Measure the speeds on this computer"), key="measure", disabled=busy):
        state.follow_job(start_measurement())
        st.rerun()
    st.caption(
        _(
            "About two minutes. Backbones that are not here yet are measured with random weights: as fast, just blind."
        )
    )
next_step(Step.TRAIN, _("press one button; a few minutes later you have a classifier"))
