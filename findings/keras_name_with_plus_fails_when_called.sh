#!/usr/bin/env bash
# Finding: a Keras model whose name has a "+" is built, summarised and saved, but on TensorFlow its first
#   predict() fails: the name becomes the root scope of a graph, which allows no "+".
# Versions: keras 3.15.1, tensorflow 2.21.0 (pinned below), Python 3.11
# Documented: Keras states no rule for names of models; TensorFlow's for scopes stands at tf.Graph.name_scope.
# Guessed: a name that the constructor takes can be used, or the constructor refuses it (it refuses "/").
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check keras==3.15.1 tensorflow==2.21.0
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(keras|tensorflow)=='

export KERAS_BACKEND=tensorflow CUDA_VISIBLE_DEVICES=-1 TF_CPP_MIN_LOG_LEVEL=3
"$python" - "$folder" 2>/dev/null <<'PY'
import sys
from pathlib import Path

import keras
import numpy as np

file = Path(sys.argv[1]) / "model.keras"
picture = keras.Input((4,))
keras.Model(picture, keras.layers.Dense(2)(picture), name="first+second").save(file)
loaded = keras.models.load_model(file)
print("built, saved and loaded:", loaded.name)
print("called on an array:     ", loaded(np.zeros((1, 4), "float32")).shape)
try:
    loaded.predict(np.zeros((1, 4), "float32"), verbose=0)
    sys.exit("CHANGED: the finding no longer holds as described.")
except ValueError as error:
    last = str(error).strip().splitlines()[-1]
    print("predict:                ", type(error).__name__, last)
    if "scope name" not in str(error):
        sys.exit("CHANGED: the finding no longer holds as described.")
print("As found: it fails when it is used in a graph.")
PY
