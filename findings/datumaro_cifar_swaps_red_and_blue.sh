#!/usr/bin/env bash
# Finding: Datumaro writes CIFAR with red and blue exchanged: a red PNG becomes a record whose third
#   plane, which CIFAR defines as blue, is 255. It reads CIFAR the same way, so it does not notice.
# Versions: datumaro 1.13.12, opencv-python-headless 4.12.0.88, numpy 2.2.6, pillow 12.3.0 (pinned below), Python 3.11
# Documented: no; the page of the format names the files and keys. CIFAR's own page says that the
#   first 1024 bytes are the red channel, the next 1024 green and the last 1024 blue.
# Guessed: an export in a format of RGB turns OpenCV's order (BGR), which Datumaro uses inside, around.
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
import pickle
import sys
from pathlib import Path

import numpy as np
from datumaro.components.annotation import Label
from datumaro.components.dataset import Dataset
from datumaro.components.dataset_base import DatasetItem
from datumaro.components.media import Image as Media
from PIL import Image

folder = Path(sys.argv[1])
Image.new("RGB", (32, 32), (255, 0, 0)).save(folder / "red.png")
item = DatasetItem("red", subset="train", media=Media.from_file(str(folder / "red.png")), annotations=[Label(0)])
dataset = Dataset.from_iterable([item], categories=["ripe"])
dataset.export(str(folder / "cifar"), "cifar", save_media=True)
dataset.export(str(folder / "own"), "datumaro", save_media=True)

[batch] = [path for path in (folder / "cifar").rglob("*") if path.name.startswith(("train", "data_batch"))]
record = np.array(pickle.loads(batch.read_bytes())["data"][0], np.uint8)
planes = [int(plane[0]) for plane in record.reshape(3, 1024)]
[picture] = (folder / "own").rglob("red.*")
with Image.open(picture) as image:
    own = image.convert("RGB").getpixel((0, 0))
print("red, green and blue of the CIFAR record:", planes)
print("of the picture in Datumaro's own format:", list(own))
if planes == [0, 0, 255] and own == (255, 0, 0):
    print("As found: CIFAR has red and blue exchanged.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
