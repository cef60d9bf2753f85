#!/usr/bin/env bash
# Finding: ONNX Runtime's conversion to float16 appends its casts behind the nodes that read them, where
#   inputs, outputs or single nodes stay in float32: the graph is unsorted, and ONNX's checker refuses it.
# Versions: onnx 1.23.2, onnxruntime 1.32.0 (pinned below), Python 3.11
# Documented: `keep_io_types` and `node_block_list` stand in the tool's docstring; the order of nodes is said nowhere.
# Guessed: a converter returns a valid model, as it does without these options.
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
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel


def model():
    weights = numpy_helper.from_array(np.full((4, 4), 0.1, np.float32), "weights")
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["a"], name="first"),
        helper.make_node("Exp", ["a"], ["b"], name="exponential"),
        helper.make_node("MatMul", ["b", "weights"], ["y"], name="last"),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy"]
    graph = helper.make_graph(nodes, "network", values[:1], values[1:], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def verdict(converted):
    try:
        onnx.checker.check_model(converted, full_check=True)
    except onnx.checker.ValidationError as error:
        return "refused: " + str(error).splitlines()[0]
    return "valid"


VARIANTS = {
    "float16 throughout": {},
    "inputs and outputs stay float32": {"keep_io_types": True},
    "one node stays float32": {"node_block_list": ["exponential"]},
}
results, mended = {}, {}
for name, options in VARIANTS.items():
    converted = convert_float_to_float16(model(), **options)
    print(f"{name}:", [node.name for node in converted.graph.node])
    results[name] = verdict(converted)
    sorting = OnnxModel(converted)
    sorting.topological_sort()
    mended[name] = verdict(sorting.model)
    print(f"  {results[name]}; sorted afterwards: {mended[name]}")
plain, *others = results.values()
if plain == "valid" and all(one.startswith("refused") for one in others) and set(mended.values()) == {"valid"}:
    print("As found: casts stand behind the nodes that read them.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
