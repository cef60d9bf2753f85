"""A model card is read by ``huggingface_hub``, from which the hub takes its metrics."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from benchmarks.tool_sources import PYTHON
from core.evaluation.evaluated_run import EvaluatedRun
from core.reporting.model_card import write_model_card
from core.reporting.source import ReportSource

_READ = """
import json, sys
from huggingface_hub import ModelCard
card = ModelCard.load(sys.argv[1])
print(json.dumps({
    "metrics": {row.metric_type: row.metric_value for row in card.data.eval_results},
    "task": card.data.eval_results[0].task_type,
    "library": card.data.library_name,
}))
"""


def test_hugging_face_reads_task_and_metrics(finished_run: Path, tmp_path: Path) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    card = tmp_path / "README.md"
    write_model_card(ReportSource(evaluated=evaluated), card)
    answer = subprocess.run(
        [PYTHON, "-c", _READ, card],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    read = json.loads(answer.stdout)
    assert (read["library"], read["task"]) == ("keras", "image-classification")
    assert read["metrics"]["accuracy"] == evaluated.report.accuracy
