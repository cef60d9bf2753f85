#!/usr/bin/env bash
# Finding: Pillow reads a big-endian TIFF of floats wrongly as soon as it is compressed: libtiff has
#   swapped the bytes already, and Pillow swaps them again. No error; the values are garbage.
# Versions: pillow 13.0.0, tifffile 2026.3.3, numpy 2.4.6 (pinned below), Python 3.11
# Documented: no. Uncompressed big-endian floats, which Pillow reads by itself, are right.
# Guessed: compression does not change the values that a lossless file gives.
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
values = np.linspace(18, 38, 64 * 64, dtype=np.float32).reshape(64, 64)  # degrees


def is_read(name: str, byteorder: str, **options: object) -> bool:
    tifffile.imwrite(folder / name, values, byteorder=byteorder, **options)
    with Image.open(folder / name) as image:
        return bool(np.array_equal(np.asarray(image), values))


results = {
    "little-endian, zlib": is_read("little.tif", "<", compression="zlib"),
    "big-endian, plain": is_read("plain.tif", ">"),
    "big-endian, zlib": is_read("packed.tif", ">", compression="zlib"),
}
for name, same in results.items():
    print(f"{name}: {'same values' if same else 'other values, no error'}")
if list(results.values()) == [True, True, False]:
    print("As found: big-endian and compressed floats are garbage.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
