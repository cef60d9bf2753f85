"""Thresholds on the Evaluate page: chosen on validation, measured on test, used in prediction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.delivery.files import read_labels
from tests.support.page_queries import act, opened_dialog, said, shown

OpenPage = Callable[..., AppTest]


@pytest.fixture
def app(open_page: OpenPage, finished_run: Path) -> AppTest:
    return open_page(
        "evaluate", project="digits", run=finished_run.name, section="mistakes", part="thresholds"
    )


def outcomes(app: AppTest) -> dict[str, Any]:
    (table,) = [frame.value for frame in app.dataframe if "missed" in frame.value.columns]
    return {row.pop("answers"): row for row in table.to_dict("records")}


def test_a_threshold_changes_answers_and_is_used(app: AppTest, finished_run: Path) -> None:
    (slider,) = [one for one in app.slider if one.label == "Threshold"]
    slider.set_value(0.0).run()
    rows = outcomes(app)
    assert rows["chosen"]["missed"] == 0
    assert int(str(rows["chosen"]["added"])) > int(str(rows["default"]["added"]))
    assert "change their answer" in said(app)
    act(app, "changed-answers", "look", [shown(app, "changed-answers")[0]["id"]])
    assert "**Probabilities**" in opened_dialog(app)
    (use,) = [button for button in app.button if button.key == "use-threshold"]
    use.click().run()
    assert not app.exception
    thresholds = read_labels(finished_run).thresholds
    assert thresholds is not None
    assert sorted(value is None for value in thresholds) == [False, True, True]
    assert "in use" in outcomes(app)
    (back,) = [button for button in app.button if button.key == "default-thresholds"]
    back.click().run()
    assert read_labels(finished_run).thresholds is None


def test_costs_move_the_slider(app: AppTest) -> None:
    (press,) = [button for button in app.button if button.key == "choose-by-cost"]
    press.click().run()
    assert not app.exception
    (slider,) = [one for one in app.slider if one.label == "Threshold"]
    assert slider.value != 0.5
    assert "validation pictures" in said(app)
