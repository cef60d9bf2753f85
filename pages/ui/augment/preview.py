"""Preview of augmentation on the user's own pictures, by the function that training calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.data.dataset import Dataset
from core.data.pixels.decoding import load_picture
from core.models.augmentation import AugmentationConfig, augment, mix
from pages.ui import state
from pages.ui.gallery import Tile, gallery, jpeg
from pages.ui.text import _

_PICTURES, _COLUMNS = 8, 4
_LEAST_SHOWN = 0.005  # share of a mixed picture's label


def preview_pictures(dataset: Dataset, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Load eight pictures of as many classes as possible, stretched to the network's input size.

    Returns:
        uint8 RGB, shape (8, side, side, 3), and their targets, float32 (8, classes).
    """
    # The digest says nothing of labels.
    return _loaded((str(dataset.folder), dataset.version, dataset.digest), side, dataset)


@st.cache_data(max_entries=8, show_spinner=False)
def _loaded(version: tuple[str, int, str], side: int, _dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    by_class = _dataset.pictures.groupby("label", sort=False).cumcount()
    rows = by_class.sort_values(kind="stable").index[:_PICTURES].to_numpy()
    files = [_dataset.picture_bytes(row) for row in rows]
    pictures = np.stack([load_picture(data, side, _dataset.pixel_range, _dataset.channels) for data in files])
    return pictures, _dataset.targets[rows]


def preview(dataset: Dataset, config: AugmentationConfig, side: int) -> None:
    """Draw pictures before and after augmentation, and mixed ones with the shares of their labels.

    They have exactly the pixels that training gets: blur and sharpness depend on the input size
    ``side``. Only the browser shows them smaller.
    """
    originals, targets = preview_pictures(dataset, side)
    seed = state.counter("augment-draw")
    changed = augment(originals, config, seed)
    st.caption(
        _("Your pictures, stretched to the network's input of {side} × {side} pixels").format(side=side)
    )
    gallery(_tiles(originals), key="before", columns=_COLUMNS)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(_("The same pictures as training gets them"))
        _draw_again(config)
    gallery(_tiles(changed), key="after", columns=_COLUMNS)
    if config.is_mixing:
        st.caption(_("Then mixed with each other; the labels have the same shares"))
        mixed, shares = mix(changed, targets, config, seed)
        captions = [shares_text(dataset.class_names, share) for share in shares]
        gallery(
            [
                Tile(picture=jpeg(pixels), caption=caption)
                for pixels, caption in zip(mixed, captions, strict=True)
            ],
            key="mixed",
            columns=_COLUMNS,
            whole_captions=True,
        )


def shares_text(class_names: Sequence[str], shares: np.ndarray) -> str:
    """Format a mixed picture's labels, the largest share first: ``70% cat, 30% dog``."""
    order = [index for index in np.argsort(-shares, kind="stable") if shares[index] >= _LEAST_SHOWN]
    return ", ".join(f"{shares[index]:.0%} {class_names[index]}" for index in order)


def _tiles(pictures: np.ndarray) -> list[Tile]:
    return [Tile(picture=jpeg(pixels)) for pixels in pictures]


def _draw_again(config: AugmentationConfig) -> None:
    has_effect = config.is_active or config.is_mixing
    if st.button(_("Draw again"), icon=":material/casino:", key="draw-again", disabled=not has_effect):
        state.count_up("augment-draw")
        st.rerun()
