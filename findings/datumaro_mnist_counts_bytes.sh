#!/usr/bin/env bash
# Finding: Datumaro's MNIST files announce 784 times as many pictures as they hold: the header of
#   the IDX file has the number of bytes where that of the pictures belongs. Readers of IDX fail.
# Versions: datumaro 1.13.12, opencv-python-headless 4.12.0.88, numpy 2.2.6, pillow 12.3.0 (pinned below), Python 3.11
# Documented: no; the page of the format calls the files those of MNIST, whose page defines the
#   number at offset 4 as "number of images". Datumaro reads them back, for it ignores the number.
# Guessed: what is exported as MNIST can be read by any reader of MNIST.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check \
    datumaro==1.13.12 opencv-python-headless==4.12.0.88 numpy==2.2.6 pillow==12.3.0
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(datumaro|opencv-python-headless|numpy|pillow)=='

"$python" - "$folder" <<'PY'
import gzip
import struct
import sys
from pathlib import Path

import numpy as np
from datumaro.components.annotation import Label
from datumaro.components.dataset import Dataset
from datumaro.components.dataset_base import DatasetItem
from datumaro.components.media import Image as Media

folder = Path(sys.argv[1])
items = [
    DatasetItem(
        str(number),
        subset="train",
        media=Media.from_numpy(np.full((28, 28), 50 * number, np.uint8), ext=".png"),
        annotations=[Label(0)],
    )
    for number in range(3)
]
Dataset.from_iterable(items, categories=["zero"]).export(str(folder / "mnist"), "mnist", save_media=True)

data = gzip.decompress((folder / "mnist" / "train-images-idx3-ubyte.gz").read_bytes())
_, announced, height, width = struct.unpack(">4I", data[:16])
held = (len(data) - 16) // (height * width)
labels = gzip.decompress((folder / "mnist" / "train-labels-idx1-ubyte.gz").read_bytes())
print(f"pictures of {height} x {width} that the header announces: {announced}")
print(f"pictures in the file: {held}; labels that the other header announces: {struct.unpack('>I', labels[4:8])[0]}")
read_back = len(Dataset.import_from(str(folder / "mnist"), "mnist"))
print(f"pictures that Datumaro itself reads back: {read_back}")
if (announced, held, read_back) == (3 * 28 * 28, 3, 3):
    print("As found: the header counts bytes.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
