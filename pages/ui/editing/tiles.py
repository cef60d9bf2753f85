"""Tiles of manifest pictures."""

from __future__ import annotations

from typing import Any

from core.data.labels.layout import Split
from core.http.pages import picture_address, thumbnail_address
from core.workspace import Project
from pages.ui.components.picture_grid import GridTile
from pages.ui.display_names.splits import SPLIT_NAMES
from pages.ui.text import _, file_size, number
from pages.ui.urls import own_url


def picture_tile(
    project: Project,
    picture: Any,
    *,
    strong: str = "",
    badge: str = "",
    attention: bool = False,
    dimmed: bool = False,
) -> GridTile:
    """Make the tile of one picture.

    Args:
        picture: a row of ``itertuples`` over a manifest.
        strong: bold text before the file name; see ``GridTile`` for the other arguments.
    """
    return GridTile(
        id=picture.id,
        source=own_url(thumbnail_address(project.name, picture.sha256)),
        large=own_url(picture_address(project.name, picture.sha256)),
        caption=picture.name.rsplit("/", 1)[-1],
        strong=strong,
        badge=badge,
        attention=attention,
        dimmed=dimmed,
        facts=_facts(picture),
    )


def format_split(split: str) -> str:
    """Name a picture's split, from the manifest's ``split``."""
    return _(SPLIT_NAMES[Split(split)]) if split else _("not divided yet")


def _facts(picture: Any) -> tuple[tuple[str, str], ...]:
    size = _("{width} × {height} pixels").format(width=number(picture.width), height=number(picture.height))
    facts = [
        (
            _("Used"),
            format_split(picture.split) if picture.label and not picture.excluded else _("not learnt from"),
        ),
        (_("Size"), size),
        (_("File"), f"{picture.format} · {file_size(picture.size_bytes)}"),
        (_("File name at import"), picture.name),
    ]
    if picture.box:
        left, top, right, bottom = map(int, picture.box.split())
        area = _("pixels {left} to {right} across, {top} to {bottom} down").format(
            left=number(left), right=number(right), top=number(top), bottom=number(bottom)
        )
        facts.append((_("Cut out of the file"), area))
    if picture.frames > 1:
        facts.append((_("Frames"), _("{n}; the first one is used").format(n=number(picture.frames))))
    if picture.camera:
        facts.append((_("Camera"), picture.camera))
    if picture.location:
        facts.append((_("Location"), picture.location))
    return tuple(facts)
