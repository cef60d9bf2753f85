#!/usr/bin/env bash
# Finding: Keras 3 takes `batch_input_shape` of a layer that Keras 2 wrote for a shape without the batch: a
#   Sequential model that took (batch, 4) is built to take (batch, batch, 4), with no error or warning of that.
# Versions: keras 3.15.1, jax 0.10.2 (pinned below), Python 3.11
# Documented: nowhere; the migration guide says that models saved as HDF5 by Keras 2 can be loaded.
# Guessed: the argument has its old meaning, or is refused by name.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(keras|jax)=='

KERAS_BACKEND=jax "$python" - <<'PY' 2>/dev/null
import keras

# As Keras 2 writes the first layer of Sequential([Dense(1, input_shape=(4,))]).
dense = {"class_name": "Dense", "config": {"name": "d", "units": 1, "batch_input_shape": [None, 4]}}
shape = keras.Sequential.from_config({"name": "s", "layers": [dense]}).input_shape
print("a layer with batch_input_shape [None, 4] takes:", shape)
if shape != (None, None, 4):
    raise SystemExit("CHANGED: the finding no longer holds as described.")
print("As found: the batch became a further axis.")
PY
