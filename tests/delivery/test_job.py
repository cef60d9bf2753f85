"""A classifier is delivered with the measured proof that it answers as it was evaluated, or not at all."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.delivery.exporter import TOLERANCE
from core.delivery.files import is_delivered, keras_file, parity_file, tflite_file
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.job import deliver
from core.delivery.prediction import Classifier
from core.errors import DeliveryError, NotFoundError
from core.evaluation.job import evaluate
from core.files import hash_file, read_json, sha256_bytes
from core.models.head import HeadWeights
from core.models.litert import conversion
from core.progress import JobStopped, QuietProgress, Stage
from core.reporting.exports import export_file
from core.training.artifacts import extractor_file, head_file
from tests.support.progress_recorder import Recorder


def config_of(run: Path) -> dict[str, Any]:
    return dict(read_json(run / "config.json")["config"])


def deliver_again(run: Path, progress: QuietProgress | None = None) -> dict[str, Any]:
    return deliver(run, config_of(run), progress or QuietProgress())


def with_swapped_classes(model: Any, work: Callable[[], Any]) -> Any:
    """Do something with a model whose classes have changed places, as a wrong export would."""
    layer = model.get_layer("probabilities")
    weights = layer.get_weights()
    layer.set_weights([np.roll(array, 1, axis=-1) for array in weights])
    try:
        return work()
    finally:
        layer.set_weights(weights)


@pytest.fixture
def tampered_tflite(monkeypatch: pytest.MonkeyPatch) -> None:
    convert = conversion.convert_to_tflite
    monkeypatch.setattr(
        conversion, "convert_to_tflite", lambda model: with_swapped_classes(model, lambda: convert(model))
    )


@pytest.fixture
def tampered_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    save = keras.Model.save
    monkeypatch.setattr(
        keras.Model, "save", lambda model, path: with_swapped_classes(model, lambda: save(model, path))
    )


def test_the_proof_of_a_real_run_shows_differences_by_rounding_only(finished_run: Path) -> None:
    """Nine test pictures from file to probability, through both files, with the default backbone."""
    proof = read_json(parity_file(finished_run))["files"]
    assert proof == read_json(finished_run / "result.json")["parity"]
    for kind in ("tflite", "keras"):
        assert proof[kind]["pictures"] == 9
        assert 0 <= proof[kind]["max_difference"] < 1e-5


@pytest.mark.parametrize(
    "killed_in", ["core.evaluation.job.measure_strangers", "core.evaluation.report.write_record"]
)
def test_a_killed_evaluation_leaves_no_proof(
    small_run: Path, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    """The proof of earlier files would stand beside a newer report."""

    def kill(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(killed_in, kill)
    with pytest.raises(KeyboardInterrupt):
        evaluate(small_run, config_of(small_run), QuietProgress())
    assert not is_delivered(small_run)


def test_a_delivery_can_be_repeated(small_run: Path) -> None:
    """A killed export is started again, over what lies there."""
    for file in (parity_file, keras_file, tflite_file):
        file(small_run).unlink()
    recorder = Recorder()
    result = deliver_again(small_run, recorder)
    assert result["parity"] == read_json(parity_file(small_run))["files"]
    assert result["parity"]["tflite"]["max_difference"] < 1e-5
    assert recorder.stages == [Stage.EXPORTING]
    assert is_delivered(small_run)


@pytest.mark.usefixtures("tampered_tflite")
def test_a_tflite_file_that_answers_differently_is_withheld(small_run: Path) -> None:
    """A silently wrong export is the worst there is: it looks like a classifier."""
    with pytest.raises(DeliveryError, match=r"The \.tflite file answers differently"):
        deliver_again(small_run)
    assert not is_delivered(small_run)
    with pytest.raises(NotFoundError):
        Classifier(small_run)
    with pytest.raises(NotFoundError):
        export_file(small_run, TFLITE)


@pytest.mark.usefixtures("tampered_keras")
def test_a_keras_file_that_answers_differently_is_withheld(small_run: Path) -> None:
    with pytest.raises(DeliveryError, match=r"The \.keras file answers differently"):
        deliver_again(small_run)
    assert not is_delivered(small_run)


def test_a_small_bias_is_enough_to_be_caught(small_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only other winners: probabilities that are off by a few thousandths are another computation."""
    convert = conversion.convert_to_tflite

    def nudged(model: Any) -> bytes:
        layer = model.get_layer("probabilities")
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel, bias + np.array([0.05, 0, 0], np.float32)])
        return convert(model)

    monkeypatch.setattr(conversion, "convert_to_tflite", nudged)
    with pytest.raises(DeliveryError, match=rf"more than {TOLERANCE}"):
        deliver_again(small_run)


def test_a_head_that_was_not_evaluated_is_not_delivered(small_run: Path) -> None:
    """Files are compared with what the evaluation recorded, not with each other."""
    head = HeadWeights.load(head_file(small_run))
    ((kernel, bias),) = head.layers
    HeadWeights(
        feature_mean=head.feature_mean,
        feature_scale=head.feature_scale,
        layers=((np.roll(kernel, 1, axis=1), np.roll(bias, 1)),),
    ).save(head_file(small_run))
    with pytest.raises(DeliveryError, match="answers differently from the evaluated classifier"):
        deliver_again(small_run)
    evaluate(small_run, config_of(small_run), QuietProgress())
    deliver_again(small_run)
    assert is_delivered(small_run)


def test_the_bundle_is_that_of_the_newest_model(small_run: Path) -> None:
    """A stopped run that is resumed delivers twice; its bundle once stayed that of the first time."""
    before = hash_file(tflite_file(small_run))
    export_file(small_run, BUNDLE)
    from core.training.artifacts import load_extractor
    from core.training.config import TrainingConfig

    settings = TrainingConfig.from_json(config_of(small_run))
    extractor = load_extractor(small_run, settings)
    extractor.set_weights([weight * 1.2 for weight in extractor.get_weights()])
    extractor.save_weights(extractor_file(small_run))  # as another attempt would
    evaluate(small_run, config_of(small_run), QuietProgress())
    deliver_again(small_run)
    assert hash_file(tflite_file(small_run)) != before
    with zipfile.ZipFile(export_file(small_run, BUNDLE)) as bundle:
        assert sha256_bytes(bundle.read("model.tflite")) == hash_file(tflite_file(small_run))


def test_a_stop_before_the_proof_delivers_nothing(small_run: Path) -> None:
    """The old proof must not vouch for new files either."""
    with pytest.raises(JobStopped):
        deliver_again(small_run, Recorder(stop=lambda recorder: Stage.EXPORTING in recorder.stages))
    assert not is_delivered(small_run)
