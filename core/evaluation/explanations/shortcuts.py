"""Shortcuts that heatmaps show: one small spot at which a classifier looks in most pictures of a class.

A spot at the centre is where subjects are, and a spot where the other classes are looked at as
well says nothing about one of them; both are left out. What remains is tested: the spot is cut
out of pictures of the class and pasted into pictures of others (counterfactuals as of Goyal et
al. 2019, arXiv 1904.07451). If that makes answers become the class, and spots cut out of other
classes do not, the spot is proven to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.evaluation.explanations.perturbation import softened
from core.formatting import rounded_percent
from core.messages import N_, Message
from core.records import Record

LEAST_PICTURES = 8
LEAST_SHARE = 0.6  # of the pictures of a class, whose hottest cell lies in the spot
LEAST_MASS = 0.4  # of the evidence for the class, which lies in the spot
# Of the mass: what the maps of the other classes have in the same spot.
_MOST_OF_OTHERS = 0.5
# Of the pictures of other classes: those that a pasted spot flips, less those that any spot flips.
PROVING_FLIPS = 0.2
PASTED = 24  # pictures of other classes
# Cells around the most frequent one; a map of fewer than 5 cells a side is too coarse.
_REACH, _LEAST_SIDE = 1, 5


class Position(StrEnum):
    """Part of a picture, in thirds."""

    TOP_LEFT = "top_left"
    TOP = "top"
    TOP_RIGHT = "top_right"
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom_left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom_right"


_POSITIONS = tuple(Position)
POSITION_NAMES = {
    Position.TOP_LEFT: N_("top left"),
    Position.TOP: N_("top edge"),
    Position.TOP_RIGHT: N_("top right"),
    Position.LEFT: N_("left edge"),
    Position.CENTRE: N_("centre"),
    Position.RIGHT: N_("right edge"),
    Position.BOTTOM_LEFT: N_("bottom left"),
    Position.BOTTOM: N_("bottom edge"),
    Position.BOTTOM_RIGHT: N_("bottom right"),
}
_SENTENCE = N_(
    "The classifier looks at the same spot, {position}, in {percent}% of the pictures of class “{name}”. If nothing of the class itself lies there, it has learnt a shortcut."
)
_PROVEN_SENTENCE = N_(
    "The classifier looks at the same spot, {position}, in {percent}% of the pictures of class “{name}”. That spot alone, pasted into {pasted} pictures of other classes, makes it answer “{name}” in {flipped}% of them."
)


@dataclass(frozen=True, kw_only=True)
class Shortcut(Record):
    """A spot that decides for a class."""

    class_name: str
    position: Position
    share: float  # of the class's pictures, whose hottest cell lies in the spot
    pictures: int  # of the class
    mass: float  # mean share of the evidence that lies in the spot
    pasted: int  # pictures of other classes into which the spot was pasted
    flipped: float  # of these, answered with the class afterwards
    flipped_by_chance: float  # the same with a spot from another class

    @property
    def is_proven(self) -> bool:
        """True if the spot alone changes answers to the class."""
        return self.flipped - self.flipped_by_chance >= PROVING_FLIPS


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Rows and columns of cells, in a map of so many cells a side."""

    rows: slice
    columns: slice
    side: int
    share: float
    mass: float

    @property
    def position(self) -> Position:
        thirds = [int(3 * (part.start + part.stop) / 2 / self.side) for part in (self.rows, self.columns)]
        return _POSITIONS[3 * thirds[0] + thirds[1]]

    def mask(self, side: int) -> np.ndarray:
        """Pixels of the spot with a soft edge: float32 (side, side) from 0 to 1."""
        inside = np.zeros((side, side), bool)
        rows, columns = (
            slice(part.start * side // self.side, part.stop * side // self.side)
            for part in (self.rows, self.columns)
        )
        inside[rows, columns] = True
        return softened(inside)


def describe(shortcut: Shortcut) -> Message:
    """Name a shortcut in one or two sentences."""
    return Message(
        _PROVEN_SENTENCE if shortcut.is_proven else _SENTENCE,
        {
            "position": Message(POSITION_NAMES[shortcut.position]),
            "percent": rounded_percent(shortcut.share),
            "name": shortcut.class_name,
            "pasted": shortcut.pasted,
            "flipped": rounded_percent(shortcut.flipped),
        },
    )


def common_spot(supports: Sequence[np.ndarray], of_others: Sequence[np.ndarray]) -> Spot | None:
    """Find the spot of a class: the window of cells that holds most of the evidence.

    Args:
        supports: float (H, H) each, not below 0; maps that explain the class.
        of_others: the same, for answers of other classes.
    Returns:
        None for too few maps or coarse ones, if the evidence lies elsewhere as well, at the
        centre, or where that of other classes lies.
    """
    maps = _shares(supports)
    if len(maps) < LEAST_PICTURES or maps.shape[1] < _LEAST_SIDE:
        return None
    side, width = maps.shape[1], 2 * _REACH + 1
    windows = np.lib.stride_tricks.sliding_window_view(maps.mean(axis=0), (width, width)).sum(axis=(2, 3))
    top, left = (int(edge) for edge in np.unravel_index(windows.argmax(), windows.shape))
    rows, columns = slice(top, top + width), slice(left, left + width)
    peaks = maps.reshape(len(maps), -1).argmax(axis=1)
    inside = np.zeros((side, side), bool)
    inside[rows, columns] = True
    spot = Spot(
        rows=rows,
        columns=columns,
        side=side,
        share=float(inside.ravel()[peaks].mean()),
        mass=float(windows.max()),
    )
    others = _shares(of_others)
    mass_of_others = float(others[:, inside].sum(axis=1).mean()) if len(others) else 0.0
    is_telling = spot.share >= LEAST_SHARE and spot.mass >= LEAST_MASS
    is_own = mass_of_others <= _MOST_OF_OTHERS * spot.mass
    return spot if is_telling and is_own and spot.position is not Position.CENTRE else None


def _shares(supports: Sequence[np.ndarray]) -> np.ndarray:
    """Scale each map to a sum of 1; those without any support are left out."""
    maps = [support / support.sum() for support in supports if support.sum() > 0]
    return np.array(maps)


def paste_spot(
    class_name: str,
    spot: Spot,
    own: np.ndarray,
    others: np.ndarray,
    is_answered: Callable[[np.ndarray], np.ndarray],
) -> Shortcut:
    """Paste the spot of a class into pictures of others, and count the answers that become the class.

    Args:
        own: uint8 (n, S, S, 3), pictures of the class.
        others: uint8 (m, S, S, 3), pictures of other classes that are not answered with it; at least one.
        is_answered: tells for pictures which are answered with the class, bool (n,).
    """
    flipped, by_chance = (
        float(is_answered(pasted(sources, others, spot)).mean())
        for sources in (own, np.roll(others, 1, axis=0))
    )
    return Shortcut(
        class_name=class_name,
        position=spot.position,
        share=round(spot.share, 4),
        pictures=len(own),
        mass=round(spot.mass, 4),
        pasted=len(others),
        flipped=round(flipped, 4),
        flipped_by_chance=round(by_chance, 4),
    )


def pasted(sources: np.ndarray, pictures: np.ndarray, spot: Spot) -> np.ndarray:
    """Paste the spot of one source after the other into pictures uint8 (n, S, S, 3)."""
    mask = spot.mask(pictures.shape[1])[..., np.newaxis]
    chosen = sources[np.arange(len(pictures)) % len(sources)].astype(np.float32)
    mixed = pictures + mask * (chosen - pictures)
    result: np.ndarray = mixed.round().astype(np.uint8)
    return result
