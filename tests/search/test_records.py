"""Records of a search, among them those that Darkroom 0.1.0 wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import RecordError
from core.files import append_json_line, write_json
from core.messages import Message
from core.search.config import Goal, SearchConfig
from core.search.records import (
    Baseline,
    BestTrial,
    Gain,
    JoinedStudy,
    RunningTrial,
    SearchProgress,
    SearchSummary,
    SelectionBias,
    TrialRecord,
    TrialState,
    join_study,
    joined_study,
    read_search_progress,
    read_trials,
)
from core.search.space import Categorical, Numbers, SearchSpace, Speed
from core.search.study.trials import StudyTrialRecord
from core.search.trials.predictions import PackedPredictions
from core.training.config import TrainingConfig

SETTINGS = json.loads(json.dumps(TrainingConfig(dataset_version=1).to_json()))
# As the version before these records wrote them.
OLD_LINE = {
    "number": 3,
    "state": "pruned",
    "speed": "full",
    "params": {"recipe": "balanced", "unfreeze": 0.25, "batch_norm": False, "hidden_layers": 1},
    "settings": SETTINGS,
    "value": 0.5,
    "second": None,
    "measures": {},
    "curve": [[1, 0.4], [2, 0.5]],
    "seconds": 12.5,
    "ended": 1790000000.5,
    "worker": "desk:4711",
    "reason": {"template": "The time was over before it was done.", "values": {}},
    "has_weights": False,
}


def test_a_trial_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    append_json_line(tmp_path / "trials.jsonl", OLD_LINE)
    assert read_trials(tmp_path) == [
        TrialRecord(
            number=3,
            state=TrialState.PRUNED,
            speed=Speed.FULL,
            params={"recipe": "balanced", "unfreeze": 0.25, "batch_norm": False, "hidden_layers": 1},
            settings=SETTINGS,
            value=0.5,
            curve=((1, 0.4), (2, 0.5)),
            seconds=12.5,
            ended=1790000000.5,
            worker="desk:4711",
            reason=Message("The time was over before it was done."),
        )
    ]


def test_a_trial_survives_writing_and_reading(tmp_path: Path) -> None:
    trial = TrialRecord.from_json(OLD_LINE)
    assert TrialRecord.from_json(json.loads(json.dumps(trial.to_json()))) == trial


def test_progress_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    running = {"number": 4, "params": {"l2": 0.1}, "began": 9.5, "worker": "desk:4711"}
    old = {"going": [running], "seconds": 3.0, "stage": "full", "workers": 2, "importances": {"l2": 1.0}}
    write_json(tmp_path / "live.json", old)
    assert read_search_progress(tmp_path) == SearchProgress(
        running=(RunningTrial(number=4, params={"l2": 0.1}, began=9.5, worker="desk:4711"),),
        seconds=3.0,
        stage=Speed.FULL,
        workers=2,
        importances={"l2": 1.0},
    )


def test_a_summary_of_an_earlier_version_is_read() -> None:
    bias = SelectionBias(validation=0.9, expected=0.88, bias=0.02, low=0.8, high=0.94, pictures=60)
    gain = {"gain": 0.01, "low": -0.02, "high": 0.05, "is_real": False, "pictures": 60}
    old = {
        "trials": {"complete": 2, "pruned": 0, "failed": 1},
        "seconds": 4.5,
        "best": {"number": 1, "value": 0.9, "settings": SETTINGS},
        "reason": None,
        "default": {"number": 0, "value": 0.87},
        "pareto": [1],
        "optimism": {
            "validation": 0.9,
            "expected": 0.88,
            "optimism": 0.02,
            "low": 0.8,
            "high": 0.94,
            "pictures": 60,
        },
        "gain": gain,
        "elsewhere": {"template": "They are on the machine {machine}.", "values": {"machine": "desk"}},
    }
    assert SearchSummary.from_json(old) == SearchSummary(
        trials={"complete": 2, "pruned": 0, "failed": 1},
        seconds=4.5,
        best=BestTrial(number=1, value=0.9, settings=SETTINGS),
        baseline=Baseline(number=0, value=0.87),
        pareto_front=(1,),
        selection_bias=bias,
        gain=Gain(gain=0.01, low=-0.02, high=0.05, is_real=False, pictures=60),
        weights_elsewhere=Message("They are on the machine {machine}.", {"machine": "desk"}),
    )


def test_predictions_of_an_earlier_version_are_read() -> None:
    old = {"task": "multi_class", "classes": 2, "pictures": 1, "loss": 0.5, "says": "x", "losses": "y"}
    record = StudyTrialRecord.from_json({**OLD_LINE, "answers": old, "other_epochs": [old]})
    assert isinstance(record.predictions, PackedPredictions)
    assert record.predictions.predicted == "x"
    assert record.other_epochs == (record.predictions,)


def test_settings_of_an_earlier_version_are_read() -> None:
    """Domains stood in the space without a key of their own."""
    space = {
        "l2": {"low": 0.01, "high": 0.1, "log": True, "whole": False},
        "pooling": {"choices": ["global"]},
    }
    old = {"base": SETTINGS, "minutes": 10.0, "goal": "macro_f1", "space": space}
    config = SearchConfig.from_json(old)
    assert config.goal is Goal.MACRO_F1
    assert config.space == SearchSpace(
        domains={"l2": Numbers(low=0.01, high=0.1, log=True), "pooling": Categorical(choices=("global",))}
    )
    assert SearchConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_a_joined_study_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    write_json(tmp_path / "study.json", {"name": "leaves/search-1", "dataset_version": 3})
    assert joined_study(tmp_path) == JoinedStudy(name="leaves/search-1", dataset_version=3)


def test_a_joined_study_survives_writing_and_reading(tmp_path: Path) -> None:
    assert joined_study(tmp_path) is None
    study = JoinedStudy(name="leaves/search-1", dataset_version=3)
    join_study(tmp_path, study)
    assert joined_study(tmp_path) == study


@pytest.mark.parametrize(
    ("domain", "sentence"),
    [
        ({"choices": ["a"], "log": True}, r"Unknown setting: domains\.l2\.log\. Known here are: choices"),
        ({"low": "much", "high": 1, "log": True, "whole": False}, r"domains\.l2\.low is 'much'"),
        ({"low": 0.1}, r"Missing setting: domains\.l2\.high"),
        (3, r"domains\.l2 is 3; it must be a record"),
    ],
)
def test_a_wrong_domain_is_explained_by_the_kind_that_it_resembles(domain: Any, sentence: str) -> None:
    """A choice with one key too many is not a range that lacks its ends."""
    with pytest.raises(RecordError, match=sentence):
        SearchSpace.from_json({"domains": {"l2": domain}})
