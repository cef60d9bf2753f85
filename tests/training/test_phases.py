"""Phases: codes of older files are read, and each phase draws its batches in the same order for ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.training.config import Recipe, TrainingConfig
from core.training.cost import throughput
from core.training.phases import Phase
from core.training.records import EpochRecord


@pytest.mark.parametrize(
    ("code", "phase"),
    [
        ("whole", Phase.GLOBAL_POOLING),
        ("quarters", Phase.GRID_POOLING),
        ("max", Phase.MAX_POOLING),
        ("hidden", Phase.HIDDEN_LAYERS),
        ("tail", Phase.LAST_BLOCKS),
        ("all", Phase.ALL_BLOCKS),
        ("scratch", Phase.SCRATCH),
    ],
)
def test_the_code_of_an_older_file_is_read_as_its_phase(code: str, phase: Phase) -> None:
    record = EpochRecord.from_json({"epoch": 1, "phase": code})
    assert record.phase is phase
    assert EpochRecord.from_json(record.to_json()).phase is phase


def test_an_unknown_code_is_no_phase() -> None:
    with pytest.raises(ValueError, match="sideways"):
        Phase("sideways")


def test_a_resumed_run_draws_the_batches_it_began_with() -> None:
    """Version 0.1.0 added the length of the phase's code to the seed."""
    offsets = {phase: phase.seed_offset for phase in Phase if phase.trains_network}
    assert offsets == {Phase.LAST_BLOCKS: 4, Phase.ALL_BLOCKS: 3, Phase.SCRATCH: 7}


def test_a_speed_measured_by_an_older_version_still_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "backbones_folder", lambda: tmp_path)
    settings = TrainingConfig(dataset_version=1, recipe=Recipe.BALANCED)
    measured = throughput.Throughput(pictures_per_second=12.5, memory_bytes=1000, outputs=64)
    throughput.remember_throughput(settings, Phase.LAST_BLOCKS, measured)
    file = tmp_path / "paces.json"
    older = {key.replace("last_blocks", "tail"): value for key, value in json.loads(file.read_text()).items()}
    assert older != json.loads(file.read_text())
    file.write_text(json.dumps(older))
    assert throughput.measured_throughput(settings, Phase.LAST_BLOCKS) == measured
    assert throughput.measured_throughput(settings, Phase.ALL_BLOCKS) is None
