"""Exports of a search are readable by other programs."""

from __future__ import annotations

import csv
import io
import json

from core.messages import Message
from core.search.analysis.export import settings_json, trials_csv
from core.search.space import config_with
from core.training.config import TrainingConfig
from tests.support.searches import trial


def test_the_table_has_a_row_a_trial_and_a_column_a_setting() -> None:
    trials = [
        trial(0, 0.8, measures={"validation_accuracy": 0.8}, ended=86400.0),
        trial(2, 0.9, params={"l2": 0.1, "pooling": "global"}),
        trial(1, reason=Message("No room for {side} pixels, sorry.", {"side": 384}), params={"l2": 0.5}),
    ]
    rows = list(csv.DictReader(io.StringIO(trials_csv(trials))))
    assert [row["number"] for row in rows] == ["0", "2", "1"]
    assert [row["value"] for row in rows] == ["0.8", "0.9", ""]
    assert [row["param.l2"] for row in rows] == ["", "0.1", "0.5"]
    assert [row["param.pooling"] for row in rows] == ["", "global", ""]
    assert rows[0]["measure.validation_accuracy"] == "0.8"
    assert rows[0]["ended"] == "1970-01-02T00:00:00Z"
    assert rows[2]["reason"] == "No room for 384 pixels, sorry."


def test_no_trials_are_a_table_without_rows() -> None:
    assert trials_csv([]).splitlines() == ["number,state,speed,value,second,seconds,ended,worker,reason"]


def test_the_settings_of_a_trial_are_those_of_a_run() -> None:
    base = TrainingConfig(dataset_version=3)
    record = json.loads(settings_json(trial(4, 0.9, base=base, params={"l2": 0.25})))
    assert TrainingConfig.from_json(record["settings"]) == config_with(base, {"l2": 0.25})
    assert record["schema_version"] == 1
