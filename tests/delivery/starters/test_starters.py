"""Starter projects hold the run's own network, say what was not checked, and pack only what a camera can feed."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from core.cli import exporting
from core.delivery.certificate.store import FileState, read_certificate
from core.delivery.export import EXPORTERS, make_file, state_of
from core.delivery.export_job import ExportRequest
from core.delivery.exporter import Exporter, FinishedModel, FormatGroup
from core.delivery.files import read_labels, tflite_file, write_labels
from core.delivery.formats.graphs.coreml_format import COREML
from core.delivery.formats.litert.float16_format import TFLITE_FLOAT16
from core.delivery.starters.android import ANDROID
from core.delivery.starters.ios import IOS
from core.delivery.starters.packing import read_project_file
from core.delivery.starters.raspberry_pi import RASPBERRY_PI
from core.errors import DeliveryError
from core.files import sha256_bytes
from core.progress import QuietProgress
from core.reporting.exports import export_formats
from core.reporting.model_card import run_card
from core.workspace import project_of
from pages.ui.export.display_names import state_text
from tests.support.starters import unpack_starter

STARTERS = [exporter for exporter in EXPORTERS if exporter.group is FormatGroup.STARTERS]


@pytest.fixture
def halved_run(small_run: Path) -> Path:
    """A run with its LiteRT file of half the size."""
    make_file(FinishedModel(small_run), TFLITE_FLOAT16, TFLITE_FLOAT16.file(small_run), run_card)
    return small_run


def test_each_starter_has_a_row() -> None:
    assert [item.code for item in STARTERS] == ["raspberry_pi", "android", "ios", "microcontroller"]


@pytest.mark.parametrize(
    ("starter", "source", "name"),
    [
        (RASPBERRY_PI, "model.tflite", "model.tflite"),
        (ANDROID, "model-float16.tflite", "app/src/main/assets/model.tflite"),
    ],
    ids=lambda item: item.code if isinstance(item, Exporter) else "",
)
def test_the_network_inside_is_the_file_that_was_checked(
    starter: Exporter, source: str, name: str, halved_run: Path, tmp_path: Path
) -> None:
    """Whoever unpacks it can check its sums and its answers."""
    folder = unpack_starter(halved_run, starter, tmp_path)
    assert sha256_bytes((folder / name).read_bytes()) == sha256_bytes((halved_run / source).read_bytes())
    outcome = subprocess.run(
        [sys.executable, "verify.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (outcome.returncode, "answers: all right" in outcome.stdout) == (0, True), outcome.stdout


def test_an_apple_project_holds_the_core_ml_package(small_run: Path, tmp_path: Path) -> None:
    """It is not made here: Core ML needs a converter."""
    package = "Classifier.mlpackage"
    with zipfile.ZipFile(COREML.file(small_run), "w") as archive:
        archive.writestr(f"{package}/Manifest.json", "{}")
        archive.writestr(f"{package}/Data/weights.bin", b"weights")
        archive.writestr("verify.py", "")
    folder = unpack_starter(small_run, IOS, tmp_path)
    assert (folder / "Classifier" / package / "Data" / "weights.bin").read_bytes() == b"weights"
    assert (folder / "project.yml").exists()


def test_all_formats_are_those_without_starters() -> None:
    """A starter holds a file that another format makes."""
    assert not {exporter.group for exporter in exporting._exporters(["all"])} & {FormatGroup.STARTERS}
    assert exporting._exporters(["android"]) == [ANDROID]


@pytest.mark.parametrize("starter", STARTERS, ids=lambda item: item.code)
def test_what_was_not_checked_is_said(starter: Exporter) -> None:
    assert "Not checked: " in read_project_file(starter.code, "README.md")


@pytest.mark.parametrize("starter", STARTERS, ids=lambda item: item.code)
def test_every_file_that_a_readme_names_is_in_the_project(starter: Exporter) -> None:
    """Those of the run are made when it is packed."""
    made = {"model.tflite", "Classifier.mlpackage", "labels.h", "operators.h", "predict.py", "verify.py"}
    made |= {"certificate.json", "decoder/", "MODEL_CARD.md"}
    text = read_project_file(starter.code, "README.md")
    folder = Path(sys.modules["core.delivery.starters.packing"].__file__ or "").parent / "projects"
    there = {file.name for file in (folder / starter.code).rglob("*")}
    named = {name.rsplit("/", 1)[-1] or name for name in re.findall(r"^\| `([^` ]+)`", text, re.MULTILINE)}
    assert named <= there | made


def test_a_classifier_of_deep_pictures_has_no_starter(small_run: Path, tmp_path: Path) -> None:
    write_labels(small_run, replace(read_labels(small_run), channels=(4, 3, 2)))
    with pytest.raises(DeliveryError, match=r"Cameras take pictures with three channels.*“Ready to run”"):
        RASPBERRY_PI.make(FinishedModel(small_run), tmp_path / "starter.zip")
    assert not (tmp_path / "starter.zip").exists()


def test_a_starter_brings_what_it_is_made_from_and_its_network_is_checked(small_run: Path) -> None:
    directory = project_of(small_run).jobs / "export-1"
    directory.mkdir(parents=True)
    request = ExportRequest(run=small_run.name, formats=("android",))
    assert export_formats(directory, request.to_json(), QuietProgress()) == {"failed": {}}
    states = [state_of(small_run, exporter) for exporter in (TFLITE_FLOAT16, ANDROID)]
    assert states == [FileState.CERTIFIED] * 2
    certificate = read_certificate(small_run, ANDROID)
    assert certificate is not None
    assert certificate.check is not None
    # On this computer; the phone's would be another.
    assert certificate.check.speed is None
    text = state_text(small_run, ANDROID, FileState.CERTIFIED, certificate)
    agreement = certificate.check.agreement
    assert text == (
        f"network: {agreement.same} of {agreement.pictures} answers the same · program not built here"
    )


def test_an_older_run_has_its_labels_beside_the_network(small_run: Path, tmp_path: Path) -> None:
    """Then LiteRT files held no labels."""
    content = tflite_file(small_run).read_bytes()
    tflite_file(small_run).write_bytes(content[: content.index(b"PK\x03\x04")])
    folder = unpack_starter(small_run, RASPBERRY_PI, tmp_path)
    assert (folder / "labels.json").read_bytes() == (small_run / "labels.json").read_bytes()
