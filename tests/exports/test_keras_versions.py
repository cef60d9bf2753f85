"""A Keras file opens in older versions of Keras, and on each backend, with the same answers.

``make test-exports`` tries the oldest version; ``make test-exports KERAS=all`` all of them.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest

from core.delivery.files import keras_file
from core.delivery.formats.keras_config import make_portable
from core.models.architectures.classifier import build_feature_extractor
from core.models.backbones import get_backbone
from tests.exports.keras_environments import ALL, ALWAYS, KerasEnvironment
from tests.support.backbone_sample import SAMPLE

INSTALLED = [environment for environment in ALL if environment.is_installed]
READER = Path(__file__).with_name("keras_reader.py")
pytestmark = pytest.mark.skipif(not INSTALLED, reason="make test-exports installs older versions of Keras")


def answers_in(environment: KerasEnvironment, file: Path, pictures: np.ndarray, folder: Path) -> np.ndarray:
    """Open a Keras file in another environment, and classify pictures."""
    np.save(folder / "pictures.npy", pictures)
    answered = subprocess.run(
        [environment.python, READER, folder / "pictures.npy", file, folder / "answers.npy"],
        env=environment.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answered.returncode == 0, answered.stderr[-2000:]
    assert answered.stdout.split()[-2:] == [environment.version, environment.backend]
    answers: np.ndarray = np.load(folder / "answers.npy")
    return answers


def random_pictures(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize("environment", INSTALLED, ids=str)
def test_a_runs_file_gives_the_same_answers(
    environment: KerasEnvironment, finished_run: Path, tmp_path: Path
) -> None:
    pictures = random_pictures(224)
    expected = keras.models.load_model(keras_file(finished_run), compile=False).predict(pictures, verbose=0)
    answers = answers_in(environment, keras_file(finished_run), pictures, tmp_path)
    np.testing.assert_allclose(answers, expected, atol=1e-4)


@pytest.mark.parametrize("key", SAMPLE)
@pytest.mark.parametrize("environment", [one for one in ALWAYS if one.is_installed], ids=str)
def test_the_oldest_version_knows_every_family(
    environment: KerasEnvironment, key: str, tmp_path: Path
) -> None:
    network = build_feature_extractor(get_backbone(key), pretrained=False)
    file, pictures = tmp_path / "network.keras", random_pictures(get_backbone(key).input_size)
    network.save(file)
    make_portable(file)
    answers = answers_in(environment, file, pictures, tmp_path)
    expected = network.predict(pictures, verbose=0)
    np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-3 * np.abs(expected).max())
