#!/usr/bin/env bash
# Finding: ray.data.read_images gives a grey picture as (H, W) or as (1, H, W), depending on whether it
#   shares a block with colour pictures, and so on the number of blocks; no warning, and the channel comes first.
# Versions: ray 2.60.0, pyarrow 26.0.0, numpy 2.4.6, pillow 13.0.0 (pinned below), Python 3.11
# Documented: read_images says that `mode` converts all pictures; shapes without it are not described.
# Guessed: pictures keep the shape that NumPy gives them, (H, W) and (H, W, 3), or mixed shapes are refused.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check \
    'ray[data]==2.60.0' pyarrow==26.0.0 numpy==2.4.6 pillow==13.0.0
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(ray|pyarrow|numpy|pillow)=='

RAY_USAGE_STATS_ENABLED=0 "$python" - "$folder" <<'PY' 2>"$folder/log"
import sys
from pathlib import Path

import numpy as np
import ray
from PIL import Image

pictures = Path(sys.argv[1]) / "pictures"
pictures.mkdir()
Image.fromarray(np.zeros((6, 8), np.uint8)).save(pictures / "grey.png")
for number in range(3):
    Image.fromarray(np.zeros((6 + number, 9, 3), np.uint8)).save(pictures / f"colour-{number}.png")
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, _temp_dir=f"{sys.argv[1]}/ray")


def shape_of_grey(blocks):
    rows = ray.data.read_images(str(pictures), include_paths=True, override_num_blocks=blocks).take_all()
    return next(np.asarray(row["image"]).shape for row in rows if row["path"].endswith("grey.png"))


together, alone = shape_of_grey(1), shape_of_grey(4)
print("in one block with colour pictures:", together)
print("in a block of its own:", alone)
if together == (1, 6, 8) and alone == (6, 8):
    print("As found: the shape depends on the blocks.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
