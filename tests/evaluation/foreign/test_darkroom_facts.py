"""Facts in Darkroom's own exports are read as data; texts of others say nothing."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.delivery.facts import read_facts
from core.delivery.formats import facts_files, interface
from core.evaluation.foreign import darkroom_facts
from core.evaluation.foreign.darkroom_facts import StatedFacts, facts_beside, facts_inside, parse_facts
from core.evaluation.foreign.preprocessing import scaled

NAMES = ["cat", "大熊猫"]
CONTENT: dict[str, Any] = {
    "darkroom": "0.1.0",
    "class_names": NAMES,
    "preprocessing": "The network takes these pixels as they are: uint8 RGB, 0 to 255.",
}
STATED = StatedFacts(class_names=("cat", "大熊猫"), preprocessing=scaled("bytes"))


def test_names_and_preprocessing_are_read() -> None:
    assert parse_facts(json.dumps(CONTENT)) == STATED


def test_the_facts_of_a_run_are_read(finished_run: Path) -> None:
    """The writer and the reader name the same places and the same pictures."""
    facts = read_facts(finished_run)
    written = facts_files.facts_files(facts)[darkroom_facts.FACTS_FILE]
    assert parse_facts(written) == StatedFacts(class_names=facts.class_names, preprocessing=scaled("bytes"))
    assert darkroom_facts.ONNX_KEY == interface.FACTS


def test_an_unknown_form_of_pictures_is_left_to_the_guess() -> None:
    text = json.dumps(CONTENT | {"preprocessing": "float32, -1 to 1"})
    assert parse_facts(text) == replace(STATED, preprocessing=None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        "[1, 2]",
        b"\xff\xfe\x00",
        json.dumps(CONTENT | {"darkroom": None}),
        json.dumps(CONTENT | {"class_names": []}),
        json.dumps(CONTENT | {"class_names": ["cat", 7]}),
        json.dumps(CONTENT | {"class_names": "cat"}),
        json.dumps({"class_names": NAMES}),
    ],
)
def test_a_text_of_another_form_states_nothing(text: str | bytes) -> None:
    assert parse_facts(text) is None


def test_facts_are_found_beside_and_inside_models(tmp_path: Path) -> None:
    assert facts_beside(tmp_path) is None
    extra = tmp_path / "assets.extra"
    extra.mkdir()
    (extra / "darkroom.json").write_text(json.dumps(CONTENT), encoding="utf-8")
    assert facts_beside(tmp_path) == STATED
    model = tmp_path / "model.tflite"
    model.write_bytes(b"TFL3")
    assert facts_inside(model) is None
    with zipfile.ZipFile(model, "a") as archive:
        archive.writestr("darkroom.json", json.dumps(CONTENT))
    assert facts_inside(model) == STATED


def test_a_damaged_archive_states_nothing(tmp_path: Path) -> None:
    model = tmp_path / "model.keras"
    with zipfile.ZipFile(model, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("darkroom.json", json.dumps(CONTENT))
    content = bytearray(model.read_bytes())
    content[45:60] = b"\xff" * 15
    model.write_bytes(content)
    assert facts_inside(model) is None
