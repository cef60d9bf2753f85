"""Built-in strangers: pictures without any content of the classes, made from pictures of the classes.

They have the colours, the light and the camera of the user's own pictures, so they cannot be
told apart by these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image

from core.messages import N_

_TILES = 4  # along a side
_MAGNIFICATION = 8


class StrangerKind(StrEnum):
    """Code of a kind of strangers, as results store it."""

    SHUFFLED = "shuffled"
    PATCH = "patch"
    NOISE = "noise"
    PROJECT = "project"


@dataclass(frozen=True, kw_only=True)
class Material:
    """One way to make a stranger."""

    kind: StrangerKind
    label: str
    # from uint8 RGB (S, S, 3) to the same
    make: Callable[[np.ndarray, np.random.Generator], np.ndarray]


def shuffled(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Cut a picture into 4 × 4 tiles and exchange them: its textures without its shapes."""
    side = len(picture) // _TILES
    whole = picture[: _TILES * side, : _TILES * side]
    tiles = whole.reshape(_TILES, side, _TILES, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
    mixed = tiles[random.permutation(len(tiles))].reshape(_TILES, _TILES, side, side, 3).swapaxes(1, 2)
    result = picture.copy()
    result[: _TILES * side, : _TILES * side] = mixed.reshape(_TILES * side, _TILES * side, 3)
    return result


def patch(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Enlarge a random piece of an eighth of the side: too little to show what the picture shows."""
    size = len(picture)
    side = max(1, size // _MAGNIFICATION)
    # Drawn as fractions: the same piece at any size of the picture.
    top, left = ((size - side) * random.random(2)).astype(int)
    piece = Image.fromarray(picture[top : top + side, left : left + side])
    return np.asarray(piece.resize((size, size), Image.Resampling.BICUBIC))


def noise(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Exchange the phases of a picture's spectrum: its colours and its contrasts at every scale, and nothing else."""
    spectrum = np.fft.rfft2(picture.astype(np.float64), axes=(0, 1))
    # Phases of real noise, the same for every colour, so that colours stay together.
    phases = np.angle(np.fft.rfft2(random.standard_normal(picture.shape[:2])))
    phases[0, 0] = 0.0
    values = np.fft.irfft2(spectrum * np.exp(1j * phases)[..., None], picture.shape[:2], axes=(0, 1))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


MATERIALS = (
    Material(kind=StrangerKind.SHUFFLED, label=N_("Your pictures in shuffled tiles"), make=shuffled),
    Material(kind=StrangerKind.PATCH, label=N_("Tiny pieces of your pictures, enlarged"), make=patch),
    Material(kind=StrangerKind.NOISE, label=N_("Noise in the colours of your pictures"), make=noise),
)
# Also that of another project's pictures, which are taken as they are.
KIND_LABELS = {
    **{material.kind: material.label for material in MATERIALS},
    StrangerKind.PROJECT: N_("Pictures of your other projects"),
}
