"""A file with the batch fixed to 1 answers as the free one, and computes no shapes."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from core.delivery.formats.litert.fixed_batch import with_batch_of_one
from core.delivery.formats.litert.network import Network
from core.models.litert.engine import Engine


def shape_operators(content: bytes) -> int:
    network = Network(content)
    return sum(network.code(operator) == schema.BuiltinOperator.SHAPE for operator in network.graph.operators)


def test_each_picture_gets_the_same_answer(content: bytes, pictures: np.ndarray) -> None:
    free, fixed = Engine(content), Engine(with_batch_of_one(content))
    for picture in pictures:
        for answer, expected in zip(fixed.run_all(picture[None]), free.run_all(picture[None]), strict=True):
            np.testing.assert_array_equal(answer, expected)


def test_no_shape_is_free_or_computed(content: bytes) -> None:
    """LiteRT.js refuses a free batch, and accelerators refuse what depends on one."""
    fixed = with_batch_of_one(content)
    assert shape_operators(content) > 0 == shape_operators(fixed)
    for details in Interpreter(model_content=fixed).get_tensor_details():
        assert -1 not in details["shape_signature"], details["name"]


def test_another_batch_is_refused(content: bytes, pictures: np.ndarray) -> None:
    with pytest.raises(RuntimeError, match="ResizeInputTensorStrict"):
        Engine(with_batch_of_one(content)).run(pictures)


def test_signature_stays(content: bytes, pictures: np.ndarray) -> None:
    runner = Interpreter(model_content=with_batch_of_one(content)).get_signature_runner()
    answer = runner(picture=pictures[:1])["probabilities"]
    np.testing.assert_array_equal(answer, Engine(content).run(pictures[:1]))


def test_a_fixed_file_stays_the_same(content: bytes) -> None:
    fixed = with_batch_of_one(content)
    assert with_batch_of_one(fixed) == fixed
