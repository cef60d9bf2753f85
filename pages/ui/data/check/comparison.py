"""Differences between two versions, shown with their pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.data.history import compare_versions
from core.data.images.depth import PixelRange
from core.files import digest_of
from core.messages import first_of
from core.workspace import Project
from pages.ui.components.picture_grid import picture_grid
from pages.ui.editing.tiles import format_split, picture_tile
from pages.ui.text import _, escape, ngettext, number

_MAX_SHOWN = 24  # pictures of one kind of change
_MAX_PAIRS = 8  # such as an old label with a new one
_TILE_PIXELS = 84


def comparison(project: Project, older: int, newer: int, *, key: str) -> None:
    """Draw all differences, one kind of change after the other."""
    before, after = open_dataset(project, older), open_dataset(project, newer)
    changes = compare_versions(project, older, newer)
    has_other_classes = _classes(before, after)
    if changes.pixel_range is not None:
        old, new = (_range_text(limits) for limits in changes.pixel_range)
        st.caption(_("Range of the values: {old} → {new}").format(old=old, new=new))
    if changes.is_empty and not has_other_classes:
        st.caption(_("No remaining picture differs."))
    known = (
        pd.concat([after.all_pictures, before.all_pictures]).drop_duplicates("id").set_index("id", drop=False)
    )

    def pictures(title: str, ids: Sequence[str]) -> None:
        if ids:
            title = f"{title} · {number(len(ids))}"
            _pictures(project, known, title, ids, f"changes-{key}-{older}-{newer}-{digest_of(title)}")

    def pairs(changed: Mapping[str, tuple[str, str]], label_of: Callable[[str], str]) -> None:
        ids_of = _by_pair(changed)
        for (old, new), ids in ids_of[:_MAX_PAIRS]:
            pictures(f"{label_of(old)} → {label_of(new)}", ids)
        if left := sum(len(ids) for pair, ids in ids_of[_MAX_PAIRS:]):
            text = ngettext(
                "… and {n} other change of this kind", "… and {n} other changes of this kind", left
            )
            st.caption(text.format(n=number(left)))

    pictures(_("Added"), changes.added)
    pictures(_("Removed"), changes.removed)
    pairs(changes.relabelled, lambda label: label or _("no label"))
    pictures(_("Excluded"), changes.excluded)
    pictures(_("Taken back"), changes.included)
    pairs(changes.moved, format_split)


def _pictures(project: Project, known: pd.DataFrame, title: str, ids: Sequence[str], key: str) -> None:
    st.markdown(f"**{escape(title)}**")
    tiles = [
        picture_tile(project, picture, dimmed=bool(picture.excluded))
        for picture in known.loc[list(ids[:_MAX_SHOWN])].itertuples(index=False)
    ]
    picture_grid(tiles, key=key, label=title, tile_pixels=_TILE_PIXELS)
    if (left := len(ids) - _MAX_SHOWN) > 0:
        text = ngettext("… and {n} more", "… and {n} more", left)
        st.caption(text.format(n=number(left)))


def _by_pair(changed: Mapping[str, tuple[str, str]]) -> list[tuple[tuple[str, str], list[str]]]:
    """Group ids by old and new value, the most frequent pair first."""
    ids_of: dict[tuple[str, str], list[str]] = defaultdict(list)
    for identifier, pair in changed.items():
        ids_of[pair].append(identifier)
    return sorted(ids_of.items(), key=lambda item: -len(item[1]))


def _classes(before: Dataset, after: Dataset) -> bool:
    """Report added, removed and reordered classes; True if there were any."""
    old, new = before.all_class_names, after.all_class_names
    came = [name for name in new if name not in old]
    gone = [name for name in old if name not in new]
    if came:
        st.caption(_("New classes: {names}").format(names=_named(came)))
    if gone:
        st.caption(_("Removed classes: {names}").format(names=_named(gone)))
    has_other_order = [name for name in old if name in new] != [name for name in new if name in old]
    if has_other_order:
        st.caption(_("New order of the classes: {names}").format(names=_named(new)))
    return bool(came or gone or has_other_order)


def _range_text(limits: PixelRange) -> str:
    low, high = (number(round(limit, 2)) for limit in limits)
    return _("{low} to {high}").format(low=low, high=high)


def _named(names: Sequence[str]) -> str:
    return first_of([escape(name) for name in names])
