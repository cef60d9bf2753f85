"""``evaluate RUN --explain PICTURE``: a heatmap as PNG, and its verdict as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from core.__main__ import main
from core.delivery import explaining
from core.evaluation.explanations.verdict import Ground, Verdict
from tests.support.pictures import digit

VERDICT = Verdict(
    ground=Ground.NOT_BETTER_THAN_RANDOM,
    beaten=12,
    head_similarity=0.1,
    weights_similarity=0.2,
    deletion=(0.9, 0.1),
    insertion=(0.1, 0.9),
    random_deletion=(0.9, 0.1),
    random_insertion=(0.1, 0.9),
)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "three.png"
    path.write_bytes(digit(3))
    return path


def test_a_picture_is_explained_for_any_class(
    finished_run: Path,
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(explaining, "judge", lambda *arguments: VERDICT)
    heatmap = tmp_path / "why.png"
    options = ["--explain", str(picture), "--class", "8", "--heatmap", str(heatmap), "--json"]
    assert main(["evaluate", finished_run.name, *options]) == 0
    answer = json.loads(capsys.readouterr().out)["explanation"]
    assert (answer["class"], answer["method"], answer["trust"]) == ("8", "cam", "unclear")
    assert answer["verdict"]["beaten"] == 12
    with Image.open(heatmap) as drawn, Image.open(picture) as original:
        assert drawn.size == original.size


def test_what_cannot_be_explained_is_one_sentence(
    finished_run: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, text = finished_run.name, tmp_path / "text.png"
    text.write_text("no picture")
    assert main(["evaluate", run, "--explain", str(picture), "--class", "cat"]) == 2
    assert "no class called “cat”" in capsys.readouterr().err
    assert main(["evaluate", run, "--explain", str(text)]) == 2
    assert main(["evaluate", run, "--explain", str(tmp_path / "missing.png")]) == 2
    assert "Traceback" not in capsys.readouterr().err
