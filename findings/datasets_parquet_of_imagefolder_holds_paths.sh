#!/usr/bin/env bash
# Finding: a Hugging Face dataset loaded from a folder and written with to_parquet() holds no picture:
#   the bytes are null and the path is that of the writer's disk. save_to_disk() embeds the pictures.
# Versions: datasets 5.2.0, pillow 13.0.0 (pinned below), Python 3.11
# Documented: the image guide says that an Image column stores bytes or a path; that to_parquet()
#   keeps local paths, while push_to_hub() and save_to_disk() embed, is said nowhere beside it.
# Guessed: a Parquet file with a picture column can be given to somebody else.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HF_HOME="$folder/home" HF_HUB_OFFLINE=1
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check datasets==5.2.0 pillow==13.0.0
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(datasets|pillow|pyarrow)=='

"$python" - "$folder" <<'PY'
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import load_dataset
from PIL import Image

folder = Path(sys.argv[1])
for label, grey in (("cat", 40), ("dog", 200)):
    (folder / "pets" / label).mkdir(parents=True)
    Image.new("L", (8, 8), grey).save(folder / "pets" / label / "1.png")
pets = load_dataset("imagefolder", data_dir=str(folder / "pets"), split="train")
pets.to_parquet(folder / "pets.parquet")
pets.save_to_disk(folder / "saved")

pictures = pq.read_table(folder / "pets.parquet").column("image").to_pylist()
[arrow] = (folder / "saved").glob("*.arrow")
saved = pa.ipc.open_stream(arrow).read_all().column("image").to_pylist()
print("to_parquet:  ", [picture["bytes"] and "bytes" for picture in pictures], "paths are absolute:",
      all(Path(picture["path"]).is_absolute() for picture in pictures))
print("save_to_disk:", [picture["bytes"] and "bytes" for picture in saved])
is_path_only = all(picture["bytes"] is None and Path(picture["path"]).is_absolute() for picture in pictures)
if is_path_only and all(picture["bytes"] for picture in saved):
    print("As found: the Parquet file holds paths alone.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
