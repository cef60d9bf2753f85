"""An evaluated run, opened from its files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun, measured_report
from core.evaluation.report import ScoreSummary, predictions_file, read_predictions, report_file
from core.files import read_json, write_json
from core.records import write_record
from tests.support.made_runs import make_evaluated, make_project, sure_answers


def test_stored_predictions_and_labels_give_the_report_again(finished_run: Path) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    assert evaluated.test.exact_matches.sum() == evaluated.report.correct
    assert len(evaluated.validation.targets) == len(evaluated.rows(Split.VALIDATION))


def test_pictures_erased_since_the_evaluation_are_left_out(finished_run: Path) -> None:
    """The other pictures keep their own predictions."""
    evaluated = EvaluatedRun.open(finished_run)
    rows = evaluated.rows(Split.TEST)
    pictures = evaluated.dataset.pictures.drop(index=evaluated.dataset.pictures.index[rows[0]])
    without = EvaluatedRun(
        run=evaluated.run,
        dataset=replace(evaluated.dataset, pictures=pictures),
        report=evaluated.report,
    )
    np.testing.assert_array_equal(without.test.probabilities, evaluated.test.probabilities[1:])


def test_no_answer_counts_as_wrong_in_an_older_report_too() -> None:
    """It took probabilities that are NaN for the first class: here all 12 pictures were right."""
    project = make_project({"a": 10, "b": 10}, {"a": 4, "b": 4}, {"a": 6, "b": 6})
    validation, test = (sure_answers(np.arange(2).repeat(count), 2) for count in (4, 6))
    test[:3] = np.nan
    run = make_evaluated(project, "run-1", validation, test).run
    stored = read_json(report_file(run))
    del stored["unanswered"]
    write_json(report_file(run), stored | {"accuracy": 1.0, "correct": 12})
    table = read_predictions(run)
    older = table.assign(predicted=table["predicted"].replace("", "a"))
    older.to_parquet(predictions_file(run), index=False)
    report = measured_report(run)
    assert (report.accuracy, report.correct, report.unanswered) == (0.75, 9, 3)
    opened = EvaluatedRun.open(run)
    assert opened.report == report
    assert (opened.predictions["predicted"] == "").sum() == 3


def test_an_older_report_without_such_answers_stays_as_it_was() -> None:
    project = make_project({"a": 10, "b": 10}, {"a": 4, "b": 4}, {"a": 6, "b": 6})
    validation, test = (sure_answers(np.arange(2).repeat(count), 2) for count in (4, 6))
    run = make_evaluated(project, "run-1", validation, test).run
    stored = read_json(report_file(run))
    del stored["unanswered"]
    write_json(report_file(run), stored | {"accuracy": 0.875})
    assert measured_report(run).accuracy == EvaluatedRun.open(run).report.accuracy == 0.875
    assert measured_report(run).unanswered == 0


def test_a_run_without_validation_pictures_left_can_be_opened() -> None:
    project = make_project({"a": 10, "b": 10}, {"a": 4, "b": 4}, {"a": 6, "b": 6})
    validation, test = (sure_answers(np.arange(2).repeat(count), 2) for count in (4, 6))
    evaluated = make_evaluated(project, "run-1", validation, test)
    pictures = evaluated.dataset.pictures
    left = replace(evaluated.dataset, pictures=pictures[pictures["split"] != Split.VALIDATION.value])
    without = EvaluatedRun(run=evaluated.run, dataset=left, report=evaluated.report)
    assert without.validation.probabilities.shape == (0, 2)
    np.testing.assert_array_equal(without.test.probabilities, evaluated.test.probabilities)


def test_results_of_a_continued_run_belong_to_its_earlier_state(finished_run: Path) -> None:
    """So do results that this version cannot read: they can be computed again."""
    evaluated = EvaluatedRun.open(finished_run)
    assert evaluated.read_result("scores.json", ScoreSummary) is None
    scores = ScoreSummary(accuracy=0.5, macro_f1=0.4, majority_baseline=0.3)
    write_record(evaluated.file("scores.json"), scores)
    assert evaluated.read_result("scores.json", ScoreSummary) == scores
    written = evaluated.file("scores.json").stat().st_mtime
    os.utime(evaluated.file("report.json"), (written + 1, written + 1))
    assert evaluated.read_result("scores.json", ScoreSummary) is None
    evaluated.file("scores.json").write_text("{", encoding="utf-8")
    assert evaluated.read_result("scores.json", ScoreSummary) is None
