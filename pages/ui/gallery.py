"""Galleries of whole pictures with captions, and bars of class probabilities.

Built as HTML with every name escaped. Pictures are embedded in the page, so
none needs an address.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from pages.ui.text import percent

if TYPE_CHECKING:
    # It loads LiteRT, which the first page does not need.
    from core.delivery.prediction import Guess

_STYLE = """
<style>
.dr-grid { display: grid; grid-template-columns: var(--dr-columns); gap: 12px; }
.dr-tile { margin: 0; min-width: 0; }
.dr-tile img { width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: 8px; display: block;
  border: 1px solid color-mix(in srgb, currentColor 14%, transparent);
  background: color-mix(in srgb, currentColor 6%, transparent); }
.dr-tile figcaption { font-size: 0.8rem; line-height: 1.3; margin-top: 4px; opacity: 0.8;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.dr-tile figcaption b { font-weight: 600; }
.dr-whole .dr-tile figcaption { white-space: normal; overflow-wrap: anywhere; }
.dr-bars { display: grid; grid-template-columns: fit-content(45%) 1fr auto; gap: 6px 12px; align-items: center;
  font-size: 0.9rem; }
.dr-bars .dr-name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.dr-bars .dr-track { height: 12px; border-radius: 6px; overflow: hidden;
  background: color-mix(in srgb, currentColor 9%, transparent); }
.dr-bars .dr-fill { height: 100%; border-radius: 6px; background: currentColor; opacity: 0.35; }
.dr-bars .dr-first { font-weight: 600; }
.dr-bars .dr-fill.dr-first { background: #1F9E8F; opacity: 1; }
.dr-bars .dr-value { text-align: right; font-variant-numeric: tabular-nums; }
</style>
"""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One picture of a gallery: JPEG or PNG bytes, a plain-text caption and its first, bold words."""

    picture: bytes
    caption: str = ""
    strong: str = ""
    second: str = ""  # a line below


def gallery(
    tiles: Sequence[Tile],
    *,
    key: str,
    tile_pixels: int = 110,
    columns: int | None = None,
    whole_captions: bool = False,
) -> None:
    """Draw the pictures in so many columns, or in as many of ``tile_pixels`` as fit.

    Captions are cut off after one line, unless ``whole_captions``.
    """
    tracks = f"repeat({columns}, 1fr)" if columns else f"repeat(auto-fill, minmax({tile_pixels}px, 1fr))"
    figures = "".join(_figure(tile) for tile in tiles)
    with st.container(key=key):
        whole = " dr-whole" if whole_captions else ""
        st.html(f'{_STYLE}<div class="dr-grid{whole}" style="--dr-columns:{tracks}">{figures}</div>')


def probability_bars(guesses: Sequence[Guess], marked: Collection[str] | None = None) -> None:
    """Draw the classes as bars; the ``marked`` ones (by default the first) stand out. Names are escaped."""
    if marked is None:
        marked = [guess.name for guess in guesses[:1]]
    rows = []
    for guess in guesses:
        first = " dr-first" if guess.name in marked else ""
        name = html.escape(guess.name)
        rows.append(
            f'<span class="dr-name{first}" title="{name}">{name}</span>'
            f'<span class="dr-track"><span class="dr-fill{first}" '
            f'style="display:block;width:{100 * guess.probability:.1f}%"></span></span>'
            f'<span class="dr-value{first}">{html.escape(percent(guess.probability))}</span>'
        )
    st.html(f'{_STYLE}<div class="dr-bars">{"".join(rows)}</div>')


def jpeg(pixels: np.ndarray) -> bytes:
    """Encode uint8 RGB (H, W, 3) as JPEG bytes for a tile."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _figure(tile: Tile) -> str:
    kind = "png" if tile.picture.startswith(b"\x89PNG") else "jpeg"
    source = f"data:image/{kind};base64,{base64.b64encode(tile.picture).decode()}"
    strong = f"<b>{html.escape(tile.strong)}</b> " if tile.strong else ""
    caption = html.escape(tile.caption)
    second = f"<br>{html.escape(tile.second)}" if tile.second else ""
    title = html.escape(" ".join(part for part in (tile.strong, tile.caption, tile.second) if part))
    return (
        f'<figure class="dr-tile" title="{title}"><img src="{source}" alt="{title}" loading="lazy">'
        f"<figcaption>{strong}{caption}{second}</figcaption></figure>"
    )
