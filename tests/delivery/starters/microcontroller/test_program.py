"""The C++ of the microcontroller starter decides and stretches as Darkroom does; compiled for this computer."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.images.picture import stretch
from core.data.labels.task import Task
from core.delivery.decisions import decide
from core.delivery.files import Labels
from core.delivery.starters import packing
from core.delivery.starters.microcontroller.headers import labels_header

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")

PROJECT = Path(packing.__file__).parent / "projects" / "microcontroller" / "main"
NAMES = ("grey cat", 'dog "Rex" \\ ??/', "大熊猫")
LABELS = Labels(class_names=NAMES, input_size=24, backbone="tiny", run="run-1")


@dataclass(frozen=True, kw_only=True)
class Program:
    """The harness, compiled with the labels of one classifier."""

    file: Path

    def __call__(self, what: str, data: bytes = b"") -> bytes:
        return subprocess.run([self.file, what], input=data, capture_output=True, check=True).stdout


def compile_with(labels: Labels, folder: Path) -> Program:
    """Compile with the starter's headers; any warning is an error."""
    (folder / "labels.h").write_text(labels_header(labels), encoding="utf-8")
    program = folder / "program"
    # ``labels.h`` is looked for in the folder of answer.h first, where a starter has it.
    flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-I", str(folder), "-I", str(PROJECT)]
    source = Path(__file__).with_name("harness.cc")
    done = subprocess.run(["g++", *flags, source, "-o", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Program(file=program)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return compile_with(LABELS, tmp_path_factory.mktemp("program"))


def test_names_of_any_letters_are_kept(program: Program) -> None:
    assert tuple(program("labels").decode().split("\0")[:-1]) == NAMES


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        Labels(**vars(LABELS) | {"thresholds": (0.5, None, None), "stranger_limit": 2.5}),
        Labels(**vars(LABELS) | {"thresholds": (0.2, 0.5, 0.7), "least_confidence": 0.6}),
        Labels(
            **vars(LABELS)
            | {"task": Task.MULTI_LABEL, "thresholds": (0.2, 0.5, 0.9), "least_confidence": 0.3}
        ),
    ],
    ids=["plain", "one_threshold", "all_thresholds", "several_labels"],
)
def test_answers_are_those_of_predict(labels: Labels, tmp_path: Path) -> None:
    """On 1,000 random outputs."""
    draw = np.random.default_rng(3)
    probabilities = draw.dirichlet([0.7] * 3, 1000).astype(np.float32)
    if labels.task is Task.MULTI_LABEL:
        probabilities = draw.random((1000, 3)).astype(np.float32)
    scores = draw.normal(2, 1, 1000).astype(np.float32)
    rows = np.column_stack([probabilities, scores]).astype(np.float32)
    given = np.frombuffer(compile_with(labels, tmp_path)("answers", rows.tobytes()), bool).reshape(1000, 5)
    expected = decide(labels, None, probabilities, scores)
    np.testing.assert_array_equal(given[:, :3], expected.predicted)
    np.testing.assert_array_equal(given[:, 3], expected.is_stranger)
    np.testing.assert_array_equal(given[:, 4], expected.is_unsure)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (24, 24), (10, 50), (33, 17)])
def test_a_picture_is_stretched_as_in_training(program: Program, width: int, height: int) -> None:
    """Pillow rounds between its two passes, so one level may differ."""
    pixels = np.random.default_rng(4).integers(0, 256, (height, width, 3), np.uint8)
    data = np.array([width, height], np.int32).tobytes() + pixels.tobytes()
    given = np.frombuffer(program("square", data), np.uint8).reshape(24, 24, 3)
    expected = stretch(Image.fromarray(pixels), 24)
    assert np.abs(given.astype(int) - expected.astype(int)).max() <= 1


def test_colours_of_a_camera_fill_the_whole_range(program: Program) -> None:
    """11111 100000 11111: all red, half green, all blue."""
    assert list(program("colours")) == [255, 130, 255]
