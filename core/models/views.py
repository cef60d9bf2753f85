"""Views of a picture whose answers are averaged (test-time augmentation, Krizhevsky 2012): one table.

A view set is one row: adding it puts it onto the Evaluate page and into the command line. Views are made
from the network's square, as arrays here and inside an exported network by ``architectures.views``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import ConfigError
from core.messages import N_


@dataclass(frozen=True, kw_only=True)
class View:
    """One look at a picture: its centre, stretched to the whole square again, as it is or mirrored."""

    share: float = 1.0  # of the side that is left; 1: nothing is cut away
    is_mirrored: bool = False  # left and right swapped

    def margin(self, size: int) -> int:
        """Pixels that are cut away at each edge of a picture with sides of ``size``."""
        return round(size * (1 - self.share) / 2)


@dataclass(frozen=True, kw_only=True)
class ViewSet:
    """Views whose answers are averaged."""

    code: str  # stored in runs; never renamed
    label: str
    views: tuple[View, ...]  # the first is the picture as it is


PICTURE = View()
_MIRRORED = View(is_mirrored=True)
# The share of 224 pixels in 256, the usual centre crop of ImageNet.
_CROP_SHARE = 7 / 8

PLAIN = ViewSet(code="none", label=N_("The picture alone"), views=(PICTURE,))
# In the order of their cost.
VIEW_SETS: tuple[ViewSet, ...] = (
    PLAIN,
    ViewSet(code="mirror", label=N_("The picture and its mirror image"), views=(PICTURE, _MIRRORED)),
    ViewSet(
        code="crops",
        label=N_("The picture, its centre, and the mirror images of both"),
        views=(
            PICTURE,
            _MIRRORED,
            View(share=_CROP_SHARE),
            View(share=_CROP_SHARE, is_mirrored=True),
        ),
    ),
)


def find_view_set(code: str) -> ViewSet:
    """Look up a view set.

    Raises:
        ConfigError: there is none of this code.
    """
    for row in VIEW_SETS:
        if row.code == code:
            return row
    raise ConfigError(
        N_("There are no views called “{name}” to average. Choose from: {known}."),
        name=code[:80],
        known=", ".join(row.code for row in VIEW_SETS),
    )


def views_of(view: View, pictures: np.ndarray) -> np.ndarray:
    """Make one view of each picture, uint8 RGB (B, S, S, 3); bilinear, with half-pixel centres."""
    size = pictures.shape[1]
    margin = view.margin(size)
    if margin:
        rows = _stretching(size - 2 * margin, size)
        centre = pictures[:, margin : size - margin, margin : size - margin].astype(np.float32)
        stretched = np.einsum("yh,bhwc,xw->byxc", rows, centre, rows, optimize=True)
        pictures = np.rint(stretched).astype(np.uint8)
    return np.ascontiguousarray(pictures[:, :, ::-1]) if view.is_mirrored else pictures


def _stretching(before: int, after: int) -> np.ndarray:
    """Weights of each pixel of a row in a longer one, float32 (after, before)."""
    places = np.clip((np.arange(after) + 0.5) * before / after - 0.5, 0, before - 1)
    first = np.floor(places).astype(np.int64)
    weights = np.zeros((after, before), np.float32)
    numbers, share = np.arange(after), (places - first).astype(np.float32)
    weights[numbers, first] = 1 - share
    weights[numbers, np.minimum(first + 1, before - 1)] += share
    return weights
