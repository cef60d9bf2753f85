"""Clients of other tools get the classifier's answers, and Schemathesis finds no fault with the documentation."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.tool_sources import PYTHON
from core.delivery.prediction import Classifier
from tests.support.api_server import ROOT, serving_all
from tests.support.pictures import digit

PICTURE = digit(3)
# Every request that the document allows is answered, refused by a documented problem, or not found.
_SCHEMATHESIS = ("--max-examples=15", "--phases=examples,coverage,fuzzing", "--workers=2", "--no-color")


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


def test_schemathesis_finds_no_fault(finished_run: Path, tmp_path: Path) -> None:
    """Deletions come last in no order that it knows, so what it deletes is not found by later requests."""
    with serving_all() as address:
        found = subprocess.run(
            [PYTHON, "-m", "schemathesis.cli", "run", f"{address}/api/openapi.json", *_SCHEMATHESIS],
            cwd=ROOT / "tests" / "exports",
            capture_output=True,
            text=True,
            env=os.environ,
            check=False,
        )
    assert found.returncode == 0, found.stdout[-5000:]
