"""Export formats: proven files, byte for byte, that work without Darkroom."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import pytest

from core import __version__
from core.data.dataset import open_dataset
from core.data.images import picture
from core.delivery.export import EXPORTERS, find_exporter, has_export
from core.delivery.exporter import Exporter
from core.delivery.files import keras_file, labels_file, parity_file, tflite_file
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.formats.keras_format import KERAS
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.prediction import Classifier
from core.errors import DeliveryError, NotFoundError
from core.evaluation.strangers.results import read_known_scores
from core.files import hash_file, read_json, sha256_bytes
from core.models.litert.engine import Engine
from core.reporting.exports import export_file, export_run
from core.reporting.model_card import run_card
from core.workspace import project_of

# Modules that read pictures, in a package of their own.
DECODER = {
    f"decoder/{name}.py"
    for name in (
        "__init__",
        "picture",
        "depth",
        "value_ranges",
        "faults",
        "readers",
        "colour",
        "channels",
        "fourth_band",
        "frames",
        "kinds",
        "jpeg",
        "tiff",
        "tiff_samples",
        "dicom",
    )
}
SEAL = {"verify.py", "answers.json", "SHA256SUMS"}
OWN = {"model.tflite", "labels.json", "predict.py", "README.md", "requirements.txt"}
BUNDLE_FILES = OWN | DECODER | SEAL | {"MODEL_CARD.md"}


def test_files_have_the_extensions_of_their_formats() -> None:
    assert [exporter.suffix for exporter in (BUNDLE, TFLITE, KERAS)] == [".zip", ".tflite", ".keras"]


@pytest.mark.parametrize("kind", [KERAS, TFLITE])
def test_a_model_is_exported_byte_for_byte(finished_run: Path, tmp_path: Path, kind: Exporter) -> None:
    """The proven file itself is exported."""
    proven = {"keras": keras_file, "tflite": tflite_file}[kind.code](finished_run)
    output = tmp_path / "new" / "folder" / "my model"
    export_run(finished_run, kind, output)
    assert hash_file(output) == hash_file(proven) == hash_file(export_file(finished_run, kind))
    assert list(output.parent.iterdir()) == [output], "a temporary file stayed"


def test_the_keras_file_opens_safely_and_answers_the_same(finished_run: Path) -> None:
    """Safe mode: no code of ours is needed to open it, and none runs."""
    dataset = open_dataset(project_of(finished_run))
    classifier = Classifier(finished_run)
    files = [dataset.picture_bytes(row) for row in (0, 30, 59)]
    model = keras.models.load_model(keras_file(finished_run), compile=False, safe_mode=True)
    answers = np.asarray(model(np.stack([classifier.prepare(file) for file in files])))
    np.testing.assert_allclose(answers, [classifier.probabilities(file) for file in files], atol=1e-5)


def test_the_tflite_file_needs_no_second_file_to_be_used(finished_run: Path) -> None:
    """uint8 pixels in, probabilities out: the preprocessing is inside."""
    dataset = open_dataset(project_of(finished_run))
    pixels = picture.load_picture(dataset.picture_bytes(0), 224)
    answer = Engine(tflite_file(finished_run)).run(pixels[np.newaxis])[0]
    np.testing.assert_allclose(
        answer, Classifier(finished_run).probabilities(dataset.picture_bytes(0)), atol=1e-6
    )


def test_the_bundle_holds_the_proven_model_and_the_decoder_of_training(
    finished_run: Path, tmp_path: Path
) -> None:
    export_run(finished_run, BUNDLE, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        assert set(bundle.namelist()) == BUNDLE_FILES
        assert bundle.testzip() is None
        content = {name: bundle.read(name) for name in BUNDLE_FILES}
    assert sha256_bytes(content["model.tflite"]) == hash_file(tflite_file(finished_run))
    assert content["labels.json"] == labels_file(finished_run).read_bytes()
    assert content["MODEL_CARD.md"].decode() == run_card(finished_run)
    assert f"{sha256_bytes(content['MODEL_CARD.md'])}  MODEL_CARD.md\n" in content["SHA256SUMS"].decode()
    for name in DECODER:
        assert content[name] == Path(picture.__file__).with_name(Path(name).name).read_bytes()


def test_the_bundle_requires_three_packages_in_the_versions_it_was_proven_with(finished_run: Path) -> None:
    with zipfile.ZipFile(export_file(finished_run, BUNDLE)) as bundle:
        lines = bundle.read("requirements.txt").decode().splitlines()
    assert lines == [f"{name}=={version(name)}" for name in ("ai-edge-litert", "numpy", "pillow")]


def test_the_bundles_readme_names_every_file_in_it(finished_run: Path) -> None:
    with zipfile.ZipFile(export_file(finished_run, BUNDLE)) as bundle:
        named = set(re.findall(r"`([\w.]+\.\w+|\w+/)`", bundle.read("README.md").decode()))
    assert named == {
        "model.tflite",
        "labels.json",
        "predict.py",
        "decoder/",
        "MODEL_CARD.md",
        "verify.py",
        "answers.json",
        "certificate.json",
    }


def test_the_bundle_is_made_once(finished_run: Path) -> None:
    first = export_file(finished_run, BUNDLE)
    stamp = first.stat().st_mtime_ns
    assert export_file(finished_run, BUNDLE) == first
    assert first.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("kind", EXPORTERS)
def test_an_unproven_classifier_is_not_exported(finished_run: Path, tmp_path: Path, kind: Exporter) -> None:
    parity_file(finished_run).unlink()
    with pytest.raises(NotFoundError, match="has no finished classifier"):
        export_run(finished_run, kind, tmp_path / "out")
    with pytest.raises(NotFoundError, match="has no finished classifier"):
        export_file(finished_run, kind)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [TFLITE, BUNDLE])
def test_a_path_that_cannot_be_written_is_named(finished_run: Path, tmp_path: Path, kind: Exporter) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(
        DeliveryError, match=r"taken could not be written: Is a directory\. Choose another path"
    ):
        export_run(finished_run, kind, tmp_path / "taken")
    (tmp_path / "file").touch()
    with pytest.raises(DeliveryError, match=r"could not be written: (Not a directory|File exists)"):
        export_run(finished_run, kind, tmp_path / "file" / "model")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken", "workspace"]


def test_an_export_that_breaks_off_leaves_the_old_file(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk must not cost the classifier that was exported last week."""
    output = tmp_path / "model.tflite"
    output.write_bytes(b"last week's")

    def full(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(DeliveryError, match="No space left on device"):
        export_run(finished_run, TFLITE, output)
    assert output.read_bytes() == b"last week's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.tflite", "workspace"]


def test_labels_hold_everything_needed_beside_the_network(finished_run: Path) -> None:
    record, known = read_json(labels_file(finished_run)), read_known_scores(finished_run)
    validation = known[known["split"] == "validation"]
    assert record == {
        "schema_version": 1,
        "darkroom_version": __version__,
        "class_names": ["3", "5", "8"],
        "input_size": 224,
        "backbone": "efficientnet_lite0",
        "run": finished_run.name,
        "task": "multi_class",
        "thresholds": None,
        "pixel_range": None,
        "measured_range": None,
        "expects_depth": False,
        "channels": None,
        # The largest of nine validation scores: too few for 5%.
        "stranger_limit": pytest.approx(validation["score"].max()),
        "least_confidence": None,
    }


def test_a_format_that_is_unknown_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match=r"“caffe”.*bundle, .*tflite, .*keras"):
        find_exporter("caffe")


def test_a_run_older_than_a_format_has_no_file_in_it(finished_run: Path, tmp_path: Path) -> None:
    later = replace(TFLITE, code="later", file_name="model.later")
    assert not has_export(finished_run, later)
    with pytest.raises(NotFoundError, match=r"no \.later file: it finished before this format existed"):
        export_run(finished_run, later, tmp_path / "out")
