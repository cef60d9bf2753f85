"""Card of a finding: explanation, pictures and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape as escape_html
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset
from core.data.editing.labels import exclude, relabel_each
from core.doctor.findings import Finding, Remedy, Suspect
from core.doctor.open_findings import OpenFinding
from core.doctor.report import dismiss, undismiss
from core.doctor.sentences import FindingKind
from core.files import digest_of
from core.http.pages import thumbnail_address
from core.messages import N_
from core.workspace import Project
from pages.ui import state
from pages.ui.components.picture_grid import GridAction, GridEvent, GridTile, picture_grid
from pages.ui.editing.actions import changes_of, exclude_action, label_action, undo_actions
from pages.ui.editing.changes import apply_change
from pages.ui.editing.tiles import picture_tile
from pages.ui.text import _, ngettext, number, show
from pages.ui.urls import own_url

_PER_PAGE = 24  # suspects; their counterparts come in addition
_STRIP = 10  # pictures shown while the card is closed
_TILE_PIXELS = 108
_HARM: dict[FindingKind, tuple[str, Literal["red", "orange", "gray"]]] = {
    **dict.fromkeys(
        (
            FindingKind.CONFLICTING_LABELS,
            FindingKind.WRONG_LABELS,
            FindingKind.SHORTCUTS,
            FindingKind.NEAR_DUPLICATES,
        ),
        (N_("Misleads the classifier"), "red"),
    ),
    **dict.fromkeys(
        (
            FindingKind.UNREADABLE,
            FindingKind.SMALL_CLASSES,
            FindingKind.BLANK,
            FindingKind.OUTLIERS,
            FindingKind.IMBALANCE,
        ),
        (N_("Hard to learn from"), "orange"),
    ),
}
_MILD: tuple[str, Literal["red", "orange", "gray"]] = (N_("Worth a look"), "gray")
_STYLE = """
<style>
.dr-strip { display: flex; gap: 8px; overflow: hidden;
  mask-image: linear-gradient(to right, #000 calc(100% - 3rem), transparent); }
.dr-strip img { flex: none; width: 72px; height: 72px; object-fit: contain; border-radius: 8px;
  background: color-mix(in srgb, currentColor 6%, transparent);
  border: 1px solid color-mix(in srgb, currentColor 14%, transparent); }
</style>
"""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture in a finding's grid: a suspect or its counterpart."""

    id: str
    suspect: Suspect | None  # None: the picture that another is a copy of, or contradicts


def finding_card(
    project: Project, dataset: Dataset, item: OpenFinding, finding: Finding, *, is_first: bool
) -> None:
    """Draw the open part of a finding; ``is_first`` expands its pictures."""
    key = finding_key(finding)
    harm, colour = _HARM.get(finding.kind, _MILD)
    pictured = [suspect for suspect in finding.suspects if suspect.id]
    with st.container(border=True, gap="small", key=key):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.subheader(show(finding.headline), anchor=False)
            st.badge(_(harm), color=colour)
        st.markdown(show(finding.explanation))
        if finding.remedy is not Remedy.NONE and item.done:
            _progress(project, item)
        is_open = bool(pictured) and state.is_open(f"{project.name}-{key}", default=is_first)
        if pictured and not is_open:
            _strip(project, dataset, pictured[:_STRIP])
        with st.container(horizontal=True, key=f"{key}-remedies"):
            if pictured:
                _opener(project, key, len(pictured), is_open=is_open)
            _remedy_for_all(project, finding, pictured, key)
        if is_open:
            _grid(project, dataset, finding, pictured)
        if len(pictured) < len(finding.suspects):
            _files([suspect for suspect in finding.suspects if not suspect.id])


def finding_key(finding: Finding) -> str:
    """Return the key of a finding within a report; it stays while suspects are settled."""
    return f"finding-{finding.kind.value}-{digest_of([finding.kind, finding.shortcut, finding.classes])[:8]}"


def _progress(project: Project, item: OpenFinding) -> None:
    """Show progress, and a button to reopen dismissed suspects."""
    text = _("{done} of {total} done").format(
        done=number(item.done), total=number(len(item.original.suspects))
    )
    with st.container(horizontal=True, vertical_alignment="center", key=f"{finding_key(item.original)}-done"):
        st.caption(text, width="content")
        show_again(project, item)


def show_again(project: Project, item: OpenFinding) -> None:
    """Draw the button that reopens dismissed suspects."""
    if not item.dismissed:
        return
    n = len(item.dismissed)
    label = ngettext("{n} marked as right – show it again", "{n} marked as right – show them again", n)
    if st.button(label.format(n=number(n)), type="tertiary", key=f"{finding_key(item.original)}-again"):
        undismiss(project, item.original.kind, [suspect.id for suspect in item.dismissed])
        st.rerun()


def _opener(project: Project, key: str, count: int, *, is_open: bool) -> None:
    """Draw the button that expands or collapses the pictures."""
    label = ngettext("Look at the picture", "Look through the {n} pictures", count).format(n=number(count))
    st.button(
        _("Close") if is_open else label,
        icon=":material/expand_less:" if is_open else ":material/visibility:",
        key=f"{key}-look",
        on_click=state.set_open,
        args=(f"{project.name}-{key}", not is_open),
    )


def _remedy_for_all(project: Project, finding: Finding, suspects: Sequence[Suspect], key: str) -> None:
    """Draw the button that applies the remedy to all open suspects."""
    n, ids = len(suspects), [suspect.id for suspect in suspects]
    if finding.kind in {FindingKind.SMALL_CLASSES, FindingKind.IMBALANCE} and st.button(
        _("Add pictures"), icon=":material/add_photo_alternate:", key=f"{key}-add"
    ):
        state.open_section("add")
    if finding.remedy is Remedy.RELABEL and n:
        label = ngettext("Accept the suggestion", "Accept all {n} suggestions", n).format(n=number(n))
        if st.button(label, icon=":material/done_all:", key=f"{key}-all"):
            apply_change(project, lambda: relabel_each(project, suggestions(suspects)))
    if finding.remedy is Remedy.EXCLUDE and n:
        label = ngettext("Exclude it", "Exclude all {n}", n).format(n=number(n))
        if st.button(label, icon=":material/block:", key=f"{key}-all"):
            apply_change(project, lambda: exclude(project, ids))
    if finding.remedy is Remedy.NONE and n:
        label = _("This is as it should be")
        if st.button(label, icon=":material/check:", key=f"{key}-fine"):
            dismiss(project, finding.kind, ids)
            st.rerun()


def suggestions(suspects: Sequence[Suspect]) -> dict[str, str]:
    """Return the suggested labels by id.

    If two pictures suggest each other's label, only the first counts: otherwise they would swap.
    """
    labels: dict[str, str] = {}
    for suspect in suspects:
        if suspect.suggested and suspect.other not in labels:
            labels[suspect.id] = suspect.suggested
    return labels


def _files(suspects: Sequence[Suspect]) -> None:
    """List files that could not be imported, with the reason."""
    count = len(suspects)
    with st.expander(
        ngettext("{n} file", "{n} files", count).format(n=number(count)), icon=":material/draft:"
    ):
        rows = [
            {
                "file": suspect.name,
                "why": show(suspect.because.message, markdown=False) if suspect.because else "",
            }
            for suspect in suspects
        ]
        columns = {
            "file": st.column_config.TextColumn(_("File")),
            "why": st.column_config.TextColumn(_("Why")),
        }
        st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns)


def _grid(project: Project, dataset: Dataset, finding: Finding, suspects: Sequence[Suspect]) -> None:
    """Draw the suspects page by page."""
    key, pages = finding_key(finding), -(-len(suspects) // _PER_PAGE)
    page = min(state.widget_value(f"{key}-page", 1), pages)
    if pages > 1:
        page = st.pagination(pages, default=page, key=f"{key}-page", persist_state="session")
    shown = together(suspects[(page - 1) * _PER_PAGE : page * _PER_PAGE])
    rows = _rows_of(dataset, [one.id for one in shown])
    event = picture_grid(
        [_tile(project, rows[one.id], one.suspect, finding) for one in shown if one.id in rows],
        key=f"{key}-grid-{project.name}",
        label=show(finding.headline, markdown=False),
        actions=_actions(project, dataset, finding),
        tile_pixels=_TILE_PIXELS,
    )
    if event is not None:
        _act(project, dataset, finding, event)


def together(suspects: Sequence[Suspect]) -> list[Shown]:
    """Group suspects with their counterparts; each counterpart comes once, before its suspects."""
    shown: dict[str, Shown] = {}
    beside: dict[str, list[Suspect]] = {}
    for suspect in suspects:
        beside.setdefault(suspect.other or suspect.id, []).append(suspect)
    for first, group in beside.items():
        if all(suspect.other for suspect in group):
            shown.setdefault(first, Shown(id=first, suspect=None))
        for suspect in group:
            shown[suspect.id] = Shown(id=suspect.id, suspect=suspect)
    return list(shown.values())


def _rows_of(dataset: Dataset, ids: Sequence[str]) -> dict[str, Any]:
    """Return manifest rows by id."""
    pictures = dataset.all_pictures
    return {
        str(picture.id): picture for picture in pictures[pictures["id"].isin(ids)].itertuples(index=False)
    }


def _strip(project: Project, dataset: Dataset, suspects: Sequence[Suspect]) -> None:
    """Draw the first suspects in one line."""
    rows = _rows_of(dataset, [suspect.id for suspect in suspects])
    pictures = [rows[suspect.id] for suspect in suspects if suspect.id in rows]
    images = "".join(
        f'<img src="{escape_html(own_url(thumbnail_address(project.name, picture.sha256)))}" '
        f'alt="{escape_html(picture.name)}" title="{escape_html(picture.name)}" loading="lazy">'
        for picture in pictures
    )
    st.html(f'{_STYLE}<div class="dr-strip">{images}</div>')


def _tile(project: Project, picture: Any, suspect: Suspect | None, finding: Finding) -> GridTile:
    """Build the tile of a suspect or a counterpart."""
    if suspect is None:
        badge = _("kept") if finding.kind is FindingKind.NEAR_DUPLICATES else ""
        return picture_tile(project, picture, strong=picture.label, badge=badge)
    if suspect.suggested:
        tile = picture_tile(project, picture, badge=f"{suspect.label} → {suspect.suggested}", attention=True)
    else:
        badge = _("copy") if suspect.other else ""
        tile = picture_tile(project, picture, strong=picture.label, badge=badge, attention=True)
    if suspect.because is None:
        return tile
    return replace(tile, facts=((_("Why"), show(suspect.because.message, markdown=False)), *tile.facts))


def _actions(project: Project, dataset: Dataset, finding: Finding) -> list[GridAction]:
    actions = []
    if any(suspect.suggested for suspect in finding.suspects):
        actions.append(GridAction(id="accept", label=_("Accept"), key="a"))
    if finding.remedy is not Remedy.NONE:
        text = _("Keep") if finding.remedy is Remedy.EXCLUDE else _("It is right")
        actions.append(GridAction(id="right", label=text, key="r"))
    return [
        *actions,
        exclude_action(),
        label_action(dataset, digits=False),
        *undo_actions(project, dataset),
    ]


def _act(project: Project, dataset: Dataset, finding: Finding, event: GridEvent) -> None:
    chosen = [suspect for suspect in finding.suspects if suspect.id in set(event.ids)]
    if event.action == "right":
        dismiss(project, finding.kind, [suspect.id for suspect in chosen])
        st.rerun()
    changes = changes_of(project, dataset, event)
    changes["accept"] = lambda: relabel_each(project, suggestions(chosen))
    apply_change(project, changes[event.action])


def done_line(project: Project, item: OpenFinding) -> None:
    """Draw a settled finding as one line."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"{finding_key(item.original)}-over"):
        st.markdown(f":green[:material/check_circle:] {show(item.original.headline)}", width="content")
        show_again(project, item)
    if item.left is not None:
        _files(item.left.suspects)
