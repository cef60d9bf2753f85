#!/usr/bin/env bash
# Finding: changing one number in the bytes of a LiteRT file makes a hidden tensor its output, also
#   under the default XNNPACK delegate; the schema's OutputsAsNumpy() is a writable view of a bytearray.
# Versions: ai-edge-litert 2.3.0, flatbuffers 25.12.19, numpy 2.4.6 (pinned below), Python 3.11
# Documented: get_tensor()'s reference says that intermediate tensors are not kept, and offers
#   experimental_preserve_all_tensors, which switches delegates off. Nothing says that this works.
# Guessed: a hidden layer needs another conversion, or an interpreter that keeps all tensors.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check \
    ai-edge-litert==2.3.0 flatbuffers==25.12.19 numpy==2.4.6
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(ai-edge-litert|flatbuffers|numpy)=='

"$python" - <<'PY'
import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter


def tensor(name, buffer):
    made = schema.TensorT()
    made.name, made.shape, made.type, made.buffer = name, [1, 4], schema.TensorType.FLOAT32, buffer
    return made


def constant(values):
    made = schema.BufferT()
    made.data = np.frombuffer(np.array(values, np.float32).tobytes(), np.uint8)
    return made


def operator(index, inputs, output, options_kind, options):
    made = schema.OperatorT()
    made.opcodeIndex, made.inputs, made.outputs = index, inputs, [output]
    made.builtinOptionsType, made.builtinOptions = options_kind, options
    return made


def code(kind):
    made = schema.OperatorCodeT()
    made.builtinCode = made.deprecatedBuiltinCode = kind
    made.version = 1
    return made


# picture + 1 = hidden; hidden × 10 = answer
graph = schema.SubGraphT()
graph.tensors = [tensor("picture", 0), tensor("one", 1), tensor("hidden", 0), tensor("ten", 2), tensor("answer", 0)]
graph.inputs, graph.outputs = [0], [4]
graph.operators = [
    operator(0, [0, 1], 2, schema.BuiltinOptions.AddOptions, schema.AddOptionsT()),
    operator(1, [2, 3], 4, schema.BuiltinOptions.MulOptions, schema.MulOptionsT()),
]
model = schema.ModelT()
model.version, model.subgraphs = 3, [graph]
model.operatorCodes = [code(schema.BuiltinOperator.ADD), code(schema.BuiltinOperator.MUL)]
model.buffers = [schema.BufferT(), constant([1] * 4), constant([10] * 4)]
builder = flatbuffers.Builder(1024)
builder.Finish(model.Pack(builder), b"TFL3")
content = bytes(builder.Output())


def answer(data):
    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.arange(4, dtype=np.float32)[None])
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].tolist()


changed = bytearray(content)
outputs = schema.Model.GetRootAs(changed).Subgraphs(0).OutputsAsNumpy()
outputs[0] = 2
print("bytes that differ:", sum(a != b for a, b in zip(content, changed)))
print("answer:", answer(content), " hidden:", answer(bytes(changed)))
if answer(content) == [10, 20, 30, 40] and answer(bytes(changed)) == [1, 2, 3, 4]:
    print("As found: one byte makes the hidden tensor the output.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
