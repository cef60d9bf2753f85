"""The stranger score and the limits of an answer travel into prediction and exports."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from core.__main__ import main
from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.delivery.exporter import DeliveredModel
from core.delivery.files import keras_file, read_labels, read_proof, tflite_file
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.limits import use_limits
from core.delivery.prediction import Classifier, Guess, Prediction
from core.evaluation.strangers.chosen import AnswerLimits, known_scores, limits_in_use
from core.evaluation.strangers.results import read_known_scores
from core.models.litert import conversion
from core.reporting.exports import export_file
from core.workspace import project_of
from tests.support.pictures import encoded, photograph


@pytest.fixture
def dataset(finished_run: Path) -> Dataset:
    return open_dataset(project_of(finished_run))


def interpreted(file: Path, pixels: np.ndarray) -> list[np.ndarray]:
    """Outputs of a LiteRT file for a picture, as any program would ask for them."""
    interpreter = Interpreter(model_path=str(file))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels[np.newaxis])
    interpreter.invoke()
    return [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]


def answered_by_bundle(run: Path, folder: Path, pictures: Sequence[Path]) -> list[dict[str, object]]:
    with zipfile.ZipFile(export_file(run, BUNDLE)) as bundle:
        bundle.extractall(folder)
    command = [sys.executable, "predict.py", *map(str, pictures)]
    outcome = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def test_the_first_output_of_the_litert_file_stays_the_probabilities(
    finished_run: Path, dataset: Dataset
) -> None:
    """The second is the stranger score that the evaluation recorded; programs of users read the first."""
    scores = read_known_scores(finished_run).set_index("id")["score"]
    row = int(dataset.rows(Split.TEST)[0])
    classifier = Classifier(finished_run)
    outputs = interpreted(tflite_file(finished_run), classifier.prepare(dataset.picture_bytes(row)))
    assert [output.shape for output in outputs] == [(1, 3), (1, 1)]
    np.testing.assert_allclose(outputs[0][0], classifier.probabilities(dataset.picture_bytes(row)), atol=1e-6)
    assert outputs[1][0, 0] == pytest.approx(scores[dataset.pictures["id"].iloc[row]], abs=1e-2)


def test_the_keras_file_answers_one_array(finished_run: Path) -> None:
    model = keras.models.load_model(keras_file(finished_run), compile=False)
    assert [tuple(output.shape) for output in model.outputs] == [(None, 3)]


def test_the_proof_holds_the_score_of_the_litert_file(finished_run: Path) -> None:
    proof = read_proof(finished_run).files
    assert proof["tflite"].score_difference is not None
    assert proof["tflite"].score_difference < 1e-2
    assert proof["keras"].score_difference is None


def test_a_photograph_is_a_stranger_to_digits_and_a_digit_is_not(
    finished_run: Path, dataset: Dataset
) -> None:
    classifier = Classifier(finished_run)
    assert classifier.is_stranger(classifier.prediction(encoded(photograph("chelsea"), "JPEG")))
    row = int(dataset.rows(Split.TRAIN)[0])
    assert not classifier.is_stranger(classifier.prediction(dataset.picture_bytes(row)))


def test_limits_that_a_user_chose_are_in_labels_and_bundle(
    finished_run: Path, dataset: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A bundle that was packed before is packed again."""
    file = tmp_path / "chelsea.jpg"
    file.write_bytes(encoded(photograph("chelsea"), "JPEG"))
    export_file(finished_run, BUNDLE)
    use_limits(finished_run, AnswerLimits(stranger_limit=-1e6, least_confidence=1.01))
    assert limits_in_use(finished_run, dataset) == AnswerLimits(stranger_limit=-1e6, least_confidence=1.01)
    (line,) = answered_by_bundle(finished_run, tmp_path / "first", [file])
    assert {"stranger", "unsure"} <= line.keys()

    use_limits(finished_run, AnswerLimits(stranger_limit=None, least_confidence=None))
    (line,) = answered_by_bundle(finished_run, tmp_path / "second", [file])
    assert line.keys() == {"picture", "classes"}

    use_limits(finished_run, AnswerLimits(stranger_limit=-1e6, least_confidence=0.0))
    capfd.readouterr()
    assert main(["predict", finished_run.name, str(file), "--json"]) == 0
    (answer,) = json.loads(capfd.readouterr().out)["predictions"]
    assert answer["stranger"]["is_stranger"] is True
    assert answer["stranger"]["limit"] == -1e6
    assert answer["unsure"] is False


def test_an_older_file_with_one_output_has_no_strangers(small_run: Path) -> None:
    """A run that was delivered before there was a score."""
    tflite_file(small_run).write_bytes(conversion.convert_to_tflite(DeliveredModel(small_run).keras_model))
    use_limits(small_run, AnswerLimits(stranger_limit=-1e6))
    classifier = Classifier(small_run)
    prediction = classifier.prediction(encoded(photograph("china"), "PNG"))
    assert prediction.stranger_score is None
    assert not classifier.is_stranger(prediction)


def test_the_confidence_is_that_of_the_answer(finished_run: Path) -> None:
    use_limits(finished_run, AnswerLimits(least_confidence=0.6))
    classifier = Classifier(finished_run)
    assert read_labels(finished_run).least_confidence == 0.6
    for probability, expected in ((0.59, True), (0.61, False)):
        guesses = [Guess(name="3", probability=probability), Guess(name="5", probability=1 - probability)]
        guesses.append(Guess(name="8", probability=0.0))
        assert classifier.is_unsure(Prediction(guesses=guesses, stranger_score=None)) is expected


def test_scores_of_a_part_are_in_the_order_of_its_rows(finished_run: Path, dataset: Dataset) -> None:
    stored = read_known_scores(finished_run).set_index("id")["score"]
    scored = known_scores(finished_run, dataset, Split.TEST)
    ids = dataset.pictures["id"].iloc[dataset.rows(Split.TEST)]
    np.testing.assert_array_equal(scored.scores, stored.loc[ids])
    assert scored.groups.max() + 1 == len(np.unique(scored.groups))
