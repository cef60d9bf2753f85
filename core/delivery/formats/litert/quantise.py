"""Quantisation process: ``python -m core.delivery.formats.litert.quantise RECIPE NETWORK.tflite PICTURES.npy OUTPUT.tflite``.

Started by ``quantising``: ai-edge-quantizer and TensorFlow bring the same C++ libraries in other versions,
so they do not share a process.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_quantizer import algorithm_manager, calibrator, qtyping, quantizer, recipe_manager
from ai_edge_quantizer.utils import qsv_utils

from core.delivery.formats.interface import PICTURE, SIGNATURE
from core.delivery.formats.litert.network import Network, text_of
from core.delivery.formats.litert.quantising import Recipe
from core.delivery.formats.litert.rounded_weights import with_rounded_weights
from core.devices import cpu_cores

_ALL = qtyping.TFLOperationName.ALL_SUPPORTED
# Operators that make features of pictures; transformers multiply matrices.
_FEATURE_OPERATORS = {
    schema.BuiltinOperator.CONV_2D,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema.BuiltinOperator.BATCH_MATMUL,
}


def quantise(content: bytes, recipe: Recipe, pictures: np.ndarray) -> bytes:
    """Quantise a classifier's file with a batch of 1 and a signature.

    Args:
        pictures: uint8 (n, S, S, 3), from which a static recipe learns weights and ranges.
    """
    manager = recipe_manager.RecipeManager()
    if recipe is Recipe.STATIC:
        content = with_rounded_weights(content, pictures)
        manager.add_static_config(".*", _ALL, activation_num_bits=8, weight_num_bits=8)
    else:
        manager.add_dynamic_config(".*", _ALL, num_bits=8)
    # Probabilities and stranger score are computed in float32, from weights of 8 bits: they tell apart
    # what differs by less than a 256th of the range.
    head, exact = head_pattern(Network(content)), algorithm_manager.AlgorithmName.NO_QUANTIZE
    manager.add_quantization_config(head, _ALL, algorithm_key=exact)
    manager.add_weight_only_config(head, qtyping.TFLOperationName.FULLY_CONNECTED, num_bits=8)
    manager.add_quantization_config(".*", qtyping.TFLOperationName.OUTPUT, algorithm_key=exact)
    tool = quantizer.Quantizer(content, manager.get_quantization_recipe())
    ranges = _ranges(content, manager, pictures) if recipe is Recipe.STATIC else None
    return bytes(tool.quantize(ranges).quantized_model)


def _ranges(content: bytes, manager: Any, pictures: np.ndarray) -> Any:
    """Measure the least and the largest value of each tensor.

    The tool's own mean of them over the pictures cuts off the largest values: 5 points more answers change.
    """
    tool = calibrator.Calibrator(content, cpu_cores(), qsv_update_func=qsv_utils.min_max_update)
    tool.calibrate({SIGNATURE: [{PICTURE: picture[np.newaxis]} for picture in pictures]}, manager)
    return tool.get_model_qsvs()


def head_pattern(network: Network) -> str:
    """Regular expression of the operators behind the last features, by the names of their outputs."""
    names = [
        "".join(f"{text_of(network.graph.tensors[n].name)};" for n in op.outputs) for op in _head(network)
    ]
    return "^(" + "|".join(re.escape(name) for name in names) + ")$"


def _head(network: Network) -> list[Any]:
    """Operators from which no operator that makes features is reached."""
    before: set[int] = set()
    head = []
    for operator in reversed(network.graph.operators):
        is_before = before.intersection(operator.outputs)
        if is_before or network.code(operator) in _FEATURE_OPERATORS:
            before.update(operator.inputs)
        else:
            head.append(operator)
    return head


def main() -> None:
    """Quantise the file that the second argument names into the one that the fourth names."""
    recipe, source, pictures, output = sys.argv[1:]
    content = quantise(Path(source).read_bytes(), Recipe(recipe), np.load(pictures))
    Path(output).write_bytes(content)


if __name__ == "__main__":
    main()
