"""Quantised files: small, nearly as right, with the stranger score computed in float32."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from core.delivery.formats.calibration_pictures import calibration_pictures
from core.delivery.formats.litert.fixed_batch import with_batch_of_one
from core.delivery.formats.litert.quantising import Recipe, quantised
from core.models.litert.engine import Engine

pytestmark = pytest.mark.skipif(
    find_spec("ai_edge_quantizer") is None, reason="ai-edge-quantizer is not installed"
)


@pytest.mark.parametrize("recipe", Recipe)
def test_a_third_of_the_size_answers_nearly_the_same(
    recipe: Recipe, small_run: Path, content: bytes, pictures: np.ndarray
) -> None:
    fixed = with_batch_of_one(content)
    small = quantised(fixed, recipe, calibration_pictures(small_run))
    assert len(small) < 0.35 * len(fixed)
    runner = Interpreter(model_content=small).get_signature_runner()
    for picture in pictures[:, np.newaxis]:
        answers = runner(picture=picture)
        probabilities, scores = Engine(fixed).run_all(picture)
        assert answers["probabilities"].dtype == np.float32
        np.testing.assert_allclose(answers["probabilities"], probabilities, atol=0.1)
        np.testing.assert_allclose(answers["stranger_score"], scores, rtol=0.3, atol=0.5)


def test_a_network_that_cannot_be_quantised_is_a_failure(pictures: np.ndarray) -> None:
    with pytest.raises(RuntimeError, match=r"could not be quantised \(exit code 1\)"):
        quantised(b"no network", Recipe.DYNAMIC, pictures[:0])
