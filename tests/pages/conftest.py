"""Projects and finished runs for the page tests, made by the real core."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.importing import import_dataset
from core.data.labels.layout import Split
from core.data.sources.samples import write_digits
from core.delivery.files import Labels, parity_file, write_labels
from core.evaluation.assessment import make_report
from core.evaluation.predictions import prediction_table
from core.evaluation.report import write_report
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.training.config import TrainingConfig
from core.workspace import Project

NAVIGATION = str(Path(__file__).resolve().parents[2] / "pages" / "navigation.py")


@pytest.fixture(autouse=True, scope="session")
def packages_are_searched_once() -> Iterator[None]:
    """Streamlit reads what every installed package says of itself whenever an ``AppTest`` begins."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests)
        )
        yield


@pytest.fixture(autouse=True, scope="module")
def nothing_old_is_collected() -> Iterator[None]:
    """Streamlit collects garbage after every script run, over all that the tests before have imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of the real handwritten digits, 12 pictures each."""
    everything = tmp_path_factory.mktemp("digits")
    write_digits(everything)
    few = tmp_path_factory.mktemp("few")
    for digit in ("0", "1", "2"):
        for picture in sorted((everything / digit).iterdir())[:12]:
            (few / digit).mkdir(exist_ok=True)
            shutil.copy(picture, few / digit)
    return few


@pytest.fixture(scope="session")
def imported_digits(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder in a workspace of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKROOM_HOME", str(tmp_path_factory.mktemp("imported")))
        return import_dataset(digits_folder, "Digits").project.path


@pytest.fixture
def project(workspace: Path, imported_digits: Path) -> Project:
    copy = shutil.copytree(imported_digits, workspace / "projects" / imported_digits.name)
    return Project(name=imported_digits.name, path=copy)


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """Open a page as a browser would, by its address; it must not raise."""

    def open_(step: str = "", **query: str) -> AppTest:
        app = AppTest.from_file(NAVIGATION, default_timeout=300)
        # As a browser names it. Without it, each translated word reads the headers of a mocked request.
        app.context["locale"] = "en-US"
        for key, value in query.items():
            app.query_params[key] = value
        if step:
            # Known by its file's name before the first run, as its address is the same.
            app.switch_page(f"{step}.py")
        app.run()
        assert not app.exception
        return app

    return open_


@pytest.fixture
def make_run() -> Callable[..., JobDirectory]:
    """A run in a given state, with what it would have on disk by then."""

    def make(project: Project, name: str, state: JobState, *, evaluated: bool = False) -> JobDirectory:
        config = TrainingConfig(dataset_version=open_dataset(project).version)
        job = JobDirectory.create(project.runs / name, JobKind.TRAIN, config.to_json())
        write_json(job.path / "process.json", {"pid": 2**22 + 1, "started": 0.0})  # above every real pid
        write_json(job.path / "status.json", {"state": state, "seconds": {"features": 2.0, "training": 1.0}})
        if evaluated:
            _evaluate(project, job)
        return job

    return make


def _evaluate(project: Project, job: JobDirectory) -> None:
    """Everything right but one test picture of class "0", which is taken for "1"."""
    dataset = open_dataset(project)
    rows, labels = dataset.rows(Split.TEST), dataset.label_indices
    probabilities = np.eye(len(dataset.class_names), dtype=np.float32)[labels[rows]]
    probabilities[0] = [0.1, 0.9, 0.0]
    write_report(
        job.path, make_report(dataset, rows, probabilities), prediction_table(dataset, rows, probabilities)
    )
    record = {"epoch": 1, "phase": "global_pooling", "loss": 0.5, "accuracy": 0.9, "best_epoch": 1}
    record |= {"validation_loss": 0.6, "validation_accuracy": 0.8}
    (job.path / "metrics.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    scores = {"accuracy": 1 - 1 / len(rows), "macro_f1": 0.9, "majority_baseline": 0.4}
    write_json(job.path / "result.json", {"training": {"epochs": 1, "best": record}, "test": scores})


@pytest.fixture(scope="session")
def tiny_tflite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real LiteRT classifier of 8 × 8 pictures into three classes: dark pictures are "0"."""
    import keras

    from core.models.litert.conversion import convert_to_tflite

    picture = keras.Input((8, 8, 3), dtype="uint8", name="picture")
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(picture))
    dense = keras.layers.Dense(3, activation="softmax")
    model = keras.Model(picture, dense(mean))
    dense.set_weights([np.array([[-4, 0, 4]] * 3, "float32"), np.array([6, 0, -6], "float32")])
    path = tmp_path_factory.mktemp("tiny") / "model.tflite"
    path.write_bytes(convert_to_tflite(model))
    return path


@pytest.fixture
def deliver() -> Callable[[JobDirectory, Path], None]:
    """Give a run a classifier: the LiteRT file at the path, with labels and proof."""

    def deliver_(job: JobDirectory, tflite: Path) -> None:
        shutil.copy(tflite, job.path / "model.tflite")
        (job.path / "model.keras").write_bytes(b"a Keras file")
        write_labels(
            job.path,
            Labels(class_names=("0", "1", "2"), input_size=8, backbone="efficientnet_lite0", run=job.name),
        )
        proof = {"pictures": 6, "max_difference": 1e-6}
        write_json(parity_file(job.path), {"tflite": proof, "keras": proof})

    return deliver_
