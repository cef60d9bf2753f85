"""Programs read and decide what the Evaluate page shows and sets."""

from __future__ import annotations

import base64
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.labels.layout import Split
from core.delivery.explaining import Explainer
from core.delivery.files import read_labels
from core.delivery.prediction import Classifier
from core.evaluation.calibration.calibrating import coverage_by_class
from core.evaluation.calibration.selective import measure_selective
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import chosen_metric
from core.evaluation.slices.measuring import measure_slices, slice_source
from core.evaluation.strangers.chosen import AnswerLimits, limits_in_use
from core.training.leading_metric import LeadingKind
from core.workspace import Project
from tests.support.api_client import post, post_pictures
from tests.support.evaluated import evaluated_run
from tests.support.http_client import ask
from tests.support.pictures import digit

THREE = digit(3)


@pytest.fixture
def address(finished_run: Path) -> str:
    return f"/api/v1/runs/{finished_run.name}"


def test_metrics_are_those_of_the_report_with_their_intervals(address: str, finished_run: Path) -> None:
    report = EvaluatedRun.open(finished_run).report
    answer = ask(f"{address}/metrics").json
    found = {one["code"]: one for one in answer["metrics"]}
    assert found["macro_f1"]["value"] == report.metrics["macro_f1"]
    assert found["macro_f1"]["interval"] == list(report.intervals["macro_f1"])
    assert (answer["leading"]["kind"], answer["leading"]["value"]) == ("accuracy", report.accuracy)
    assert answer["pictures"] == report.pictures


def test_the_metric_that_matters_is_chosen(address: str, digits_project: Project) -> None:
    goal = f"/api/v1/projects/{digits_project.name}/goal"
    assert ask(goal).json["kind"] == "accuracy"
    assert post(goal, {"kind": "recall", "class_name": "5"}, method="PUT").status == 200
    leading = ask(f"{address}/metrics").json["leading"]
    assert (leading["kind"], leading["label"]) == ("recall", "Recall of “5”")
    costs = [[0, 1, 1], [5, 0, 5], [1, 1, 0]]
    assert post(goal, {"kind": "cost", "costs": costs}, method="PUT").json["costs"] == costs


@pytest.mark.parametrize(
    "goal",
    [
        {"kind": "recall"},
        {"kind": "recall", "class_name": "9"},
        {"kind": "cost"},
        {"kind": "cost", "costs": [[0, 1]]},
        {"kind": "cost", "miss_costs": [0, 0, 0]},
        {"kind": "cost", "miss_costs": [-1, 1, 1]},
        {"kind": "luck"},
    ],
)
def test_a_metric_that_does_not_suit_is_refused(digits_project: Project, goal: dict[str, object]) -> None:
    reply = post(f"/api/v1/projects/{digits_project.name}/goal", goal, method="PUT")
    assert reply.status == 400
    assert chosen_metric(digits_project).kind is LeadingKind.ACCURACY


def test_a_threshold_counts_in_predictions_until_it_is_taken_back(address: str, finished_run: Path) -> None:
    """With a threshold of 0 every picture is a 5: no other class has one."""
    chosen = post(f"{address}/thresholds", {"thresholds": {"5": 0.0}}, method="PATCH").json
    assert chosen["is_chosen"]
    assert chosen["in_use"] == {"3": None, "5": 0.0, "8": None}
    predicted = post_pictures(f"{address}/predict", THREE).json["predictions"][0]
    assert predicted["labels"] == ["5"]
    assert ask(f"{address}/thresholds", method="DELETE").json["in_use"] == {"3": None, "5": None, "8": None}
    assert read_labels(finished_run).thresholds is None
    assert post_pictures(f"{address}/predict", THREE).json["predictions"][0]["labels"] == ["3"]


def test_null_takes_back_the_threshold_of_one_class(address: str) -> None:
    post(f"{address}/thresholds", {"thresholds": {"3": 0.2, "5": 0.4}}, method="PATCH")
    left = post(f"{address}/thresholds", {"thresholds": {"3": None}}, method="PATCH").json
    assert left["in_use"] == {"3": None, "5": 0.4, "8": None}


@pytest.mark.parametrize(
    ("thresholds", "status"),
    [({"5": 1.5}, 400), ({"5": -0.1}, 400), ({"9": 0.5}, 404), ({"5": "much"}, 400), ([], 400)],
)
def test_a_wrong_threshold_leaves_all_as_they_are(
    address: str, finished_run: Path, thresholds: object, status: int
) -> None:
    assert post(f"{address}/thresholds", {"thresholds": thresholds}, method="PATCH").status == status
    assert read_labels(finished_run).thresholds is None


def test_the_outcome_of_a_threshold_is_counted_on_the_test_pictures(address: str, finished_run: Path) -> None:
    """At 0 every test picture is given the class."""
    test = EvaluatedRun.open(finished_run).test
    fives = int(test.targets[:, 1].sum())
    answer = ask(f"{address}/thresholds/outcome?class_name=5&threshold=0").json
    assert (answer["found"], answer["missed"], answer["added"]) == (fives, 0, len(test.targets) - fives)
    assert ask(f"{address}/thresholds/outcome?class_name=9").status == 404


def test_a_threshold_is_suggested_for_exactly_one_wish(address: str) -> None:
    suggestion = f"{address}/thresholds/suggestion?class_name=5"
    assert ask(f"{suggestion}&wrong_alarm=1&miss=3").json["threshold"] is not None
    for wish in ("", "&wrong_alarm=1", "&wrong_alarm=0&miss=0", "&precision=0.9&recall=0.9", "&recall=2"):
        assert ask(suggestion + wish).status == 400, wish


def test_limits_are_chosen_and_measured(address: str, finished_run: Path) -> None:
    dataset = EvaluatedRun.open(finished_run).dataset
    before = ask(f"{address}/limits").json
    assert before["stranger_limit"] == limits_in_use(finished_run, dataset).stranger_limit
    assert 0 <= before["strangers_turned_away"]["value"] <= 1
    looked_at = ask(f"{address}/limits?stranger_share=0&least_confidence=0.99").json
    assert ask(f"{address}/limits").json == before
    chosen = post(f"{address}/limits", {"stranger_share": 0, "least_confidence": 0.99}, method="PATCH").json
    assert (chosen["stranger_limit"], chosen["known_turned_away"]) == (None, None)
    assert chosen == looked_at
    expected = measure_selective(EvaluatedRun.open(finished_run).test, 0.99)
    assert chosen["answered"]["coverage"] == expected.coverage
    assert read_labels(finished_run).least_confidence == 0.99
    post(f"{address}/limits", {"least_confidence": 0}, method="PATCH")
    assert limits_in_use(finished_run, dataset) == AnswerLimits()
    assert post(f"{address}/limits", {"stranger_share": 0.9}, method="PATCH").status == 400


def test_answers_above_a_least_confidence_are_those_by_the_chosen_thresholds(
    address: str, finished_run: Path
) -> None:
    """From 0 on, every picture is a 3: the confidence is the probability of that, as in Predict."""
    post(f"{address}/thresholds", {"thresholds": {"3": 0.0}}, method="PATCH")
    answered = ask(f"{address}/limits?least_confidence=0.5").json["answered"]
    test = EvaluatedRun.open(finished_run).test
    is_sure = test.probabilities[:, 0] >= 0.5
    assert answered["answered"] == is_sure.sum() < len(test.targets)
    assert answered["accuracy"] == test.targets[is_sure, 0].mean()


def test_sets_and_calibration_are_those_of_the_report(address: str, finished_run: Path) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    calibration = evaluated.report.calibration
    assert calibration is not None
    assert ask(f"{address}/calibration").json == calibration.to_json()
    usual = calibration.usual_sets
    assert usual is not None
    answer = ask(f"{address}/sets").json
    assert answer["sets"]["coverage"] == usual.coverage
    expected = [row.coverage for row in coverage_by_class(evaluated.test, usual)]
    assert [row["coverage"] for row in answer["classes"]] == expected
    assert ask(f"{address}/sets?promise=0.5").status == 400


def test_strangers_of_a_run_without_a_score_are_not_found(address: str, finished_run: Path) -> None:
    assert ask(f"{address}/strangers").json["separation"]["auroc"] > 0.5
    (finished_run / "evaluation" / "strangers.json").unlink()
    assert ask(f"{address}/strangers").status == 404
    assert post(f"{address}/limits", {"stranger_share": 0.1}, method="PATCH").status == 404


def test_slices_mistakes_and_advice_are_those_of_the_page(address: str, finished_run: Path) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    test = evaluated.test
    scores = measure_slices(slice_source(evaluated), test.exact_matches, test.group_indices)
    slices = ask(f"{address}/slices").json["slices"]
    assert [one["accuracy"] for one in slices] == [score.accuracy for score in scores]
    mistakes = ask(f"{address}/mistakes").json
    assert mistakes["total"] == len(mistakes["mistakes"]) == evaluated.report.mistakes
    assert ask(f"{address}/mistakes?limit=0").status == 400
    assert all(0 <= one["weight"] <= 1 for one in ask(f"{address}/advice").json["advice"])


def test_the_use_of_the_test_set_is_counted(address: str) -> None:
    assert ask(f"{address}/test-set").json == {"runs": 1, "looks": 0, "informed": 0}


def test_a_heatmap_comes_with_its_verdict(address: str, finished_run: Path) -> None:
    explainer = Explainer(finished_run)
    expected = explainer.heatmap(THREE)
    answer = post_pictures(f"{address}/explain", THREE).json
    np.testing.assert_allclose(answer["values"], expected.values, rtol=1e-5, atol=1e-6)
    assert answer["class_name"] == "3"
    stored = explainer.stored_verdict(THREE, expected.class_index)
    assert stored is not None
    assert (answer["trust"], answer["verdict"]["ground"]) == (stored.trust, stored.ground)
    Image.open(io.BytesIO(base64.b64decode(answer["png"]))).verify()


def test_an_explanation_names_its_class_and_one_picture(address: str) -> None:
    other = post_pictures(f"{address}/explain?class_name=8&verdict=false", THREE).json
    assert (other["class_name"], other["verdict"], other["trust"]) == ("8", None, None)
    assert post_pictures(f"{address}/explain?class_name=9", THREE).status == 404
    assert post_pictures(f"{address}/explain", THREE, THREE).status == 400
    assert post_pictures(f"{address}/explain", b"nothing").status == 422


def test_the_most_similar_training_picture_is_the_picture_itself(address: str, finished_run: Path) -> None:
    dataset = EvaluatedRun.open(finished_run).dataset
    row = int(np.flatnonzero(dataset.pictures["split"] == "train")[0])
    found = post_pictures(f"{address}/similar?count=2", dataset.picture_bytes(row)).json
    assert found["pictures"][0]["id"] == dataset.pictures["id"].iloc[row]
    assert found["pictures"][0]["similarity"] == pytest.approx(1, abs=1e-3)


@pytest.fixture
def twin(finished_run: Path) -> Path:
    """A second run that answers the same."""
    return Path(shutil.copytree(finished_run, finished_run.with_name("run-twin")))


def test_runs_are_compared_by_a_test_of_their_difference(finished_run: Path, twin: Path) -> None:
    """Two runs with the same answers: nothing fixed, nothing broken, and chance explains it."""
    answer = post("/api/v1/comparisons", {"runs": [finished_run.name, twin.name]}).json
    assert [row["run"] for row in answer["comparison"]["rows"]] == [finished_run.name, twin.name]
    assert answer["comparison"]["has_same_test"]
    (test,) = answer["tests"]
    assert test["comparison"]["test"] == {"fixed": 0, "broken": 0, "p_value": 1.0, "comparisons": 1}
    assert test["comparison"]["leading"]["interval"][0] <= 0 <= test["comparison"]["leading"]["interval"][1]
    assert ask(f"/api/v1/runs/{finished_run.name}/disagreements?other={twin.name}").json == {"pictures": []}


@pytest.mark.parametrize(
    ("runs", "status"),
    [([], 400), (["run-twin"], 400), (["run-twin", "run-twin"], 400), (["no", "nor"], 404)],
)
def test_a_comparison_needs_two_runs(twin: Path, runs: list[str], status: int) -> None:
    assert post("/api/v1/comparisons", {"runs": runs}).status == status


def test_one_wrong_picture_is_a_disagreement_and_a_mistake(
    finished_run: Path, digits_project: Project
) -> None:
    """The other run is right everywhere but on one picture, which it takes for the next class."""
    dataset = EvaluatedRun.open(finished_run).dataset
    row = int(dataset.rows(Split.TEST)[0])
    other = evaluated_run(digits_project, dataset, "run-other", np.array([row]))
    address = f"/api/v1/runs/{other.name}"
    answer = ask(f"/api/v1/runs/{finished_run.name}/disagreements?other={other.name}").json
    (picture,) = (one for one in answer["pictures"] if one["id"] == dataset.pictures["id"].iloc[row])
    assert (picture["change"], picture["second_confidence"]) == ("broken", pytest.approx(0.8))
    assert picture["first"] == picture["label"] != picture["second"]
    (mistake,) = ask(f"{address}/mistakes").json["mistakes"]
    assert (mistake["id"], mistake["labels"], mistake["answers"]) == (
        picture["id"],
        [picture["label"]],
        [picture["second"]],
    )
    counts = np.array(ask(f"{address}/confusion").json["counts"])
    assert counts.sum() - counts.trace() == 1


def test_an_ensemble_of_twins_gains_nothing(finished_run: Path, twin: Path, digits_project: Project) -> None:
    address = f"/api/v1/projects/{digits_project.name}/ensembles/gain"
    assert post(address, {"members": [finished_run.name, twin.name]}).json["gain"] == "none"
    assert post(address, {"members": [finished_run.name]}).status == 400
    assert post(address, {"members": []}).status == 400
    assert post(address, {"members": ["none", twin.name]}).status == 404


def test_changes_since_a_run_are_counted(address: str, digits_project: Project) -> None:
    """An excluded picture counts as removed."""
    first = ask(f"/api/v1/projects/{digits_project.name}/pictures?split=train&limit=1").json["pictures"][0]
    post(f"/api/v1/projects/{digits_project.name}/exclusions", {"ids": [first["id"]]})
    answer = ask(f"{address}/changes").json
    assert answer["changes"] == {
        "relabelled": 0,
        "added": 0,
        "removed": 1,
        "test_changed": 0,
        "range_changed": False,
    }
    assert (answer["predecessor"], answer["successor"]) == (None, None)


def test_the_report_is_a_file_and_no_page_of_this_server(address: str) -> None:
    page = ask(f"{address}/report.html?pictures=false&language=zh_CN")
    assert page.headers["content-disposition"].startswith("attachment")
    assert 'lang="zh-CN"' in page.body.decode()
    assert ask(f"{address}/report.html?language=none").status == 400
    assert ask(f"{address}/model-card").body.startswith(b"---\nlibrary_name: keras")


def test_a_chosen_threshold_is_that_of_the_classifier(address: str, finished_run: Path) -> None:
    post(f"{address}/thresholds", {"thresholds": {"8": 0.9}}, method="PATCH")
    assert Classifier(finished_run).labels.thresholds == (None, None, 0.9)
