"""Trust section of the Evaluate page: sure answers, strangers, and their limits in prediction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.delivery.files import read_labels
from core.delivery.limits import use_limits
from core.delivery.thresholds import use_thresholds
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.report import read_predictions, read_report, write_report
from core.evaluation.strangers.chosen import AnswerLimits, limits_in_use
from core.evaluation.strangers.results import remove_strangers
from core.evaluation.thresholds.answers import write_chosen_thresholds
from core.formatting import percent
from core.training.artifacts import head_file
from core.training.heads.held_out import HeldOut
from core.workspace import project_of
from tests.support.pictures import encoded, photograph
from tests.support.sent_pictures import send_pictures

OpenPage = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    return "\n".join(row.value for row in (*app.markdown, *app.subheader, *app.caption))


def test_limits_are_chosen_and_used_in_predictions(open_page: OpenPage, finished_run: Path) -> None:
    """A real run: two sliders, and their limits in ``labels.json``."""
    app = open_page("evaluate", section="trust")
    assert "A stranger gets a higher score than a picture of your classes" in texts(app)
    # nine validation pictures
    assert "less than 10% cannot be promised" in texts(app)
    app.slider[0].set_value(80).run()
    app.button(key="use-least-confidence").click().run()
    assert read_labels(finished_run).least_confidence == 0.8
    assert read_labels(finished_run).stranger_limit is not None

    app.select_slider[0].set_value(0.0).run()
    app.button(key="use-stranger-limit").click().run()
    assert not app.exception
    labels = read_labels(finished_run)
    assert (labels.stranger_limit, labels.least_confidence) == (None, 0.8)
    assert limits_in_use(finished_run, open_dataset(project_of(finished_run))).least_confidence == 0.8


def test_sure_answers_are_those_by_the_chosen_thresholds(open_page: OpenPage, finished_run: Path) -> None:
    """From 0 on, every picture is a 3, though Predict is sure of few of them."""
    evaluated = EvaluatedRun.open(finished_run)
    use_thresholds(evaluated, (0.0, None, None))
    app = open_page("evaluate", section="trust")
    app.slider[0].set_value(50).run()
    share = float((evaluated.test.probabilities[:, 0] >= 0.5).mean())
    assert 0 < share < 1
    assert f"Answers **{percent(share)}** of the pictures" in texts(app)


def test_sets_are_shown_class_by_class(open_page: OpenPage, finished_run: Path) -> None:
    app = open_page("evaluate", section="trust")
    app.toggle(key="sets-by-class").set_value(True).run()
    assert not app.exception
    (table,) = [
        frame.value for frame in app.dataframe if "coverage" in frame.value and "class" in frame.value
    ]
    assert sorted(table["class"]) == ["3", "5", "8"]


def test_a_run_of_an_older_version_can_be_tested_again(open_page: OpenPage, finished_run: Path) -> None:
    remove_strangers(finished_run)
    app = open_page("evaluate", section="trust")
    assert app.button(key="test-again").label == "Test this run again"
    assert "go back to their defaults" not in texts(app)
    write_chosen_thresholds(finished_run, (0.2, None, None), (None, None, None))
    assert "go back to their defaults" in texts(app.run())


def test_a_stranger_gets_no_answer_and_an_unsure_one_is_marked(
    open_page: OpenPage, finished_run: Path
) -> None:
    """A cat among digits; without the limit it would be a digit."""
    app = open_page("predict")
    cat = {"cat.jpg": encoded(photograph("chelsea"), "JPEG")}
    send_pictures(app, cat)
    assert not app.exception
    assert "This does not look like any of the classes." in texts(app)

    use_limits(finished_run, AnswerLimits(stranger_limit=None, least_confidence=1.01))
    app = open_page("predict")
    send_pictures(app, cat)
    assert "This does not look like any of the classes." not in texts(app)
    assert "Unsure." in texts(app)


def test_a_cross_validated_run_says_which_pictures_taught_it(open_page: OpenPage, finished_run: Path) -> None:
    """Nobody should take its validation pictures for unseen ones."""
    report = read_report(finished_run)
    assert report.calibration is not None
    corrected = replace(report.calibration, temperatures=(2.0, 2.0, 2.0))
    write_report(finished_run, replace(report, calibration=corrected), read_predictions(finished_run))
    chosen = f"chosen on {corrected.validation_pictures} "
    assert "cross-validation chose the head" not in texts(open_page("evaluate", section="quality"))
    assert f"{chosen}validation pictures, corrects" in texts(open_page("evaluate", section="trust"))

    few = HeldOut(logits=np.zeros((1, 3), np.float32), temperature=1.0)
    few.save(head_file(finished_run).parent, ["a"])
    write_report(finished_run, replace(report, calibration=corrected), read_predictions(finished_run))
    assert "cross-validation chose the head" in texts(open_page("evaluate", section="quality"))
    trust = texts(open_page("evaluate", section="trust"))
    assert f"{chosen}training and validation pictures. Each of them was classified by a head" in trust
