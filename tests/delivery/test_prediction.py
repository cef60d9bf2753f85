"""A delivered classifier answers as it was evaluated, from any picture file."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.delivery.files import parity_file
from core.delivery.prediction import Classifier, Guess
from core.errors import NotFoundError, UnreadableImageError
from core.evaluation.report import read_predictions
from core.workspace import project_of
from tests.support.pictures import encoded, photograph
from tests.support.trained import PICTURES


@pytest.fixture
def classifier(finished_run: Path) -> Classifier:
    return Classifier(finished_run)


@pytest.fixture
def dataset(finished_run: Path) -> Dataset:
    return open_dataset(project_of(finished_run))


def test_it_answers_as_the_evaluation_recorded(
    finished_run: Path, classifier: Classifier, dataset: Dataset
) -> None:
    """Every picture that was evaluated, from its file: training and serving cannot disagree."""
    recorded = read_predictions(finished_run).set_index("id")
    assert len(recorded) == 18
    for row, picture in enumerate(dataset.pictures["id"]):
        if picture in recorded.index:
            answer = classifier.probabilities(dataset.picture_bytes(row))
            np.testing.assert_allclose(answer, recorded.loc[picture, "probabilities"], atol=1e-5)


def test_guesses_come_best_first_with_their_own_names(classifier: Classifier, dataset: Dataset) -> None:
    data = dataset.picture_bytes(0)
    probabilities = classifier.probabilities(data)
    guesses = classifier.guesses(data)
    assert [guess.probability for guess in guesses] == sorted(map(float, probabilities), reverse=True)
    assert {guess.name: guess.probability for guess in guesses} == dict(
        zip(PICTURES, map(float, probabilities), strict=True)
    )
    assert guesses[0] == Guess(
        name=dataset.class_names[int(probabilities.argmax())], probability=max(probabilities)
    )


def test_probabilities_add_up_to_one(classifier: Classifier, dataset: Dataset) -> None:
    answer = classifier.probabilities(dataset.picture_bytes(5))
    assert answer.shape == (3,)
    assert answer.dtype == np.float32
    assert answer.sum() == pytest.approx(1.0, abs=1e-6)


def test_a_picture_is_read_as_in_training_whatever_its_form(classifier: Classifier) -> None:
    """The same pixels as PNG, as BMP and turned by EXIF: one answer."""
    from PIL import Image

    upright = photograph("chelsea")[::2, ::2]
    exif = Image.Exif()
    exif[0x0112] = 3  # lies upside down
    files = (
        encoded(upright, "PNG"),
        encoded(upright, "BMP"),
        encoded(np.ascontiguousarray(upright[::-1, ::-1]), "PNG", exif=exif),
    )
    answers = [classifier.probabilities(file) for file in files]
    np.testing.assert_array_equal(answers[1], answers[0])
    np.testing.assert_array_equal(answers[2], answers[0])
    assert classifier.prepare(files[0]).shape == (224, 224, 3)


def test_a_file_that_is_no_picture_is_refused(classifier: Classifier) -> None:
    with pytest.raises(UnreadableImageError):
        classifier.guesses(b"%PDF-1.7 not a picture")


def test_one_classifier_serves_several_visitors_at_once(classifier: Classifier, dataset: Dataset) -> None:
    files = [dataset.picture_bytes(row) for row in range(6)]
    expected = [classifier.probabilities(file) for file in files]
    assert len({answer.tobytes() for answer in expected}) == 6
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(classifier.probabilities, files * 4))
    np.testing.assert_array_equal(answers, expected * 4)


def test_a_run_that_was_never_delivered_has_no_classifier(finished_run: Path) -> None:
    with pytest.raises(NotFoundError, match="“run-none” has no finished classifier"):
        Classifier(finished_run.with_name("run-none"))


def test_a_classifier_without_its_proof_does_not_answer(finished_run: Path) -> None:
    """Its files were withheld for answering differently, or belong to an attempt that broke off."""
    parity_file(finished_run).unlink()
    with pytest.raises(NotFoundError, match="has no finished classifier"):
        Classifier(finished_run)


def test_answering_needs_neither_tensorflow_nor_keras(finished_run: Path, dataset: Dataset) -> None:
    """The web process answers by itself; with TensorFlow it would need six seconds and 500 MB more."""
    program = (
        "import sys; from pathlib import Path; from core.delivery.prediction import Classifier\n"
        "print(Classifier(Path(sys.argv[1])).guesses(Path(sys.argv[2]).read_bytes())[0].name)\n"
        "print(sorted({'tensorflow', 'keras', 'sklearn'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(finished_run), str(dataset.image_path(0))]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    name, modules = outcome.stdout.splitlines()
    assert name in PICTURES
    assert modules == "[]"
