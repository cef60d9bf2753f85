"""Filters and sort order of the gallery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from core.data.dataset import Dataset
from core.data.labels.label_sets import NONE_OF_THEM, named_classes
from core.data.labels.layout import Split
from core.data.selection import Order, Selection, matches, ordered_rows
from core.files import digest_of
from core.messages import N_
from core.workspace import Project
from pages.ui import state
from pages.ui.data.caching import VersionKey, version_key
from pages.ui.data.display_names import FINDING_LABELS
from pages.ui.editing.actions import none_of_them
from pages.ui.editing.tiles import format_split
from pages.ui.text import _, number

Findings = Mapping[str, frozenset[str]]  # ids of pictures by the kind of finding

_ORDER_LABELS = {
    Order.CLASS: N_("Sorted by class"),
    Order.NAME: N_("Sorted by name"),
    Order.NEWEST: N_("Newest first"),
    Order.SMALLEST: N_("Smallest first"),
    Order.LARGEST: N_("Largest first"),
    Order.LEAST_SHARP: N_("Least sharp first"),
    Order.LEAST_CONTRAST: N_("Least contrast first"),
    Order.DARKEST: N_("Darkest first"),
    Order.BRIGHTEST: N_("Brightest first"),
}
_ANY = " "  # no class has this name, because names are stripped
_IN_USE, _EXCLUDED = "in use", "excluded"
_PAGE_SIZES = (24, 48, 96, 192)
_DEFAULT_PAGE_SIZE = 48
_CACHED_ORDERS = 24  # of 400 kB each, where there are 50,000 pictures


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Filter and sort settings; ``finding`` is a finding kind or ""."""

    selection: Selection
    finding: str
    order: Order
    page_size: int

    @property
    def digest(self) -> str:
        """Digest of the settings, for keys of widgets."""
        return digest_of(repr(self))

    @property
    def is_filtered(self) -> bool:
        """True if some pictures may be hidden."""
        return self.selection != Selection() or self.finding != ""


def choose_pictures(project: Project, dataset: Dataset, findings: Findings) -> Wish:
    """Draw the filter and sort widgets; each project has its own values."""
    key_suffix = f"{project.name}-{state.counter(_filters_key(project))}"
    with st.container(horizontal=True, vertical_alignment="center", key="gallery-filters"):
        label = st.selectbox(
            _("Class"),
            [_ANY, "", *none_of_them(dataset), *dataset.all_class_names],
            format_func=_format_class_of(dataset),
            key=f"filter-class-{key_suffix}",
            persist_state="session",
            label_visibility="collapsed",
        )
        name = st.text_input(
            _("File name"),
            type="search",
            placeholder=_("Part of a file name"),
            live=True,
            key=f"filter-name-{key_suffix}",
            persist_state="session",
            label_visibility="collapsed",
        )
        order = st.selectbox(
            _("Order"),
            list(_ORDER_LABELS),
            format_func=lambda order: _(_ORDER_LABELS[order]),
            key=f"gallery-order-{project.name}",
            persist_state="session",
            label_visibility="collapsed",
        )
        with st.popover(_("More"), icon=":material/tune:", key="more-filters"):
            split, use, finding = _more(key_suffix, findings)
            page_size = st.selectbox(
                _("Pictures on a page"),
                _PAGE_SIZES,
                index=_PAGE_SIZES.index(_DEFAULT_PAGE_SIZE),
                key=f"page-size-{project.name}",
                persist_state="session",
            )
    selection = Selection(
        label=_or_none(label),
        split=_or_none(split),
        excluded=None if use == _ANY else use == _EXCLUDED,
        name=(name or "").strip(),
    )
    finding = "" if finding == _ANY else finding
    return Wish(selection=selection, finding=finding, order=order, page_size=page_size)


def clear_filters(project: Project) -> None:
    """Reset all filters."""
    state.count_up(_filters_key(project))


def select_rows(dataset: Dataset, wish: Wish, findings: Findings) -> np.ndarray:
    """Select rows of ``all_pictures`` in display order: int64."""
    selection = wish.selection
    if wish.finding:
        selection = replace(selection, ids=findings.get(wish.finding, frozenset()))
    order = _ordered_rows(version_key(dataset), wish.order, dataset)
    rows: np.ndarray = order[matches(dataset, selection)[order]]
    return rows


@st.cache_data(max_entries=_CACHED_ORDERS, show_spinner=False)
def _ordered_rows(version: VersionKey, order: Order, _dataset: Dataset) -> np.ndarray:
    return ordered_rows(_dataset, order)


def _more(key_suffix: str, findings: Findings) -> tuple[str, str, str]:
    """Draw the less frequent filters: split, exclusion, finding kind."""
    split = st.selectbox(
        _("Used"),
        [_ANY, *(split.value for split in Split), ""],
        format_func=lambda split: _("All splits") if split == _ANY else format_split(split),
        key=f"filter-part-{key_suffix}",
        persist_state="session",
    )
    labels = {_ANY: _("Shown"), _IN_USE: _("Hidden"), _EXCLUDED: _("Only these")}
    use = st.selectbox(
        _("Excluded pictures"),
        list(labels),
        format_func=labels.__getitem__,
        key=f"filter-excluded-{key_suffix}",
        persist_state="session",
    )
    if not findings:
        return split, use, _ANY
    finding = st.selectbox(
        _("Finding of the check"),
        [_ANY, *findings],
        format_func=lambda kind: _format_finding(kind, findings),
        key=f"filter-finding-{key_suffix}",
        persist_state="session",
    )
    return split, use, finding


def _format_class_of(dataset: Dataset) -> Callable[[str], str]:
    labels = dataset.all_pictures["label"]
    counts = named_classes(labels, dataset.task).value_counts().to_dict()
    counts |= {label: int((labels == label).sum()) for label in ("", *none_of_them(dataset))}

    def format_class(label: str) -> str:
        if label == _ANY:
            return _("All classes")
        name = _("– none of the classes") if label == NONE_OF_THEM else label or _("– without label")
        return f"{name} ({number(counts.get(label, 0))})"

    return format_class


def _format_finding(kind: str, findings: Findings) -> str:
    return (
        _("With or without a finding")
        if kind == _ANY
        else f"{_(FINDING_LABELS[kind])} ({len(findings[kind])})"
    )


def _or_none(choice: str) -> str | None:
    return None if choice == _ANY else choice


def _filters_key(project: Project) -> str:
    return f"filters-{project.name}"
