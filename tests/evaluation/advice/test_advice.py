"""Advice: each adviser speaks on its evidence alone, and the strongest comes first."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.doctor.findings import Finding, Remedy, suspects_of
from core.doctor.report import Report, write_report
from core.doctor.sentences import FindingKind, Shortcut
from core.evaluation.advice.advice import TRAIN, Advice
from core.evaluation.advice.table import ADVISERS, Adviser, advise
from core.evaluation.calibration.calibrating import Calibration
from core.evaluation.calibration.reliability import Reliability
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.mean_heatmaps import FILE, MeanHeatmaps
from core.evaluation.explanations.network import Method
from core.evaluation.explanations.shortcuts import Position
from core.evaluation.explanations.shortcuts import Shortcut as Spot
from core.evaluation.learning_curve.records import Forecast, LearningCurve, write_learning_curve
from core.evaluation.strangers.measuring import Separation, StrangerReport
from core.messages import Message
from core.models.augmentation import LIMITS, AugmentationConfig
from core.records import write_record
from core.training.artifacts import head_file
from core.training.config import Recipe
from core.training.heads.held_out import HeldOut
from core.workspace import Project
from tests.support.made_runs import make_evaluated, make_project, sure_answers
from tests.support.robustness import store_robustness

EVEN = {"a": 100, "b": 100}


def project_of_two(test: int = 200, **columns: Any) -> Project:
    return make_project(EVEN, {"a": 20, "b": 20}, {"a": test // 2, "b": test // 2}, **columns)


def answers(test: int, wrong_a: int = 0, wrong_b: int = 0) -> np.ndarray:
    """The first pictures of each class get the other class."""
    given = np.arange(2).repeat(test // 2)
    given[:wrong_a] = 1
    given[test // 2 : test // 2 + wrong_b] = 0
    return given


def run_on(
    project: Project,
    given: np.ndarray,
    name: str = "run-1",
    *,
    validation: np.ndarray | None = None,
    confidence: float = 0.8,
    **settings: Any,
) -> EvaluatedRun:
    right = sure_answers(np.arange(2).repeat(20), 2)
    own = right if validation is None else validation
    return make_evaluated(project, name, own, sure_answers(given, 2, confidence), **settings)


def given_by(evaluated: EvaluatedRun) -> dict[str, Advice]:
    return {advice.code: advice for advice in advise(evaluated, most=len(ADVISERS))}


def write_epochs(evaluated: EvaluatedRun, accuracy: float, validation: float) -> None:
    lines = [
        {
            "epoch": epoch,
            "phase": "last_blocks",
            "epochs": 30,
            "best_epoch": 6,
            "loss": 1 / epoch,
            "validation_loss": 0.5,
            "accuracy": accuracy,
            "validation_accuracy": validation,
        }
        for epoch in range(1, 7)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (evaluated.run / "metrics.jsonl").write_text(text, encoding="utf-8")


def found(project: Project, kind: FindingKind, count: int, **values: Any) -> None:
    """Let the doctor have found so many pictures of the newest version."""
    pictures = open_dataset(project).all_pictures
    finding = Finding(
        kind=kind,
        shortcut=Shortcut.BRIGHTNESS if kind is FindingKind.SHORTCUTS else None,
        values={"total": len(pictures), "straddling": 0, "classes": "“a”", "percent": 90, **values},
        suspects=suspects_of(pictures.head(count), [1.0] * count),
        remedy=Remedy.NONE,
    )
    write_report(
        project,
        Report(version=1, findings=(finding,), pictures=len(pictures), seconds=1.0, with_features=True),
    )


def test_a_good_run_on_many_pictures_gets_no_advice() -> None:
    """5% wrong of a better backbone's 1,000 test pictures, spread evenly."""
    evaluated = run_on(project_of_two(1000), answers(1000, 15, 14), backbone="convnext_large")
    assert advise(evaluated) == []


def test_a_class_recognised_by_one_spot_is_named() -> None:
    """It concerns the pictures that are answered with the class: half of them."""
    evaluated = run_on(project_of_two(), answers(200))
    spot = Spot(
        class_name="b",
        position=Position.TOP_LEFT,
        share=0.83,
        pictures=40,
        mass=0.7,
        pasted=24,
        flipped=0.0,
        flipped_by_chance=0.0,
    )
    means = MeanHeatmaps(method=Method.CAM, pictures=40, means=(), shortcuts=(spot,))
    write_record(evaluated.file(FILE), means)
    advice = given_by(evaluated)["spots"]
    assert advice.message.values == {"name": "b"}
    assert "at the same spot, top left, in 83% of the pictures of class “b”" in str(advice.reason)
    assert advice.weight == 0.5


def test_a_class_found_seldom_after_few_pictures_needs_more() -> None:
    project = make_project({"a": 400, "b": 30}, {"a": 20, "b": 20}, {"a": 80, "b": 20})
    given = np.arange(2).repeat([80, 20])
    given[80:90] = 0
    advice = given_by(run_on(project, given))["more_pictures"]
    assert advice.message.values == {"classes": "b"}
    assert advice.reason.values["training"] == 30
    assert (advice.reason.values["right"], advice.reason.values["support"]) == (10, 20)
    assert advice.weight == pytest.approx(0.1)


def test_a_weak_class_with_many_pictures_and_a_narrow_interval_needs_none() -> None:
    project = make_project({"a": 400, "b": 400}, {"a": 20, "b": 20}, {"a": 400, "b": 400})
    given = np.arange(2).repeat(400)
    given[400:500] = 0
    assert "more_pictures" not in given_by(run_on(project, given))


def test_open_findings_of_the_check_are_advised_until_they_are_settled() -> None:
    project = project_of_two()
    evaluated = run_on(project, answers(200, 10, 10))
    assert "open_findings" not in given_by(evaluated)
    found(project, FindingKind.WRONG_LABELS, 44)
    advice = given_by(evaluated)["open_findings"]
    assert advice.message.values == {"count": 44}
    assert advice.weight == pytest.approx(44 / 440)


def test_mistakes_as_sure_as_right_answers_put_their_labels_in_doubt() -> None:
    project = project_of_two()
    assert "wrong_labels" not in given_by(run_on(project, answers(200, 10, 0), confidence=0.8))
    sure = given_by(run_on(project, answers(200, 10, 0), "run-2", confidence=0.99))["wrong_labels"]
    assert sure.reason.values == {"count": 10, "mistakes": 10}
    assert sure.weight == pytest.approx(0.05)


def test_a_near_perfect_score_is_doubted_where_copies_straddle_the_split() -> None:
    project = project_of_two(400)
    evaluated = run_on(project, answers(400))
    assert given_by(evaluated)["leakage"].weight == 0.5
    found(project, FindingKind.NEAR_DUPLICATES, 4, straddling=0)
    assert "leakage" not in given_by(evaluated)
    found(project, FindingKind.NEAR_DUPLICATES, 4, straddling=3)
    assert advise(evaluated)[0].code == "leakage"
    assert advise(evaluated)[0].reason.values["count"] == 3


def test_a_shortcut_concerns_the_test_pictures_of_its_classes() -> None:
    project = project_of_two()
    found(project, FindingKind.SHORTCUTS, 5)
    assert given_by(run_on(project, answers(200, 9, 9)))["shortcuts"].weight == pytest.approx(0.5)


def test_a_proven_weak_slice_is_named() -> None:
    """All mistakes are on pictures of one camera."""
    camera = np.where(np.arange(440) % 4 == 0, "old phone", "camera")
    project = project_of_two(camera=camera)
    given = np.arange(2).repeat(100)
    wrong = np.arange(0, 200, 4)[::2]
    given[wrong] = 1 - given[wrong]
    advice = given_by(run_on(project, given))["weak_slice"]
    assert str(advice.message.values["name"]) == "old phone"
    assert advice.weight == pytest.approx(25 / 200)


def test_a_small_test_set_says_how_many_pictures_it_takes() -> None:
    advice = given_by(run_on(project_of_two(20), answers(20, 1, 1)))["small_test_set"]
    assert advice.message.values["wanted"] > 100
    assert "small_test_set" not in given_by(run_on(project_of_two(1000), answers(1000, 50, 50), "run-2"))


@pytest.mark.parametrize(
    ("augmentation", "page"),
    [(AugmentationConfig(), "augment"), (AugmentationConfig(rotation=0.1), "data")],
)
def test_overfitting_leads_to_augmentation_and_then_to_pictures(
    augmentation: AugmentationConfig, page: str
) -> None:
    evaluated = run_on(
        project_of_two(),
        answers(200, 20, 20),
        recipe=Recipe.BALANCED,
        augmentation=augmentation,
    )
    write_epochs(evaluated, accuracy=0.99, validation=0.75)
    advice = given_by(evaluated)["curve"]
    assert advice.link.page == page
    assert advice.weight == pytest.approx(0.24)
    assert "network" not in given_by(evaluated)


def test_a_healthy_curve_gets_no_advice() -> None:
    evaluated = run_on(project_of_two(), answers(200, 20, 20), recipe=Recipe.BALANCED)
    write_epochs(evaluated, accuracy=0.85, validation=0.8)
    assert "curve" not in given_by(evaluated)


def test_what_breaks_the_classifier_is_trained() -> None:
    evaluated = run_on(project_of_two(), answers(200, 5, 5))
    assert "augmentation" not in given_by(evaluated)
    store_robustness(evaluated, {"rotation": 2})
    advice = given_by(evaluated)["augmentation"]
    assert str(advice.message.values["names"]) == "Rotation"
    assert advice.reason.values["level"] == 3
    assert 0.15 < advice.weight < 0.2


def test_the_reason_for_an_augmentation_is_a_change_that_it_trains() -> None:
    """Rotation is trained as far as it goes, so a proposal of contrast is not due to rotation."""
    most = AugmentationConfig(rotation=LIMITS["rotation"])
    evaluated = run_on(project_of_two(), answers(200, 5, 5), recipe=Recipe.BALANCED, augmentation=most)
    store_robustness(evaluated, {"rotation": 0, "contrast": 2})
    advice = given_by(evaluated)["augmentation"]
    assert str(advice.message.values["names"]) == "Contrast"
    assert str(advice.reason.values["kind"]) == "Contrast"
    assert advice.reason.values["level"] == 3


def test_frozen_features_with_many_mistakes_are_fine_tuned_first() -> None:
    project = make_project({"a": 300, "b": 300}, {"a": 20, "b": 20}, {"a": 100, "b": 100})
    quick = given_by(run_on(project, answers(200, 20, 20)))["network"]
    assert quick.link == TRAIN
    assert quick.weight == pytest.approx(0.06)
    tuned = run_on(project, answers(200, 20, 20), "run-2", recipe=Recipe.BALANCED)
    assert given_by(tuned)["network"].link.page == "model"
    few = run_on(project, answers(200, 2, 2), "run-3")
    assert "network" not in given_by(few)


def test_an_ensemble_is_advised_where_it_is_better_on_validation() -> None:
    """Each run is unsure of its 8 mistakes, and the other is sure there."""
    project = project_of_two()
    labels = np.arange(2).repeat(20)
    first, second = sure_answers(labels, 2, 0.9), sure_answers(labels, 2, 0.9)
    first[:4], second[4:8] = (0.4, 0.6), (0.4, 0.6)
    evaluated = run_on(project, answers(200, 9, 9), validation=first)
    assert "ensemble" not in given_by(evaluated)
    run_on(project, answers(200, 9, 9), "run-2", validation=second)
    advice = given_by(evaluated)["ensemble"]
    assert advice.reason.values["name"] == "run-2"
    assert advice.weight == pytest.approx(0.1)


def test_a_rare_class_that_is_answered_too_seldom_gets_a_lower_threshold() -> None:
    project = make_project({"a": 400, "b": 60}, {"a": 20, "b": 20}, {"a": 80, "b": 40})
    given = np.arange(2).repeat([80, 40])
    given[80:100] = 0
    advice = given_by(run_on(project, given))["threshold"]
    assert advice.message.values == {"name": "b"}
    assert (advice.reason.values["recall"], advice.reason.values["precision"]) == (50, 100)
    assert "threshold" not in given_by(run_on(project_of_two(120), answers(120, 20, 0), "run-2"))


@pytest.mark.parametrize(("interval", "is_given"), [((0.06, 0.2), True), ((0.04, 0.2), False)])
def test_probabilities_are_doubted_only_where_they_are_proven_to_be_off(
    interval: tuple[float, float], is_given: bool
) -> None:
    evaluated = run_on(project_of_two(), answers(200, 9, 9))
    off = Reliability(ece=0.12, ece_interval=interval, bins=())
    calibration = Calibration(temperatures=(1.0, 1.0), validation_pictures=40, before=off, after=off)
    evaluated = replace(evaluated, report=replace(evaluated.report, calibration=calibration))
    assert ("probabilities" in given_by(evaluated)) is is_given


@pytest.mark.parametrize(
    ("temperature", "is_few", "sentence"),
    [
        (1.0, False, "40 validation pictures were too few to correct them."),
        (1.5, False, "after correction on 40 validation pictures."),
        (1.5, True, "after correction on 40 pictures that were left out of the training in turn."),
    ],
)
def test_what_corrected_probabilities_is_said_as_it_was(
    temperature: float, is_few: bool, sentence: str
) -> None:
    evaluated = run_on(project_of_two(), answers(200, 9, 9))
    off = Reliability(ece=0.12, ece_interval=(0.1, 0.15), bins=())
    calibration = Calibration(temperatures=(temperature, 1.0), validation_pictures=40, before=off, after=off)
    if is_few:
        few = HeldOut(logits=np.zeros((1, 2), np.float32), temperature=1.0)
        few.save(head_file(evaluated.run).parent, ["a"])
    evaluated = replace(evaluated, report=replace(evaluated.report, calibration=calibration))
    assert str(given_by(evaluated)["probabilities"].reason).endswith(sentence)


def test_strangers_that_look_like_known_pictures_are_named() -> None:
    evaluated = run_on(project_of_two(), answers(200, 9, 9))
    assert "strangers" not in given_by(evaluated)
    separation = Separation(auroc=0.7, interval=(0.6, 0.8))
    report = StrangerReport(fitted_on=10, validation_pictures=10, test_pictures=10, separation=separation)
    write_record(evaluated.file("strangers.json"), report)
    assert given_by(evaluated)["strangers"].weight == pytest.approx(0.3)


@pytest.mark.parametrize(("low", "is_given"), [(0.01, True), (-0.01, False)])
def test_more_pictures_are_advised_where_the_learning_curve_rises_for_sure(
    low: float, is_given: bool
) -> None:
    evaluated = run_on(project_of_two(), answers(200, 9, 9))
    forecast = Forecast(gain=0.04, interval=(low, 0.07), curve=(), classes=())
    write_learning_curve(evaluated, LearningCurve(points=(), validation_pictures=40, forecast=forecast))
    given = given_by(evaluated)
    assert ("twice_the_pictures" in given) is is_given
    assert not is_given or given["twice_the_pictures"].weight == 0.04


def test_at_most_five_are_given_the_strongest_first() -> None:
    """A row of the table is all that an adviser takes."""
    evaluated = run_on(project_of_two(), answers(200))

    def adviser(weight: float) -> Adviser:
        advice = Advice(message=Message("Do"), reason=Message("Because"), link=TRAIN, weight=weight)
        return Adviser(code=f"own-{weight}", function=lambda evidence: advice)

    own = [adviser(weight) for weight in (0.1, 0.6, 0.3, 0.2, 0.5, 0.4)]
    assert [advice.weight for advice in advise(evaluated, advisers=own)] == [0.6, 0.5, 0.4, 0.3, 0.2]


def test_every_sentence_can_be_written() -> None:
    """Templates and their values fit each other."""
    project = project_of_two(20)
    found(project, FindingKind.SHORTCUTS, 5)
    evaluated = run_on(project, answers(20, 3, 0), confidence=0.99)
    store_robustness(evaluated, {"rotation": 0, "noise": 0})
    for advice in advise(evaluated, most=len(ADVISERS)):
        assert "{" not in f"{advice.message} {advice.reason}"
        assert advice.to_answer()["advice"] == str(advice.message)
