"""The Raspberry Pi's programs answer as Predict does, and read the labels in the network's file."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import open_dataset
from core.delivery.facts import read_facts
from core.delivery.formats.litert.metadata import with_metadata
from core.delivery.prediction import Classifier
from core.delivery.starters.raspberry_pi import RASPBERRY_PI
from core.workspace import project_of
from tests.support.starters import unpack_starter

# Stands for ffmpeg: three times the picture beside it, as the pixels that live.py asks for.
FFMPEG = """#!{python}
import sys
from pathlib import Path
assert sys.argv[sys.argv.index("-vf") + 1] == "scale=640:480", sys.argv
sys.stdout.buffer.write(3 * (Path(__file__).parent / "frame.raw").read_bytes())
"""


@pytest.fixture
def picture(small_run: Path, tmp_path: Path) -> Path:
    """A picture file of the run's project."""
    file = tmp_path / "picture.png"
    file.write_bytes(open_dataset(project_of(small_run)).picture_bytes(0))
    return file


@pytest.fixture
def starter(small_run: Path, tmp_path: Path) -> Path:
    return unpack_starter(small_run, RASPBERRY_PI, tmp_path)


def run(starter: Path, *arguments: str | Path, tools: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program of the starter; ``tools`` is the folder where it finds other programs."""
    environment = os.environ | ({"PATH": str(tools)} if tools else {})
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=starter,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_picture_files_are_answered_as_predict_does(starter: Path, small_run: Path, picture: Path) -> None:
    outcome = run(starter, "predict.py", picture)
    assert outcome.returncode == 0, outcome.stderr
    expected = Classifier(small_run).prediction(picture.read_bytes())
    answer = json.loads(outcome.stdout)["classes"]
    assert list(answer) == [guess.name for guess in expected.guesses]
    assert list(answer.values()) == pytest.approx([guess.probability for guess in expected.guesses], abs=1e-5)


def test_another_network_brings_its_labels(starter: Path, small_run: Path, picture: Path) -> None:
    """Its facts stand inside the file, and nowhere else."""
    assert not (starter / "labels.json").exists()
    network, facts = starter / "model.tflite", read_facts(small_run)
    renamed = replace(facts, class_names=tuple(f"大 {name}" for name in facts.class_names))
    network.write_bytes(with_metadata(network.read_bytes(), renamed))
    answer = json.loads(run(starter, "predict.py", picture).stdout)["classes"]
    assert set(answer) == set(renamed.class_names)


@pytest.mark.skipif(os.name == "nt", reason="the program that stands for ffmpeg begins with “#!”")
def test_frames_are_answered_until_the_film_ends(
    starter: Path, small_run: Path, picture: Path, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ffmpeg").write_text(FFMPEG.format(python=sys.executable))
    (tools / "ffmpeg").chmod(0o755)
    frame = Image.open(picture).convert("RGB").resize((640, 480))
    (tools / "frame.raw").write_bytes(np.asarray(frame).tobytes())
    film = tmp_path / "film.mp4"
    film.touch()
    outcome = run(starter, "live.py", film, tools=tools)
    assert outcome.returncode == 0, outcome.stderr
    frame.save(picture)
    best = Classifier(small_run).prediction(picture.read_bytes()).guesses[0].name
    assert outcome.stdout.startswith((f"{best} ", "none of the classes"))


@pytest.mark.parametrize("arguments", [["nowhere.mp4"], ["--help"], ["a", "b"]], ids=" ".join)
def test_a_source_that_is_none_is_one_sentence(starter: Path, tmp_path: Path, arguments: list[str]) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ffmpeg").touch(mode=0o755)
    outcome = run(starter, "live.py", *arguments, tools=tools)
    assert (outcome.returncode, "Traceback" in outcome.stderr) == (2, False), outcome.stderr
    expected = "There is no camera or film nowhere.mp4." if arguments == ["nowhere.mp4"] else "live.py"
    assert expected in outcome.stderr


def test_without_camera_and_ffmpeg_it_says_which_to_install(starter: Path, tmp_path: Path) -> None:
    outcome = run(starter, "live.py", tools=tmp_path)
    assert (outcome.returncode, outcome.stderr.strip()) == (
        2,
        "No Raspberry Pi camera was found. For a webcam or a film, install ffmpeg: sudo apt install ffmpeg",
    )


def test_answers_are_averaged_over_time(starter: Path) -> None:
    """After 0.3 seconds an earlier frame counts with 1/e."""
    program = (
        "import json, live; share = live.share_of(0.3); "
        "print(json.dumps([share, live.smoothed(({'a': 1.0}, 4.0), ({'a': 0.0}, 8.0), share)]))"
    )
    share, (probabilities, score) = json.loads(run(starter, "-c", program).stdout)
    assert share == pytest.approx(1 - 1 / math.e)
    assert probabilities["a"] == pytest.approx(1 / math.e)
    assert score == pytest.approx(8 - 4 / math.e)
