"""Split section: sizes of train, validation and test, and leaks between them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset
from core.data.editing.leak_report import LeakReport, leak_report
from core.data.editing.splits import mend_leaks, redraw_split, settle_split
from core.data.labels.label_sets import by_class
from core.data.labels.layout import Split
from core.data.split.splitting import MIN_PICTURES_PER_CLASS, SplitConfig, redrawn_split
from core.workspace import Project, list_runs
from pages.ui import state
from pages.ui.class_counts import show_class_counts
from pages.ui.components.picture_grid import picture_grid
from pages.ui.data.caching import VersionKey, version_key
from pages.ui.display_names.splits import SPLIT_NAMES
from pages.ui.editing.changes import apply_change
from pages.ui.editing.tiles import format_split, picture_tile
from pages.ui.text import _, ngettext, number, percent

_LEAST_PERCENT, _MOST_PERCENT = 1, 40  # limits of ``SplitConfig``
_MOST_SEED = 2**31 - 1
_FEW_TO_TEST = 5  # test pictures; with fewer, one mistake changes a class's result by more than a fifth
_MOST_SHOWN = 48  # pictures of a finding


def show_section(project: Project, dataset: Dataset) -> None:
    if dataset.pictures.empty:
        _nothing_to_divide(dataset)
        return
    st.markdown(
        _(
            "Darkroom learns from most pictures (to train), checks itself on some (to validate) and keeps the rest hidden until the end (to test). Copies of a picture stay in the same split."
        )
    )
    _not_divided_yet(project, dataset)
    chart, leaks = st.columns([3, 2], gap="large")
    with chart:
        _split_sizes(dataset)
    with leaks:
        _leaks(project, dataset)
    _divide_anew(project, dataset)


def _nothing_to_divide(dataset: Dataset) -> None:
    if dataset.all_pictures.empty:
        st.info(_("There is nothing to divide yet: the project has no pictures."))
        label, section, icon = _("Add pictures"), "add", ":material/add_photo_alternate:"
    else:
        st.info(_("There is nothing to divide yet: no class has enough pictures with a label."))
        label, section, icon = _("Label pictures"), "label", ":material/label:"
    if st.button(label, type="primary", icon=icon, key="go-on"):
        state.open_section(section)


def _not_divided_yet(project: Project, dataset: Dataset) -> None:
    everything = dataset.all_pictures
    count = int(((everything["split"] == "") & (everything["label"] != "")).sum())
    if not count:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="not-divided"):
        words = ngettext(
            "{n} picture is in no split yet. Training assigns it automatically.",
            "{n} pictures are in no split yet. Training assigns them automatically.",
            count,
        )
        st.markdown(words.format(n=number(count)), width="stretch")
        if st.button(_("Divide now"), icon=":material/call_split:", key="settle"):
            apply_change(project, lambda: settle_split(project))


def _split_sizes(dataset: Dataset) -> None:
    """Draw the size of each split, in total and by class."""
    counts = dataset.pictures["split"].value_counts()
    with st.container(horizontal=True, gap="large", key="split-sizes"):
        for split in Split:
            count = int(counts.get(split.value, 0))
            share = percent(count / len(dataset.pictures))
            st.metric(
                _(SPLIT_NAMES[split]),
                number(count),
                share,
                delta_color="off",
                delta_arrow="off",
                width="content",
            )
    names = dataset.class_names
    show_class_counts(by_class(dataset.pictures, dataset.task), names, key="split-counts")


def _leaks(project: Project, dataset: Dataset) -> None:
    """Report groups that were kept together, moved, or leak."""
    report = leak_report(dataset)
    st.subheader(_("Leaks"), anchor=False)
    if report.leaking:
        _mend(project, dataset, report)
    else:
        st.success(
            _("None. No picture that trains, nor a copy of one, is used to measure."),
            icon=":material/verified:",
        )
    if report.groups:
        words = ngettext(
            "{pictures} pictures belong together in {n} group: copies, near copies, or a group of your own.",
            "{pictures} pictures belong together in {n} groups: copies, near copies, or groups of your own.",
            report.groups,
        )
        st.caption(words.format(n=number(report.groups), pictures=number(report.grouped_pictures)))
    if report.moved:
        _moved(project, dataset, report)


def _mend(project: Project, dataset: Dataset, report: LeakReport) -> None:
    count = len(report.leaking)
    words = ngettext(
        "{n} picture has a copy in the validation or test split. The results would look better than they are.",
        "{n} pictures have a copy in the validation or test split. The results would look better than they are.",
        count,
    )
    st.warning(words.format(n=number(count)), icon=":material/warning:")
    if st.button(_("Exclude leaking pictures"), type="primary", key="mend-leaks"):
        apply_change(project, lambda: mend_leaks(project))
    pictures = dataset.pictures
    leaking = [picture.id for picture in report.leaking[:_MOST_SHOWN]]
    groups = pictures.loc[pictures["id"].isin(leaking), "group"]
    members = pictures[pictures["group"].isin(groups)].sort_values("group", kind="stable").head(_MOST_SHOWN)
    tiles = [
        picture_tile(
            project,
            picture,
            strong=format_split(str(picture.split)),
            badge=_("leaks") if picture.id in set(leaking) else "",
            attention=True,
        )
        for picture in members.itertuples(index=False)
    ]
    picture_grid(tiles, key="leaks", label=_("Pictures that leak, and their copies"))


def _moved(project: Project, dataset: Dataset, report: LeakReport) -> None:
    count = len(report.moved)
    title = ngettext(
        "{n} picture was moved to the split of its copy",
        "{n} pictures were moved to the splits of their copies",
        count,
    ).format(n=number(count))
    came = {picture.id: picture.supplied_split for picture in report.moved[:_MOST_SHOWN]}
    with st.expander(title, icon=":material/move_down:", key="moved"):
        st.caption(
            _(
                "The imported split separated the copies, so training pictures would also have measured the result."
            )
        )
        tiles = [
            picture_tile(
                project, picture, badge=f"{format_split(came[picture.id])} → {format_split(picture.split)}"
            )
            for picture in _pictures_of(dataset, came)
        ]
        picture_grid(tiles, key="moved-pictures", label=_("Moved pictures"))


def _pictures_of(dataset: Dataset, ids: Iterable[str]) -> Iterable:
    pictures = dataset.pictures
    return pictures[pictures["id"].isin(set(ids))].itertuples(index=False)


def _divide_anew(project: Project, dataset: Dataset) -> None:
    with st.expander(
        _("Advanced: divide anew"), icon=":material/tune:", on_change="rerun", key="divide-anew"
    ) as panel:
        if panel.open:
            _anew(project, dataset)


def _anew(project: Project, dataset: Dataset) -> None:
    """Draw fractions, seed, the expected result and the button of a new split."""
    default = SplitConfig()
    fields, outcome = st.columns([2, 3], gap="large")
    with fields:
        validation = st.slider(
            _("To validate (%)"),
            _LEAST_PERCENT,
            _MOST_PERCENT,
            round(100 * default.validation_fraction),
            help=_("Pictures that training validates on after every epoch."),
            key="anew-validation",
        )
        test = st.slider(
            _("To test (%)"),
            _LEAST_PERCENT,
            _MOST_PERCENT,
            round(100 * default.test_fraction),
            help=_(
                "Pictures kept unseen until the end. They measure how good the classifier is on new ones."
            ),
            key="anew-test",
        )
        seed = st.number_input(
            _("Seed"),
            0,
            _MOST_SEED,
            default.seed,
            help=_("Another seed divides the pictures differently."),
            key="anew-seed",
        )
        config = SplitConfig(validation_fraction=validation / 100, test_fraction=test / 100, seed=seed)
    with outcome:
        _outcome(dataset, config)
        _consequences(project, dataset)
        if st.button(_("Divide anew"), icon=":material/shuffle:", key="redraw"):
            apply_change(project, lambda: redraw_split(project, config))


def _outcome(dataset: Dataset, config: SplitConfig) -> None:
    """Draw the table of pictures by class and split, the smallest class first."""
    counts = _would_be(version_key(dataset), config, dataset)
    columns = {split.value: st.column_config.NumberColumn(_(SPLIT_NAMES[split])) for split in Split}
    st.dataframe(
        counts, column_config={"label": st.column_config.TextColumn(_("Class"))} | columns, hide_index=True
    )
    few = int((counts[Split.TEST.value] < _FEW_TO_TEST).sum())
    if few:
        words = ngettext(
            "{n} class would be tested on fewer than {few} pictures: its result is a rough one.",
            "{n} classes would be tested on fewer than {few} pictures: their results are rough ones.",
            few,
        )
        st.warning(words.format(n=number(few), few=_FEW_TO_TEST))
    st.caption(
        _("Even a class of {n} pictures gives one to each split, unless they belong together.").format(
            n=MIN_PICTURES_PER_CLASS
        )
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _would_be(version: VersionKey, config: SplitConfig, _dataset: Dataset) -> pd.DataFrame:
    labelled = _dataset.all_pictures[_dataset.all_pictures["label"] != ""]
    split = redrawn_split(labelled, config, _dataset.task)
    shown = by_class(labelled[~labelled["excluded"]].assign(split=split), _dataset.task)
    shown = shown[shown["label"].isin(_dataset.class_names)]
    counts = pd.crosstab(shown["label"].to_numpy(), shown["split"].to_numpy())
    counts = counts.reindex(
        index=list(_dataset.class_names), columns=[split.value for split in Split], fill_value=0
    )
    order = counts.sum(axis=1).sort_values(kind="stable").index
    return counts.loc[order].rename_axis(index="label", columns=None).reset_index()


def _consequences(project: Project, dataset: Dataset) -> None:
    """Explain the consequences of a new split."""
    runs = len(list_runs(project))
    if runs:
        words = ngettext(
            "{n} earlier run was tested on the present test pictures. Its result can no longer be compared with later ones.",
            "{n} earlier runs were tested on the present test pictures. Their results can no longer be compared with later ones.",
            runs,
        )
        st.warning(words.format(n=number(runs)), icon=":material/compare_arrows:")
    if (dataset.all_pictures["supplied_split"] != "").any():
        st.warning(_("The pictures came with a split. The new split replaces it."))
