"""Operators of TensorFlow that tf2onnx does not know, for its table."""

from __future__ import annotations

from typing import Any

import numpy as np

_SINCE = 9  # version of ONNX's operators that has Erf


def register_operators() -> None:
    """Let tf2onnx convert Erfc, of which TensorFlow makes the exact GELU."""
    from tf2onnx.constants import ONNX_DOMAIN
    from tf2onnx.handler import tf_op

    tf_op.register_handler(_replace_erfc, _SINCE, ["Erfc"], ONNX_DOMAIN, {})


def _replace_erfc(graph: Any, node: Any, **options: Any) -> None:
    """Replace Erfc(x) by 1 - Erf(x)."""
    shapes, kinds = node.output_shapes, node.output_dtypes
    erf = graph.make_node("Erf", node.input, shapes=shapes, dtypes=kinds)
    one = graph.make_const(f"{erf.name}_one", np.array(1, np.float32))
    inputs, outputs = [one.output[0], erf.output[0]], list(node.output)
    graph.remove_node(node.name)
    graph.make_node("Sub", inputs, name=node.name, outputs=outputs, shapes=shapes, dtypes=kinds)
