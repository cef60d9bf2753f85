"""Clients of other tools get the classifier's answers, and Schemathesis finds no fault with the documentation."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.tool_sources import PYTHON
from core.delivery.prediction import Classifier
from core.workspace import project_of
from tests.support.api_server import ROOT, serving_all
from tests.support.pictures import digit

PICTURE = digit(3)
# Every request that the document allows is answered, or refused by a documented problem. Jobs are left out:
# a training a request would be hours of work.
_CONFIG = Path(__file__).with_name("schemathesis.toml")
_STARTS_JOBS = (
    "runs_train",
    "runs_join",
    "costs_measure",
    "comparisons_repeat",
    "searches_climb",
    "searches_start",
    "checks_start",
    "labelling_start",
    "datasets_export",
    "imports_start",
    "exports_make",
    "backbones_measure",
    "backbones_download",
    "backbones_compare",
    "packages_install",
    "measurements_test_robustness",
    "measurements_measure_learning_curve",
    "measurements_make_mean_heatmaps",
    "measurements_measure_latency",
    "measurements_test_again",
    "judging_open_model",
    "judging_judge",
)
_SCHEMATHESIS = (
    *("--max-examples=15", "--phases=coverage,fuzzing", "--workers=2", "--no-color"),
    # The bundle is packed when it is asked for.
    "--request-timeout=60",
    *(f"--exclude-operation-id={name}" for name in _STARTS_JOBS),
)


def ask(client: str, run: Path, folder: Path) -> Any:
    picture = folder / "3.png"
    picture.write_bytes(PICTURE)
    with serving_all() as address:
        answer = subprocess.run(
            [PYTHON, "-m", "tests.exports.api_clients", client, address, run.name, picture],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
    return json.loads(answer.stdout)


@pytest.mark.parametrize("client", ["triton", "kserve"])
def test_clients_of_the_open_inference_protocol_get_the_probabilities(
    client: str, finished_run: Path, tmp_path: Path
) -> None:
    answer = ask(client, finished_run, tmp_path)
    assert answer["id"] == "7"
    expected = Classifier(finished_run).probabilities(PICTURE)
    np.testing.assert_allclose(answer["probabilities"], [expected], atol=1e-6)


def test_the_sdk_of_mcp_calls_a_tool(finished_run: Path, tmp_path: Path) -> None:
    answer = ask("mcp", finished_run, tmp_path)
    assert answer["tools"] == ["list", "predict", "train", "evaluate"]
    assert answer["answer"]["predictions"][0]["labels"] == ["3"]


@pytest.mark.parametrize("is_named", [False, True])
def test_schemathesis_finds_no_fault(finished_run: Path, tmp_path: Path, is_named: bool) -> None:
    """With names that it invents, and with those of a real project and run, which it must not delete."""
    config, deletions = tmp_path / "schemathesis.toml", ["projects_delete", "runs_delete"] if is_named else []
    project = project_of(finished_run).name
    named = f'[parameters]\n"path.run" = "{finished_run.name}"\n"path.project" = "{project}"\n'
    config.write_text((named if is_named else "") + _CONFIG.read_text(encoding="utf-8"), encoding="utf-8")
    with serving_all() as address:
        found = subprocess.run(
            [
                PYTHON.parent / "schemathesis",
                f"--config-file={config}",
                "run",
                f"{address}/api/openapi.json",
                *_SCHEMATHESIS,
                *(f"--exclude-operation-id={name}" for name in deletions),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert found.returncode == 0, found.stdout[-5000:]
