#!/usr/bin/env bash
# Finding: ONNX Runtime's static int8 (QDQ, its defaults) adds pairs of products in 16 bits on x86-64
#   processors with AVX2 and without VNNI: they saturate, and answers are far off. `reduce_range=True` mends it.
# Versions: onnx 1.23.2, onnxruntime 1.32.0 (pinned below), Python 3.11, a processor without VNNI
# Documented: the quantisation page advises reduce_range for such processors "if accuracy drops"; not how far.
# Guessed: the defaults lose a point or so on any processor, and the result does not depend on the machine.
set -euo pipefail

if ! grep -q avx2 /proc/cpuinfo || grep -Eq 'avx512_vnni|avx_vnni' /proc/cpuinfo; then
  echo "Not seen here: the finding needs a processor with AVX2 and without VNNI."
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(onnx|onnxruntime)=='

cd "$folder"
"$python" - <<'PY'
import logging
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

logging.disable(logging.WARNING)
random = np.random.default_rng(0)
CHANNELS = 64
# Bright inputs and weights of one sign: products of two neighbours reach 2 x 255 x 127, more than 16 bits hold.
weights = random.uniform(0.5, 1, size=(CHANNELS, CHANNELS, 1, 1)).astype(np.float32)
inputs = random.uniform(0.3, 1, size=(32, CHANNELS, 8, 8)).astype(np.float32)
graph = helper.make_graph(
    [helper.make_node("Conv", ["x", "w"], ["y"], name="convolution")],
    "network",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", CHANNELS, 8, 8])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", CHANNELS, 8, 8])],
    [numpy_helper.from_array(weights, "w")],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "float.onnx")


class Samples(CalibrationDataReader):
    def __init__(self):
        self.rows = iter(inputs)

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {"x": row[None]}


def answer(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": inputs})[0]


exact = answer("float.onnx")
errors = {}
for reduce_range in (False, True):
    quantize_static(
        "float.onnx", "int8.onnx", Samples(), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, reduce_range=reduce_range,
    )
    errors[reduce_range] = float(np.sqrt(np.mean((answer("int8.onnx") - exact) ** 2)) / exact.std())
    print(f"reduce_range={reduce_range}: error of {errors[reduce_range]:.1%} of the outputs' deviation")
if errors[False] > 3 * errors[True]:
    print("As found: eight bits saturate, seven do not.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
