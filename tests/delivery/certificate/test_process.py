"""The clean process holds one runtime, answers from picture files, and its end is told plainly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.delivery.certificate.client import CheckProcess, check_process
from core.delivery.certificate.process import RUNTIMES
from core.delivery.certificate.sample import draw_sample
from core.delivery.files import read_labels
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.prediction import Classifier
from core.errors import DeliveryError
from core.workspace import project_of


@pytest.fixture
def process(tmp_path: Path) -> Iterator[CheckProcess]:
    with check_process(tmp_path / "process.log") as process:
        yield process


def test_a_litert_file_runs_without_tensorflow_and_answers_like_predict(
    finished_run: Path, process: CheckProcess
) -> None:
    sample, classifier = draw_sample(finished_run), Classifier(finished_run)
    process.open(TFLITE, TFLITE.file(finished_run), sample.labels)
    answers = process.answer(sample.files)
    expected = [classifier.prediction(file.read_bytes()) for file in sample.files]
    assert answers.scores is not None
    scores = np.array([one.stranger_score for one in expected], float)
    np.testing.assert_allclose(answers.scores, scores, atol=1e-4)
    np.testing.assert_allclose(
        answers.probabilities.max(axis=1), [one.guesses[0].probability for one in expected], atol=1e-5
    )
    facts = process.facts()
    assert facts.runtime.keys() == {"ai_edge_litert"}
    # Python with NumPy takes 30 MB, TensorFlow more than 300.
    assert facts.peak_memory_bytes is None or 30e6 < facts.peak_memory_bytes < 300e6
    assert process.seconds_of(3) > 0


def test_runtimes_are_known_by_module_and_distribution() -> None:
    assert RUNTIMES["ai_edge_litert"] == "ai-edge-litert"
    assert {"tensorflow", "onnxruntime", "openvino"} <= RUNTIMES.keys()


def test_a_file_that_is_no_network_is_refused_with_the_words_of_its_runtime(
    finished_run: Path, process: CheckProcess, tmp_path: Path
) -> None:
    broken = tmp_path / "model.tflite"
    broken.write_bytes(b"no network")
    with pytest.raises(DeliveryError, match=r"ended in the middle of its work: \w+"):
        process.open(TFLITE, broken, read_labels(finished_run))


def test_a_picture_that_is_none_ends_in_a_sentence(
    finished_run: Path, process: CheckProcess, tmp_path: Path
) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    process.open(TFLITE, TFLITE.file(finished_run), read_labels(finished_run))
    with pytest.raises(DeliveryError, match="not a picture"):
        process.answer([text])


def test_the_sample_is_all_test_pictures_or_the_same_few_each_time(finished_run: Path) -> None:
    dataset = open_dataset(project_of(finished_run))
    whole, few = draw_sample(finished_run), draw_sample(finished_run, most=4)
    test = dataset.pictures[dataset.pictures["split"] == "test"]
    assert {file.stem for file in whole.files} == set(test["sha256"])
    assert (whole.is_whole, few.is_whole, len(few.files)) == (True, False, 4)
    assert few.files == draw_sample(finished_run, most=4).files
    assert few.digest != whole.digest
