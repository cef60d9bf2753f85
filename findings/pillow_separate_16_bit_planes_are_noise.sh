#!/usr/bin/env bash
# Finding: Pillow reads an uncompressed 16-bit RGB TIFF with separate planes without an error, and
#   the pixels are noise; the same file with compression keeps the picture.
# Versions: pillow 13.0.0, tifffile 2026.3.3, imagecodecs 2026.3.6, numpy 2.4.6 (pinned below), Python 3.11
# Documented: no; the list of formats says that RGB TIFF of 16 bits is read. Separate planes are
#   tifffile's own choice for an array of shape (3, height, width), and GDAL's INTERLEAVE=BAND.
# Guessed: a TIFF that opens without an error shows its picture, compressed or not.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check \
    pillow==13.0.0 tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.4.6
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(pillow|tifffile|imagecodecs|numpy)=='

"$python" - "$folder" <<'PY'
import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

folder = Path(sys.argv[1])
rows, columns = np.mgrid[0:64, 0:64]
planes = np.stack([rows, columns, (rows + columns) // 2]).astype(np.uint16) * 1000  # smooth ramps
expected = np.moveaxis(planes, 0, -1) / 257


def error(name: str, **options: object) -> float:
    """Mean difference of what Pillow reads from the picture, in levels of 255."""
    tifffile.imwrite(folder / name, planes, photometric="rgb", planarconfig="separate", **options)
    with Image.open(folder / name) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
    return float(np.abs(pixels - expected).mean())


plain, packed = error("plain.tif"), error("packed.tif", compression="zlib")
print(f"mean error of 255 levels: {plain:.1f} uncompressed, {packed:.1f} with zlib")
if plain > 30 and packed < 3:
    print("As found: without compression the pixels are noise.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
