"""Label section: label groups of similar pictures at once, with suggested classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset
from core.data.editing.labels import relabel_each
from core.data.labels.task import Task
from core.doctor.labelling.job import (
    LabelGroup,
    LabellingData,
    LabelSuggestions,
    labelling_data_time,
    most_useful_group,
    open_groups,
)
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.messages import N_
from core.runs.start_project_jobs import start_grouping
from core.workspace import Project
from pages.ui import state
from pages.ui.components.picture_grid import GridAction, GridEvent, GridTile, picture_grid
from pages.ui.data.suggestions import Shares, labelling_data_of, shares_of, suggestions_of
from pages.ui.editing.actions import changes_of, exclude_action, label_action, undo_actions
from pages.ui.editing.changes import apply_change
from pages.ui.editing.tiles import picture_tile
from pages.ui.jobs import follow, newest_job, show_error
from pages.ui.text import _, escape, ngettext, number, percent

_PER_PAGE = 48
_TILE_PIXELS = 108
_LEAST_PROBABILITY = 0.5  # of a picture's own likely class that is mentioned
_ORDERS = {"useful": N_("the group that teaches most"), "clear": N_("the clearest group")}


def show_section(project: Project, dataset: Dataset) -> None:
    used = dataset.all_pictures[~dataset.all_pictures["excluded"]]
    waiting = used[used["label"] == ""]
    if waiting.empty:
        _done(used)
        return
    _how_far(len(used) - len(waiting), len(used))
    if dataset.task is Task.MULTI_LABEL:
        st.caption(
            _(
                "A picture may have several labels: type them with “;” between, such as “cat; dog”. "
                "“–” says that it shows none of the classes."
            )
        )
    job = newest_job(project, JobKind.GROUP)
    if job is not None and not job.status().state.has_ended:
        follow(job, lambda ended: st.rerun(), key="group-progress")
        return
    labelling_data = labelling_data_of(dataset)
    suggestions = suggestions_of(labelling_data, dataset) if labelling_data else None
    _offer_grouping(project, job, labelling_data, waiting)
    walk = f"{project.name}-{labelling_data_time(dataset.folder)}"
    groups = open_groups(labelling_data, dataset) if labelling_data else []
    ahead = _groups_ahead(walk, groups)
    if labelling_data and suggestions and ahead:
        _groups(project, dataset, walk, ahead, labelling_data, suggestions)
        return
    if groups:
        _what_is_left_over(walk)
    _one_by_one(project, dataset, waiting, suggestions)


def _how_far(labelled: int, total: int) -> None:
    st.progress(
        labelled / total, text=_("{n} of {total} labelled").format(n=number(labelled), total=number(total))
    )


def _done(used: pd.DataFrame) -> None:
    if used.empty:
        st.info(_("There are no pictures yet. Add some, and label them here."))
        if st.button(_("Add pictures"), icon=":material/add_photo_alternate:", key="label-add"):
            state.open_section("add")
        return
    st.success(_("Every picture has a label."), icon=":material/check_circle:")
    with st.container(horizontal=True):
        if st.button(_("Check the labels"), type="primary", icon=":material/stethoscope:", key="label-check"):
            state.open_section("check")
        if st.button(_("See the pictures"), icon=":material/photo_library:", key="label-see"):
            state.open_section("browse")


def _offer_grouping(
    project: Project, job: JobDirectory | None, labelling_data: LabellingData | None, waiting: pd.DataFrame
) -> None:
    """Offer to group pictures that are not grouped yet."""
    new = len(waiting) if labelling_data is None else int((~waiting["id"].isin(labelling_data.ids)).sum())
    if job is not None:
        show_error(job.status())
    if new == 0:
        return
    if job is not None and (job.result() or {}).get("with_features") is False:
        st.info(
            _(
                "Grouping needs a pretrained backbone. Get one on the Model page; until then, label the pictures one by one."
            )
        )
        return
    if labelling_data is None:
        st.markdown(
            _(
                "Darkroom can group pictures that look alike. A whole group is then labelled with one key, and the first labels suggest the next ones."
            )
        )
    words = (
        _("Group them by look")
        if labelling_data is None
        else ngettext("Group {n} new picture, too", "Group {n} new pictures, too", new).format(n=number(new))
    )
    if st.button(
        words,
        type="primary" if labelling_data is None else "secondary",
        icon=":material/category:",
        key="group",
    ):
        start_grouping(project)
        st.rerun()


def _groups_ahead(walk: str, groups: list[LabelGroup]) -> list[LabelGroup]:
    """Return the groups still to label; those whose labels were undone come first."""
    seen = state.passed_groups(walk)
    undone = [group for group in groups if group.number in seen and len(group.ids) > seen[group.number]]
    return undone[:1] or [group for group in groups if group.number not in seen]


def _groups(
    project: Project,
    dataset: Dataset,
    walk: str,
    groups: list[LabelGroup],
    labelling_data: LabellingData,
    suggestions: LabelSuggestions,
) -> None:
    """Draw the current group and the order of groups."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", key="label-heading"
    ):
        heading = st.container(width="content")
        order = "clear" if suggestions.is_empty else _chosen_order()
    group = _at_group(walk, order, groups)
    if group is None:
        is_first = order == "clear"
        group = groups[0] if is_first else most_useful_group(groups, labelling_data, dataset, suggestions)
        state.choose_group(walk, order, group.number)
    words = ngettext("{n} picture", "{n} pictures that look alike", len(group.ids))
    heading.subheader(words.format(n=number(len(group.ids))), anchor=False)
    _group(project, dataset, walk, group, suggestions)


def _what_is_left_over(walk: str) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="label-left-over"
    ):
        st.subheader(_("Skipped or removed pictures"), anchor=False, width="content")
        if st.button(_("Go through the groups again"), icon=":material/replay:", key="label-again"):
            state.restart_groups(walk)
            st.rerun()


def _chosen_order() -> str:
    labels = {order: _(text) for order, text in _ORDERS.items()}
    order = st.selectbox(
        _("Next comes"),
        list(labels),
        format_func=labels.__getitem__,
        key="label-order",
        persist_state="session",
        width=230,
    )
    return str(order)


def _at_group(walk: str, order: str, groups: list[LabelGroup]) -> LabelGroup | None:
    """Return the session's current group."""
    return next((group for group in groups if (order, group.number) == state.current_group(walk)), None)


def _group(
    project: Project, dataset: Dataset, walk: str, group: LabelGroup, suggestions: LabelSuggestions
) -> None:
    """Draw one group with all pictures selected."""
    shares = shares_of(project, dataset, group.ids, suggestions) if suggestions.covers(group.ids) else None
    suggested = _likely_class(shares, suggestions)
    st.caption(
        _("All are selected. Click those that do not belong to take them out, then say what the others are.")
    )
    event = picture_grid(
        _group_tiles(project, dataset, group.ids, shares, suggested),
        key=f"label-{project.name}",
        label=_("Pictures that look alike"),
        actions=_actions(
            project, dataset, _("Yes, “{name}”").format(name=suggested) if suggested else "", skip=True
        ),
        tile_pixels=_TILE_PIXELS,
        preselected=True,
    )
    if event is None:
        return
    if event.action == "skip":
        state.pass_group(walk, group.number, len(group.ids))
        st.rerun()
    if event.action in {"accept", "label"}:
        state.pass_group(walk, group.number, len(set(group.ids) - set(event.ids)))
    _act(project, dataset, event, dict.fromkeys(event.ids, suggested))


def _likely_class(shares: Shares | None, suggestions: LabelSuggestions) -> str:
    """Show and return the likely class of the group; "" if unknown."""
    if shares is None:
        st.markdown(
            _("Choose **Label as …** and type what they show.")
            if suggestions.is_empty
            else _("No labelled picture looks similar: perhaps a new class.")
        )
        return ""
    name, share = shares.likeliest()
    source = _("says the latest classifier") if shares.run else _("going by the labels so far")
    st.markdown(
        _("Probably **{name}**: {share} sure, {source}.").format(
            name=escape(name), share=percent(round(share, 2)), source=source
        )
    )
    return name


def _group_tiles(
    project: Project, dataset: Dataset, ids: Sequence[str], shares: Shares | None, suggested: str
) -> list[GridTile]:
    """Build the tiles of a group; pictures that look like another class are marked."""
    pictures = dataset.all_pictures.set_index("id", drop=False).loc[list(ids)]
    own = shares.of_each() if shares else {}
    tiles = []
    for picture in pictures.itertuples(index=False):
        name, share = own.get(str(picture.id), ("", 0.0))
        badge = _("{name}?").format(name=name) if name != suggested and share >= _LEAST_PROBABILITY else ""
        tiles.append(picture_tile(project, picture, badge=badge, attention=True))
    return tiles


def _one_by_one(
    project: Project, dataset: Dataset, waiting: pd.DataFrame, suggestions: LabelSuggestions | None
) -> None:
    """Draw ungrouped pictures page by page, ordered by likely class."""
    ids = _by_likely_class(waiting["id"].tolist(), suggestions)
    pages = -(-len(ids) // _PER_PAGE)
    page = st.pagination(pages, key=f"label-page-{project.name}") if pages > 1 else 1
    shown = ids[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    shares = shares_of(project, dataset, shown, suggestions)
    own = _likely_classes(shares, suggestions)
    pictures = dataset.all_pictures.set_index("id", drop=False).loc[shown]
    guesses = [_("{name}?").format(name=own[identifier]) if identifier in own else "" for identifier in shown]
    event = picture_grid(
        [
            picture_tile(project, picture, strong=guess)
            for picture, guess in zip(pictures.itertuples(index=False), guesses, strict=True)
        ],
        key=f"label-single-{project.name}",
        label=_("Pictures without a label"),
        actions=_actions(project, dataset, _("Yes, as suggested") if own else ""),
        tile_pixels=_TILE_PIXELS,
    )
    if event is not None:
        _act(project, dataset, event, own)


def _likely_classes(shares: Shares | None, suggestions: LabelSuggestions | None) -> dict[str, str]:
    """Return the likely class of each picture with similar labelled ones."""
    own = shares.of_each() if shares else {}
    knows = suggestions.linked if suggestions and shares and not shares.run else None
    return {
        identifier: name for identifier, (name, _share) in own.items() if knows is None or knows[identifier]
    }


def _by_likely_class(ids: list[str], suggestions: LabelSuggestions | None) -> list[str]:
    """Order pictures by likely class, the most confident first; unknown ones last."""
    if suggestions is None or suggestions.is_empty:
        return ids
    there = [identifier for identifier in ids if suggestions.linked.get(identifier, False)]
    shares = suggestions.probabilities.loc[there]
    order = pd.DataFrame({"name": shares.idxmax(axis=1), "share": shares.max(axis=1)})
    known = order.sort_values(["name", "share"], ascending=[True, False], kind="stable").index.tolist()
    is_known = set(known)
    return known + [identifier for identifier in ids if identifier not in is_known]


def _actions(project: Project, dataset: Dataset, accept: str, *, skip: bool = False) -> list[GridAction]:
    actions = [GridAction(id="accept", label=accept, key="a")] if accept else []
    actions.append(label_action(dataset, _("Label as …")))
    if skip:
        actions.append(GridAction(id="skip", label=_("Skip"), key="s", needs_pictures=False))
    return [*actions, exclude_action(), *undo_actions(project, dataset)]


def _act(project: Project, dataset: Dataset, event: GridEvent, suggested: Mapping[str, str]) -> None:
    labels = {identifier: suggested[identifier] for identifier in event.ids if identifier in suggested}
    if event.action == "accept" and not labels:
        st.rerun()
    changes = changes_of(project, dataset, event)
    changes["accept"] = lambda: relabel_each(project, labels)
    apply_change(project, changes[event.action])
