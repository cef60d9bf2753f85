"""Boxes around objects in a picture: where label files put them, and the pixels to cut out.

Edges lie between pixels, from 0 at the left and top: a box over the first ten columns of pixels
has the edges 0 and 10. Coordinates refer to the picture as people see it, turned upright by its
EXIF orientation: CVAT, Label Studio, LabelMe, Ultralytics and every browser show it so. Where a
label file states the size of the picture and that is the size before turning, coordinates refer
to the pixels as they are stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from core.errors import ConfigError
from core.messages import N_
from core.records import Record

# Fraction by which the sides of a picture may differ from the stated size, scaled: rounding.
_ROUNDING = 0.01
# Upright position of a stored point (x, y) in a picture of the stored size 1 × 1, by EXIF orientation.
_TURNED_POINTS = {
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (1 - y, x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (y, 1 - x),
}
# Orientations that swap width and height.
_SWAPPED = (5, 6, 7, 8)
# The sides of the box added on each side.
MOST_MARGIN = 2.0
# Larger coordinates are no places in a picture.
_LARGEST = 1e9


class BoxUse(StrEnum):
    """Meaning of the boxes in a label file."""

    # To be asked.
    UNDECIDED = ""
    # Pictures without labels of their own have the labels of their boxes.
    PICTURE = "picture"
    # The inside of each box is a picture.
    CROP = "crop"


class BoxShape(StrEnum):
    """Shape that a box was drawn as. All are cut out by the upright rectangle around them."""

    BOX = "box"
    ROTATED = "rotated"
    OUTLINE = "outline"


class BoxFlag(StrEnum):
    """Mark of a label file on a box."""

    NONE = ""
    # One box around many objects (COCO's iscrowd, Open Images' IsGroupOf), or one that the tool ignores.
    CROWD = "crowd"
    # Hard to recognise (Pascal VOC's difficult).
    DIFFICULT = "difficult"


@dataclass(frozen=True, kw_only=True)
class CropConfig(Record):
    """Settings of pictures that are cut out of boxes."""

    # Added on each side, as a fraction of the box's width and height.
    margin: float = 0.1
    # Boxes with a shorter side, in pixels and without margin, are left out.
    smallest_side: int = 16

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= MOST_MARGIN:
            raise ConfigError(
                N_("A margin of {percent} % around boxes is not possible; choose one between 0 and {most}."),
                percent=round(100 * self.margin, 1),
                most=round(100 * MOST_MARGIN),
            )
        if self.smallest_side < 1:
            raise ConfigError(
                N_("Boxes cannot be as small as {side} pixels; choose at least 1."), side=self.smallest_side
            )


class Edges(NamedTuple):
    """Rectangle of whole pixels in the upright picture; right and bottom are the first ones outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def text(self) -> str:
        """The edges as manifests hold them: “left top right bottom”."""
        return " ".join(map(str, self))


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """Object in a picture, with the upright rectangle around it."""

    label: str
    left: float
    top: float
    right: float
    bottom: float
    # Coordinates are fractions of the picture's width and height, not pixels.
    is_relative: bool = False
    # Width and height of the picture in the label file, (0, 0) where it does not say.
    stated_size: tuple[int, int] = (0, 0)
    shape: BoxShape = BoxShape.BOX
    flag: BoxFlag = BoxFlag.NONE
    # From 1, among the boxes of its picture.
    number: int = 0

    @property
    def suffix(self) -> str:
        """Addition to the name of the file, as frames of a file have."""
        return f"#{self.number}"

    @property
    def has_area(self) -> bool:
        edges = (self.left, self.top, self.right, self.bottom)
        is_finite = all(abs(edge) < _LARGEST for edge in edges)  # false for NaN
        return is_finite and self.left < self.right and self.top < self.bottom

    def is_within(self, largest: float) -> bool:
        """True if no edge lies beyond a coordinate."""
        return max(abs(self.left), abs(self.top), abs(self.right), abs(self.bottom)) <= largest

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def shortest_side(self) -> float | None:
        """Shorter side in pixels; None where only the picture itself says how large it is."""
        width, height = self.right - self.left, self.bottom - self.top
        if self.is_relative:
            width, height = width * self.stated_size[0], height * self.stated_size[1]
        return min(width, height) or None


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Place of a box in a picture."""

    # Without margin, inside the picture.
    inner: Edges
    # With margin, inside the picture.
    edges: Edges
    # The box, without margin, left the picture.
    is_clipped: bool

    @property
    def shortest_side(self) -> int:
        return min(self.inner.right - self.inner.left, self.inner.bottom - self.inner.top)


def box_at(label: str, left: Any, top: Any, width: Any, height: Any) -> Box:
    """The box with this corner and these sides, of a stranger's file; it has no area if one is no number."""
    x, y = _number(left), _number(top)
    return Box(label=label, left=x, top=y, right=x + _number(width), bottom=y + _number(height))


def box_centred(label: str, x: Any, y: Any, width: Any, height: Any) -> Box:
    """The same with a centre instead of a corner."""
    return box_at(label, _number(x) - _number(width) / 2, _number(y) - _number(height) / 2, width, height)


def box_between(label: str, left: Any, top: Any, right: Any, bottom: Any) -> Box:
    """The same with two corners."""
    return Box(
        label=label, left=_number(left), top=_number(top), right=_number(right), bottom=_number(bottom)
    )


def box_around(label: str, points: Iterable[Sequence[Any]], shape: BoxShape = BoxShape.OUTLINE) -> Box:
    """The box around points (x, y); one without area if there are none, or one is no number."""
    pairs = [(_number(point[0]), _number(point[1])) for point in points]
    if not pairs or any(math.isnan(value) for pair in pairs for value in pair):
        pairs = [(math.nan, math.nan)]
    xs, ys = zip(*pairs, strict=True)
    return Box(label=label, left=min(xs), top=min(ys), right=max(xs), bottom=max(ys), shape=shape)


def size_of(width: Any, height: Any) -> tuple[int, int]:
    """Width and height that a label file states; (0, 0) if it does not."""
    sides = _number(width or 0), _number(height or 0)
    return (int(sides[0]), int(sides[1])) if all(0 < side < _LARGEST for side in sides) else (0, 0)


def rotated(box: Box, degrees: Any, pivot: tuple[float, float], aspect: float = 1.0) -> Box:
    """The upright rectangle around a box that was turned clockwise.

    Args:
        degrees: as a stranger's file has them; None and what is no number turn nothing.
        pivot: point that stays, in the coordinates of the box.
        aspect: height of a unit of y in units of x, where those differ.
    """
    turn = _number(degrees or 0)
    if not math.isfinite(turn) or not turn % 360 or not box.has_area:
        return box
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    corners = []
    for x in (box.left, box.right):
        for y in (box.top, box.bottom):
            across, down = x - pivot[0], (y - pivot[1]) * aspect
            turned_down = (across * sine + down * cosine) / aspect
            corners.append((pivot[0] + across * cosine - down * sine, pivot[1] + turned_down))
    around = box_around(box.label, corners)
    return replace(
        box,
        left=around.left,
        top=around.top,
        right=around.right,
        bottom=around.bottom,
        shape=BoxShape.ROTATED,
    )


def place_box(box: Box, size: tuple[int, int], orientation: int, margin: float) -> Placement | None:
    """Find the pixels of a box in a picture.

    A picture that was resized since it was labelled has the stated size times one factor.

    Args:
        box: one with an area.
        size: width and height of the upright picture, in pixels.
        orientation: of its EXIF data, 1 to 8.
        margin: added on each side, as a fraction of the box's width and height.
    Returns:
        None if the label file is about a picture of another shape.
    """
    relative = _relative_to_upright(box, size, orientation)
    if relative is None:
        return None
    left, right = (x * size[0] for x in (relative[0], relative[2]))
    top, bottom = (y * size[1] for y in (relative[1], relative[3]))
    across, down = (right - left) * margin, (bottom - top) * margin
    whole = Edges(*map(_rounded, (left, top, right, bottom)))
    inner = _inside(whole, size)
    wide = Edges(*map(_rounded, (left - across, top - down, right + across, bottom + down)))
    return Placement(inner=inner, edges=_inside(wide, size), is_clipped=inner != whole)


def _relative_to_upright(
    box: Box, size: tuple[int, int], orientation: int
) -> tuple[float, float, float, float] | None:
    """Edges as fractions of the upright picture; None if the stated size has another shape."""
    stored = size[::-1] if orientation in _SWAPPED else size
    stated = box.stated_size if min(box.stated_size) > 0 else size
    is_stored = not _have_one_shape(stated, size) and _have_one_shape(stated, stored)
    if not is_stored and not _have_one_shape(stated, size):
        return None
    unit = (1, 1) if box.is_relative else stated
    corners = [(box.left / unit[0], box.top / unit[1]), (box.right / unit[0], box.bottom / unit[1])]
    turn = _TURNED_POINTS.get(orientation)
    if is_stored and turn is not None:
        corners = [turn(x, y) for x, y in corners]
    (x_1, y_1), (x_2, y_2) = corners
    return min(x_1, x_2), min(y_1, y_2), max(x_1, x_2), max(y_1, y_2)


def _have_one_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """True for sizes with the same ratio of width and height, but for rounding to whole pixels."""
    tolerance = max(_ROUNDING, 1 / min(one), 1 / min(other)) if one != other else 0.0
    return abs(one[0] * other[1] / (one[1] * other[0]) - 1) <= tolerance


def _number(value: Any) -> float:
    """A coordinate of a stranger's file, NaN if it is no number."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _inside(edges: Edges, size: tuple[int, int]) -> Edges:
    width, height = size
    return Edges(
        min(max(edges.left, 0), width),
        min(max(edges.top, 0), height),
        min(max(edges.right, 0), width),
        min(max(edges.bottom, 0), height),
    )


def _rounded(value: float) -> int:
    """The nearest edge between pixels; a half goes to the right and down."""
    return math.floor(value + 0.5)
