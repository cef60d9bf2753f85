"""Transform parameters: the random numbers that change each picture of a batch, for every engine."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

# An elastic picture is made of so many cells each way, each warped bilinearly; more look no smoother.
ELASTIC_CELLS = 10
# no pixel is so bright
NO_SOLARIZATION = 256.0
ALL_LEVELS = 256.0


@dataclass(kw_only=True)
class TransformParams:
    """One row a picture (B); arrays are (B,) unless said. Neutral at first, then sampled into."""

    # bool: left and right swapped
    flip_horizontal: np.ndarray
    # bool: top and bottom swapped
    flip_vertical: np.ndarray
    # radians
    rotation: np.ndarray
    # 1 unchanged, above 1 farther away
    zoom: np.ndarray
    # (B, 2), fractions of width and height
    shift: np.ndarray
    # (B, 2), of x by y and of y by x
    shear: np.ndarray
    # fraction of the sides that a crop keeps
    crop_size: np.ndarray
    # (B, 2), 0 to 1: position of the crop, from left or top to right or bottom
    crop_position: np.ndarray
    # (B, 4, 2), fractions that the corners move: top left, top right, bottom right, bottom left
    perspective: np.ndarray
    # (B, ELASTIC_CELLS + 1, ELASTIC_CELLS + 1, 2), fractions: rows, columns, then x and y
    elastic: np.ndarray
    # added, of the whole range
    brightness: np.ndarray
    # factor
    contrast: np.ndarray
    # factor
    saturation: np.ndarray
    # radians
    hue: np.ndarray
    # bool
    invert: np.ndarray
    # bool
    autocontrast: np.ndarray
    # bool
    equalization: np.ndarray
    # from this level on, a pixel becomes its negative; NO_SOLARIZATION: none does
    solarization: np.ndarray
    # levels left of each colour; ALL_LEVELS: all
    posterization: np.ndarray
    # -1 smooth, 0 unchanged, 1 twice the fine detail
    sharpness: np.ndarray
    # standard deviation, of the shorter side
    blur: np.ndarray
    # (B, 4), fractions: left, top, right, bottom; all 0: none
    erasing: np.ndarray
    # (B, …), by name: numbers of augmentations that bring functions of their own
    own: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rotation)

    @classmethod
    def neutral(cls, count: int) -> TransformParams:
        """Parameters that leave ``count`` pictures unchanged."""

        def filled(value: float, *shape: int) -> np.ndarray:
            return np.full((count, *shape), value, np.float32)

        def no() -> np.ndarray:
            return np.zeros(count, bool)

        nodes = ELASTIC_CELLS + 1
        return cls(
            flip_horizontal=no(),
            flip_vertical=no(),
            rotation=filled(0),
            zoom=filled(1),
            shift=filled(0, 2),
            shear=filled(0, 2),
            crop_size=filled(1),
            crop_position=filled(0, 2),
            perspective=filled(0, 4, 2),
            elastic=filled(0, nodes, nodes, 2),
            brightness=filled(0),
            contrast=filled(1),
            saturation=filled(1),
            hue=filled(0),
            invert=no(),
            autocontrast=no(),
            equalization=no(),
            solarization=filled(NO_SOLARIZATION),
            posterization=filled(ALL_LEVELS),
            sharpness=filled(0),
            blur=filled(0),
            erasing=filled(0, 4),
        )
