"""Trials of an older search are compared under the names that settings have today."""

from __future__ import annotations

from core.runs.compare import differing_settings
from core.search.records import TrialRecord
from core.search.study.trials import StudyTrialRecord
from core.training.config import TrainingConfig


def test_a_setting_with_an_older_name_differs_only_by_its_value() -> None:
    """``watch`` is ``monitor`` now; the page would show both, one of them without a value."""
    config = TrainingConfig(dataset_version=1).to_json()
    older = {"watch" if name == "monitor" else name: value for name, value in config.items()}
    values = {"number": 0, "state": "complete", "speed": "head", "params": {}, "settings": older}
    for kind in (TrialRecord, StudyTrialRecord):
        assert differing_settings([config, dict(kind.from_json(values).settings)]) == {}
