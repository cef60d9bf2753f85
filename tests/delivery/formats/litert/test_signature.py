"""The named signature of a LiteRT file gives what the engine gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from core.delivery.files import tflite_file
from core.delivery.formats.interface import SIGNATURE
from core.delivery.formats.litert.signature import with_signature
from core.models.litert.engine import Engine
from core.models.litert.rewriting import with_feature_map, with_output


def test_a_runs_file_answers_by_name(small_run: Path, pictures: np.ndarray) -> None:
    """The usual three lines of LiteRT's documentation, on the file as it lies in the run."""
    runner = Interpreter(model_path=str(tflite_file(small_run))).get_signature_runner()
    answers = runner(picture=pictures)
    probabilities, scores = Engine(tflite_file(small_run)).run_all(pictures)
    assert answers.keys() == {"probabilities", "stranger_score"}
    np.testing.assert_array_equal(answers["probabilities"], probabilities)
    np.testing.assert_array_equal(answers["stranger_score"], scores)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_tensors_have_the_names_of_the_signature(content: bytes) -> None:
    interpreter = Interpreter(model_content=content)
    (key,) = interpreter.get_signature_list()
    assert key == SIGNATURE
    assert [details["name"] for details in interpreter.get_input_details()] == ["picture"]
    assert [details["name"] for details in interpreter.get_output_details()] == [
        "probabilities",
        "stranger_score",
    ]


def test_a_file_of_an_older_run_works_as_it_is_and_can_be_signed(
    small_run: Path, unsigned: bytes, pictures: np.ndarray
) -> None:
    expected = Engine(tflite_file(small_run)).run_all(pictures)
    assert Interpreter(model_content=unsigned).get_signature_list() == {}
    for answers in (Engine(unsigned).run_all(pictures), Engine(with_signature(unsigned)).run_all(pictures)):
        for answer, wanted in zip(answers, expected, strict=True):
            np.testing.assert_array_equal(answer, wanted)


def test_a_signed_file_can_be_cut_at_any_tensor(
    content: bytes, unsigned: bytes, pictures: np.ndarray
) -> None:
    """Heatmaps name another tensor the output, by its number: signing must not move it."""
    signed_map, map_before = (
        Engine(with_feature_map(file, "grid")).run(pictures) for file in (content, unsigned)
    )
    np.testing.assert_array_equal(signed_map, map_before)
    assert Engine(with_output(content, 0)).output_shape == Engine(with_output(unsigned, 0)).output_shape
