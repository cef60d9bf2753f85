"""The record of what each picture of a batch goes through; every engine works from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BEND_CELLS = (
    10  # a bent picture is made of so many cells each way, each warped bilinearly; more look no smoother
)
OFF_THRESHOLD = 256.0  # no pixel is so bright
ALL_TONES = 256.0


@dataclass(kw_only=True)
class Draws:
    """One row a picture (B); arrays are (B,) unless said. Made neutral, then drawn into."""

    mirrored: np.ndarray  # bool: left and right swapped
    upside_down: np.ndarray  # bool
    turn: np.ndarray  # radians
    scale: np.ndarray  # 1 as it is, above 1 farther away
    shift: np.ndarray  # (B, 2), fractions of width and height
    shear: np.ndarray  # (B, 2), of x by y and of y by x
    kept: np.ndarray  # fraction of the sides that a crop keeps
    place: np.ndarray  # (B, 2), 0 to 1: where the crop lies, from left or top to right or bottom
    corners: np.ndarray  # (B, 4, 2), fractions that the corners move: top left, top right, bottom right, left
    bend: np.ndarray  # (B, BEND_CELLS + 1, BEND_CELLS + 1, 2), fractions: rows, columns, then x and y
    brightness: np.ndarray  # added, of the whole range
    contrast: np.ndarray  # factor
    saturation: np.ndarray  # factor
    hue: np.ndarray  # radians
    negative: np.ndarray  # bool
    stretched: np.ndarray  # bool: automatic contrast
    equalized: np.ndarray  # bool
    threshold: np.ndarray  # from this level on, a pixel becomes its negative; OFF_THRESHOLD: none
    tones: np.ndarray  # levels left of each colour; ALL_TONES: all
    sharpness: np.ndarray  # -1 smooth, 0 as it is, 1 twice the fine detail
    blur: np.ndarray  # standard deviation, of the shorter side
    hole: np.ndarray  # (B, 4), fractions: left, top, right, bottom; all 0: none

    def __len__(self) -> int:
        return len(self.turn)

    @classmethod
    def neutral(cls, count: int) -> Draws:
        """Nothing happens to any of ``count`` pictures."""

        def filled(value: float, *shape: int) -> np.ndarray:
            return np.full((count, *shape), value, np.float32)

        def no() -> np.ndarray:
            return np.zeros(count, bool)

        nodes = BEND_CELLS + 1
        return cls(
            mirrored=no(),
            upside_down=no(),
            turn=filled(0),
            scale=filled(1),
            shift=filled(0, 2),
            shear=filled(0, 2),
            kept=filled(1),
            place=filled(0, 2),
            corners=filled(0, 4, 2),
            bend=filled(0, nodes, nodes, 2),
            brightness=filled(0),
            contrast=filled(1),
            saturation=filled(1),
            hue=filled(0),
            negative=no(),
            stretched=no(),
            equalized=no(),
            threshold=filled(OFF_THRESHOLD),
            tones=filled(ALL_TONES),
            sharpness=filled(0),
            blur=filled(0),
            hole=filled(0, 4),
        )
