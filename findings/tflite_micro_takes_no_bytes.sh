#!/usr/bin/env bash
# Finding: TensorFlow Lite Micro refuses a network that LiteRT runs: its CAST takes no uint8, so a picture
#   of bytes that is cast to float32 inside the network fails; QUANTIZE from uint8 to int8 does the same work.
# Versions: tflite-micro 0.dev20261023182759, ai-edge-litert 2.3.0, flatbuffers 25.12.19, numpy 2.4.6 (pinned
#   below), Python 3.11
# Documented: nowhere by type; the list of operators says that CAST is there.
# Guessed: an operator that is in the list takes the types that it takes in LiteRT, above all bytes of a picture.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check \
    tflite-micro==0.dev20261023182759 ai-edge-litert==2.3.0 flatbuffers==25.12.19 numpy==2.4.6
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(tflite[-_]micro|ai-edge-litert|flatbuffers|numpy)=='

cat > "$folder/networks.py" <<'PY'
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Kind, Operator, Options = schema.TensorType, schema.BuiltinOperator, schema.BuiltinOptions


def network(operator, options_kind, options, kind_out, scale=None):
    """One operator from four bytes to four numbers."""

    def tensor(name, kind, zero_point):
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, [1, 4], kind, 0
        if scale is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [scale], [zero_point]
        return made

    graph = schema.SubGraphT()
    graph.tensors = [tensor("picture", Kind.UINT8, 0), tensor("numbers", kind_out, -128)]
    graph.inputs, graph.outputs = [0], [1]
    only = schema.OperatorT()
    only.opcodeIndex, only.inputs, only.outputs = 0, [0], [1]
    only.builtinOptionsType, only.builtinOptions = options_kind, options
    graph.operators = [only]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = operator
    code.version = 1
    model = schema.ModelT()
    model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [graph], [code], [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def cast():
    options = schema.CastOptionsT()
    options.inDataType, options.outDataType = Kind.UINT8, Kind.FLOAT32
    return network(Operator.CAST, Options.CastOptions, options, Kind.FLOAT32)


def quantize():
    return network(Operator.QUANTIZE, Options.QuantizeOptions, schema.QuantizeOptionsT(), Kind.INT8, scale=1.0)


BYTES = np.array([[0, 1, 127, 255]], np.uint8)
PY
cat > "$folder/litert.py" <<'PY'
import sys

from ai_edge_litert.interpreter import Interpreter

import networks

interpreter = Interpreter(model_content=getattr(networks, sys.argv[1])())
interpreter.allocate_tensors()
interpreter.set_tensor(0, networks.BYTES)
interpreter.invoke()
print(interpreter.get_tensor(1).astype(int).tolist())
PY
cat > "$folder/micro.py" <<'PY'
import sys

from tflite_micro.python.tflite_micro import runtime

import networks

interpreter = runtime.Interpreter.from_bytes(getattr(networks, sys.argv[1])())
interpreter.set_input(networks.BYTES, 0)
interpreter.invoke()
print(interpreter.get_output(0).astype(int).tolist())
PY

run() { (cd "$folder" && "$python" "$1.py" "$2" 2>"$folder/$1-$2.log") || echo "refused"; }
litert_cast=$(run litert cast | tail -1)
micro_cast=$(run micro cast | tail -1)
micro_quantize=$(run micro quantize | tail -1)
echo "CAST uint8 to float32 in LiteRT: $litert_cast"
echo "the same in TensorFlow Lite Micro: $micro_cast"
grep -ih "cast\|not supported\|failed" "$folder/micro-cast.log" | head -3 || true
echo "QUANTIZE uint8 to int8 in TensorFlow Lite Micro: $micro_quantize"
if [ "$litert_cast" = "[[0, 1, 127, 255]]" ] && [ "$micro_cast" = refused ] \
    && [ "$micro_quantize" = "[[-128, -127, -1, 127]]" ]; then
    echo "As found: bytes may be quantised, not cast."
else
    echo "CHANGED: the finding no longer holds as described."
    exit 1
fi
