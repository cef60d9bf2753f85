"""Import jobs of this version and of older ones are read from their stored config and result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.data.import_config import ImportConfig, ImportRequest
from core.data.import_result import ImportResult
from core.data.labels.label_table import TableColumns
from core.data.skip_reasons import Reason, Skipped, SkipReason
from core.data.split.splitting import SplitConfig
from core.errors import RecordError


def test_a_request_is_read_back_from_its_job(tmp_path: Path) -> None:
    request = ImportRequest(
        project="Pets",
        source=tmp_path / "pets.zip",
        add=True,
        settings=ImportConfig(
            merge_case=True,
            table=tmp_path / "labels.csv",
            columns=TableColumns(file="f", label="l", group="g"),
            split=SplitConfig(test_fraction=0.3, seed=4),
        ),
    )
    assert ImportRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


def test_a_request_of_03be4e7_is_read() -> None:
    """That version stored the settings beside the source, and called the label table a sheet."""
    stored = {
        "project": "Pets",
        "source": "/data/pets.zip",
        "sample": None,
        "add": False,
        "merge_case": False,
        "unlabelled": False,
        "multi_label": True,
        "refer": False,
        "sheet": "/data/labels.csv",
        "sheet_inside": False,
        "columns": {"file": "f", "label": "l", "split": None, "group": None},
        "split": {"validation_fraction": 0.2, "test_fraction": 0.1, "seed": 3},
    }
    assert ImportRequest.from_json(stored) == ImportRequest(
        project="Pets",
        source=Path("/data/pets.zip"),
        settings=ImportConfig(
            multi_label=True,
            table=Path("/data/labels.csv"),
            columns=TableColumns(file="f", label="l"),
            split=SplitConfig(validation_fraction=0.2, test_fraction=0.1, seed=3),
        ),
    )


def test_a_result_of_03be4e7_is_read() -> None:
    reason = {"template": "{sheet} has no row for it", "values": {"sheet": "labels.csv"}}
    stored = {
        "project": "Pets",
        "classes": {"cats": 4},
        "skipped": [{"file": "1.png", "reason": reason}],
        "version": 2,
    }
    skipped = Skipped(
        file="1.png", reason=Reason(code=SkipReason.NOT_IN_TABLE, values={"table": "labels.csv"})
    )
    assert ImportResult.from_json(stored) == ImportResult(
        project="Pets", classes={"cats": 4}, skipped=(skipped,), version=2
    )


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(RecordError, match=r"settings\.colour"):
        ImportRequest.from_json({"project": "Pets", "settings": {"colour": "red"}})
