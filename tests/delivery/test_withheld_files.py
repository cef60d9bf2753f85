"""A file that is withheld takes with it what is made from it, unless that was measured itself."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from core.delivery.certificate.store import FileState, write_certificate
from core.delivery.explaining import Explainer
from core.delivery.export import make_file, source_refusal, state_of
from core.delivery.exporter import DeliveredModel, FinishedModel
from core.delivery.files import tflite_file
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.formats.litert.float16_format import TFLITE_FLOAT16
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.formats.web.page_format import WEB_PAGE
from core.delivery.limits import use_limits
from core.delivery.prediction import Classifier
from core.errors import DeliveryError
from core.evaluation.strangers.chosen import AnswerLimits
from core.http.inference.classifiers import LoadedRun
from core.reporting.exports import export_file
from core.reporting.model_card import run_card
from core.runs.batches import start_batch
from core.workspace import project_of
from tests.support.certificates import certified
from tests.support.http_client import ask


def test_a_packed_file_is_withheld_with_the_file_in_it(small_run: Path) -> None:
    certified(small_run, TFLITE)
    assert export_file(small_run, BUNDLE).exists()
    certified(small_run, TFLITE, dogs_lost=3)
    assert state_of(small_run, BUNDLE) is FileState.WITHHELD
    reason = (
        r"Ready to run is withheld with the file that it is made from\. .* answers 3 of 100 test pictures"
    )
    with pytest.raises(DeliveryError, match=reason):
        export_file(small_run, BUNDLE)


def test_a_page_that_cannot_be_checked_here_is_withheld_with_the_network_in_it(small_run: Path) -> None:
    WEB_PAGE.file(small_run).write_text("<!doctype html>")
    write_certificate(small_run, WEB_PAGE, replace(certified(small_run, WEB_PAGE), check=None))
    assert state_of(small_run, WEB_PAGE) is FileState.UNCHECKED
    certified(small_run, TFLITE)
    with tflite_file(small_run).open("ab") as stream:
        stream.write(b"x")
    assert state_of(small_run, WEB_PAGE) is FileState.WITHHELD
    with pytest.raises(DeliveryError, match=r"model\.tflite was changed after it was checked"):
        export_file(small_run, WEB_PAGE)


def test_a_file_that_was_measured_itself_is_offered(small_run: Path) -> None:
    TFLITE_FLOAT16.file(small_run).write_bytes(b"float16")
    certified(small_run, TFLITE_FLOAT16)
    certified(small_run, TFLITE, dogs_lost=3)
    assert state_of(small_run, TFLITE_FLOAT16) is FileState.CERTIFIED
    # It is not made anew from that.
    assert source_refusal(small_run, TFLITE_FLOAT16) is not None


def test_no_zip_records_the_answers_of_a_withheld_network(small_run: Path, tmp_path: Path) -> None:
    """Its receiver would find that it answers differently."""

    def write_zip(model: DeliveredModel, path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("network", b"")

    certified(small_run, TFLITE, dogs_lost=3)
    exporter = replace(BUNDLE, code="other", made_from=(), make=write_zip)
    with pytest.raises(DeliveryError, match="answers 3 of 100 test pictures differently"):
        make_file(FinishedModel(small_run), exporter, tmp_path / "other.zip", run_card)


@pytest.mark.parametrize("is_changed", [False, True])
def test_new_limits_offer_no_withheld_file(small_run: Path, is_changed: bool) -> None:
    certified(small_run, TFLITE, dogs_lost=0 if is_changed else 3)
    if is_changed:
        with tflite_file(small_run).open("ab") as stream:
            stream.write(b"x")
    before = state_of(small_run, TFLITE)
    assert before is (FileState.CHANGED if is_changed else FileState.WITHHELD)
    use_limits(small_run, AnswerLimits(stranger_limit=2.0))
    assert state_of(small_run, TFLITE) is before


@pytest.mark.parametrize("is_changed", [False, True])
def test_no_answer_is_given_or_explained_by_a_withheld_network(small_run: Path, is_changed: bool) -> None:
    """It answers otherwise than was evaluated, so the figures of the run say nothing about its answers."""
    certified(small_run, TFLITE, dogs_lost=0 if is_changed else 3)
    if is_changed:
        with tflite_file(small_run).open("ab") as stream:
            stream.write(b"x")
    reason = (
        "was changed after it was checked" if is_changed else "answers 3 of 100 test pictures differently"
    )
    with pytest.raises(DeliveryError, match=reason):
        Classifier(small_run)
    with pytest.raises(DeliveryError, match=reason):
        start_batch(small_run, [small_run])
    with pytest.raises(DeliveryError, match=reason):
        Explainer(small_run)


def test_a_loaded_classifier_is_given_up_once_its_network_is_withheld(small_run: Path) -> None:
    loaded = LoadedRun(small_run)
    assert loaded.is_current()
    certified(small_run, TFLITE, dogs_lost=3)
    assert not loaded.is_current()


def test_the_live_camera_gets_no_withheld_network(small_run: Path) -> None:
    address = f"/api/projects/{project_of(small_run).name}/runs/{small_run.name}/web/1/model.tflite"
    assert ask(address).status == 200
    certified(small_run, TFLITE, dogs_lost=3)
    assert ask(address).status == 404
