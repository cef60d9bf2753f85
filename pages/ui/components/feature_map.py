"""Map component: every picture is a point, similar pictures are near each other.

Owns drawing, hovering and selecting points; the page acts on the selection. Plotly
alone cannot show pictures on hover, and ``st.plotly_chart`` loses zoom and selection
when its data change.

The points travel once, about 0.7 MB for 10,000 pictures. Later only changes travel:
classes, findings and the selection.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal

import numpy as np
import streamlit as st

from core.files import sha256_bytes
from core.http.pages import plotly_script_path, thumbnail_address
from core.records import JsonObject
from pages.ui import state
from pages.ui.components.asset_files import assets
from pages.ui.text import _
from pages.ui.urls import own_url

# Coordinates travel as 16-bit numbers, finer than any screen.
_SIDE = 65535
_HEIGHT_PIXELS = 560

_mount = st.components.v2.component(
    "darkroom_feature_map",
    html='\n<div class="dr-map"></div>\n',
    css=assets("feature_map.css"),
    js=assets("elements.js", "finding.js", "plotly.js", "feature_map.js"),
    isolate_styles=False,  # Plotly writes its own styles into the document
)


class CategoryKind(StrEnum):
    """Drawing style of a category: a class, no label, or excluded."""

    CLASS = "class"  # in the colour of its ``class_index``
    UNLABELLED = "unlabelled"
    EXCLUDED = "excluded"


@dataclass(frozen=True, kw_only=True)
class Category:
    """One category of points, with its displayed name; ``class_index`` gives its colour."""

    name: str
    kind: CategoryKind
    class_index: int = 0


@dataclass(frozen=True, kw_only=True)
class Ring:
    """A ring around points that need attention."""

    name: str
    colour: Literal["red", "orange", "violet", "blue"]


@dataclass(frozen=True, kw_only=True)
class MapPoints:
    """Pictures and their coordinates, all in one order.

    ``positions`` is float, shape (n, 2), in any unit; ``sha256`` names each picture's thumbnail.
    """

    positions: np.ndarray
    sha256: Sequence[str]
    names: Sequence[str]

    @cached_property
    def digest(self) -> str:
        """Digest of exactly these points in this order."""
        return sha256_bytes(_coordinates(self.positions).tobytes() + "".join(self.sha256).encode())


def feature_map(
    points: MapPoints,
    categories: Sequence[Category],
    category_of: np.ndarray,
    rings: Sequence[Ring],
    rings_of: np.ndarray,
    *,
    project: str,
    key: str,
) -> np.ndarray:
    """Draw or update the map under ``key`` and return the selected points.

    Args:
        category_of: int, shape (n,): each point's index in ``categories``.
        rings_of: bool, shape (n, number of rings).
        project: project that holds the thumbnails.
    Returns:
        int64 row numbers of the selected points, ascending.
    """
    sent = state.component_state(key, "seen")
    seen: JsonObject = sent if isinstance(sent, dict) else {}
    rows = selected_rows(seen, points.digest, len(points.sha256))
    _mount(
        key=key,
        data={
            "key": key,
            "digest": points.digest,
            "points": None if seen.get("points") == points.digest else _packed(points),
            "labels": {
                "categories": _base64(np.asarray(category_of, "<u2")),
                "rings": _base64(_bits(rings_of)),
            },
            "categories": [asdict(category) for category in categories],
            "rings": [asdict(ring) for ring in rings],
            "selection": seen["rows"] if len(rows) else "",
            "thumbnails": own_url(thumbnail_address(project, "")),
            "library": own_url(plotly_script_path()),
            "height": _HEIGHT_PIXELS,
            "texts": _texts(),
        },
    )
    return rows


def selected_rows(seen: Mapping[str, object], digest: str, count: int) -> np.ndarray:
    """Read the selected rows from the browser's state; none if it belongs to other points.

    Args:
        seen: state sent by the browser: the digest of the points, and one bit a row as base64.
    """
    nothing, sent = np.empty(0, np.int64), seen.get("rows")
    if seen.get("points") != digest or not isinstance(sent, str):
        return nothing
    try:
        packed = np.frombuffer(base64.b64decode(sent, validate=True), np.uint8)
    except (binascii.Error, ValueError):
        return nothing
    bits = np.unpackbits(packed, bitorder="little")
    return np.flatnonzero(bits[:count]) if len(bits) >= count else nothing


def _packed(points: MapPoints) -> JsonObject:
    coordinates = _coordinates(points.positions)
    return {
        "x": _base64(coordinates[:, 0]),
        "y": _base64(coordinates[:, 1]),
        "pictures": base64.b64encode(bytes.fromhex("".join(points.sha256))).decode(),
        "names": list(points.names),
    }


def _coordinates(positions: np.ndarray) -> np.ndarray:
    """Scale positions to a square, with the same unit in both directions: uint16, shape (n, 2)."""
    if not len(positions):
        return np.empty((0, 2), "<u2")
    low, high = positions.min(axis=0), positions.max(axis=0)
    span = float((high - low).max()) or 1.0
    margins = (1 - (high - low) / span) / 2
    return np.rint(((positions - low) / span + margins) * _SIDE).astype("<u2")


def _bits(rings_of: np.ndarray) -> np.ndarray:
    """Pack bool (n, rings) into uint8 (n,), the first ring in the lowest bit."""
    return np.packbits(np.atleast_2d(rings_of), axis=1, bitorder="little")[:, 0]


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _texts() -> JsonObject:
    return {
        "label": _("Map of the pictures: what looks alike stands near each other"),
        "lasso": _("Lasso"),
        "pan": _("Move"),
        "closer": _("Closer"),
        "farther": _("Farther away"),
        "whole": _("Whole map"),
        "hint": {
            "lasso": _("Draw around pictures to select them. Shift adds more."),
            "pan": _("Drag to move, turn the wheel to come closer."),
        },
        "selected": _("{n} selected"),
        "clear": _("Clear"),
        "legend": _("Classes"),
        "find": _("Type to find"),
        "more": _("{n} more. Type to find them."),
        "repeated": _("There are more classes than colours. Click a class to see it alone."),
        "select_lit": _("Select these"),
        "show_all": _("Show all"),
        "thinned": _(
            "This browser cannot use the graphics card, so only some of the pictures are drawn; the marked ones all are."
        ),
        "failure": _("The map could not be loaded. Reload the page to try again."),
    }
