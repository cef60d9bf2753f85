#!/usr/bin/env bash
# Finding: ONNX Runtime returns a classifier's map of probabilities (ZipMap) sorted by class name,
#   not in the order of the class labels that the model states, so position i is not class i.
# Versions: onnx 1.23.2, onnxruntime 1.32.0 (pinned below), Python 3.11
# Documented: the operator's page says that the map is made from the stated keys; the order in which
#   Python gets them is said nowhere. Models of Windows ML and of scikit-learn converters end in it.
# Guessed: a dict in Python keeps the order of the labels, so its values line up with labels.txt.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(onnx|onnxruntime)=='

"$python" - <<'PY'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

LABELS = ["zebra", "ant", "moth"]
node = helper.make_node(
    "ZipMap", ["probabilities"], ["by_name"], domain="ai.onnx.ml", classlabels_strings=LABELS
)
given = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 3])
value = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
output = helper.make_value_info("by_name", helper.make_sequence_type_proto(value))
model = helper.make_model(
    helper.make_graph([node], "classifier", [given], [output]),
    opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 1)],
    ir_version=8,
)
onnx.checker.check_model(model)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
[[answer]] = session.run(None, {"probabilities": np.array([[0.7, 0.2, 0.1]], np.float32)})
print("labels of the model:", LABELS)
print("map that comes back:", {name: round(value, 3) for name, value in answer.items()})
if list(answer) == sorted(LABELS) and abs(answer["zebra"] - 0.7) < 1e-6:
    print("As found: the names are sorted.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
