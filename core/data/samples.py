"""Ready-made pictures that come with the installed packages, so that they work offline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

DIGITS_NAME = "Handwritten digits"
_DIGITS_SIDE = 64  # pixels; the scans have 8, enlarged smoothly so that people can read them


def write_digits(folder: Path) -> None:
    """scikit-learn's 1,797 scanned digits as PNG files, one folder a digit, dark ink on white."""
    from sklearn.datasets import load_digits  # 1 s to import: only when asked for

    digits = load_digits()
    for number, (scan, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        grey = np.rint(255 - scan * (255 / 16)).astype(np.uint8)  # scans hold 0 (paper) to 16 (ink)
        picture = Image.fromarray(grey).resize((_DIGITS_SIDE, _DIGITS_SIDE), Image.Resampling.BICUBIC)
        path = folder / str(digit) / f"digit-{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
