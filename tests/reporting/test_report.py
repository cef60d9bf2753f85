"""Report and model card of a run that was trained for real."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml

from core.__main__ import main
from core.catalogues import translations
from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import choose_metric
from core.evaluation.learning_curve.records import (
    CurvePoint,
    Forecast,
    ForecastPoint,
    LearningCurve,
    write_learning_curve,
)
from core.evaluation.robustness.records import Condition, CorruptionResult, RobustnessReport
from core.evaluation.strangers.materials import StrangerKind
from core.evaluation.strangers.measuring import Separation, StrangerReport
from core.evaluation.thresholds.answers import answered_by, write_chosen_thresholds
from core.files import hash_file
from core.formatting import percent
from core.jobs.directory import JobDirectory
from core.models.backbones import get_backbone
from core.records import write_record
from core.reporting.blocks import Chart, Paragraph, Table
from core.reporting.html import report_html
from core.reporting.model_card import model_card
from core.reporting.sections import table
from core.reporting.sections.scores import class_blocks
from core.reporting.sections.section import ReportSection
from core.reporting.source import ReportSource
from core.runs.compare import describe_run
from core.training.artifacts import head_file
from core.training.heads.held_out import HeldOut
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.workspace import project_of
from tests.support.adapted import adapted_backbone
from tests.support.made_runs import make_evaluated, make_project, sure_answers

HOSTILE = '<img src=x onerror="alert(1)">'


class Page(HTMLParser):
    """Elements of a page: addresses that it loads, headings, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attributes if name in {"src", "href", "data"}]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def source(finished_run: Path) -> ReportSource:
    return ReportSource(evaluated=EvaluatedRun.open(finished_run))


def test_the_report_loads_nothing_from_outside(source: ReportSource) -> None:
    page = Page(report_html(source))
    assert all(address.startswith(("#", "data:image/jpeg;base64,")) for address in page.addresses)
    assert "script" not in page.tags


def test_pictures_without_an_answer_are_said(source: ReportSource) -> None:
    """In the report and the model card, beside an accuracy in which they count as wrong."""
    assert "(NaN)" not in Page(report_html(source)).text
    report = replace(source.evaluated.report, unanswered=2)
    lacking = replace(source, evaluated=replace(source.evaluated, report=report))
    sentence = "Test pictures for which the network computes no numbers (NaN): 2."
    assert sentence in Page(report_html(lacking)).text
    assert "no numbers \\(NaN\\): 2" in model_card(lacking)


def test_the_report_states_accuracy_checksums_and_digest(source: ReportSource) -> None:
    text = Page(report_html(source)).text
    report = source.evaluated.report
    assert f"{percent(report.accuracy)} of {report.pictures} test pictures are right." in text
    assert hash_file(source.run / "model.tflite") in text
    assert source.evaluated.dataset.digest in text
    assert "Learning rate" in text
    assert f"Accuracy{percent(report.accuracy)}" in text
    assert f"{percent(report.majority_baseline)}Fraction of the pictures whose whole answer is right" in text


def test_settings_have_the_names_of_the_pages_in_the_language_of_the_reader(source: ReportSource) -> None:
    """A code such as ``augmentation.randaugment`` means nothing to who reads a report."""
    text = Page(report_html(source)).text
    assert "Augmentation: RandAugment" in text
    assert "Schedule of the learning rateCosine with warm-up" in text
    assert "randaugment" not in text
    assert "optimizer." not in text
    chinese = replace(source, translate=translations("zh_CN").gettext)
    assert "学习率" in Page(report_html(chinese)).text


def test_a_reader_who_may_not_see_pictures_gets_none(
    source: ReportSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Charts are no pictures of the dataset. The shared run has no mistakes, so right answers stand for them."""
    monkeypatch.setattr(
        "core.reporting.sections.mistakes.worst_mistakes",
        lambda predictions, limit: predictions[predictions["split"] == Split.TEST.value].head(limit),
    )
    pictures = "data:image/jpeg"
    assert pictures in report_html(source)
    hidden = ReportSource(evaluated=source.evaluated, has_pictures=False)
    assert pictures not in report_html(hidden)
    assert "<svg" in report_html(hidden)


def test_results_of_jobs_stand_in_the_report_once_they_exist(source: ReportSource) -> None:
    assert "JPEG" not in Page(report_html(source)).text
    clean, worse = condition(0.9, (0.0, 0.0)), condition(0.4, (0.3, 0.7))
    robustness = RobustnessReport(
        pictures=20,
        test_pictures=20,
        groups=20,
        class_names=("3",),
        support=(20,),
        clean=clean,
        corruptions=(CorruptionResult(code="jpeg", conditions=(clean, worse)),),
    )
    write_record(source.evaluated.file("robustness.json"), robustness)
    area = Separation(auroc=0.975, interval=(0.9, 0.99))
    strangers = StrangerReport(
        fitted_on=42,
        validation_pictures=9,
        test_pictures=9,
        strangers={StrangerKind.NOISE.value: 9},
        separation=area,
        by_kind={StrangerKind.NOISE.value: area},
    )
    write_record(source.evaluated.file("strangers.json"), strangers)
    points = tuple(CurvePoint(pictures=n, accuracies=(share,)) for n, share in ((10, 0.5), (20, 0.7)))
    forecast = Forecast(
        gain=0.04,
        interval=(0.01, 0.07),
        curve=(
            ForecastPoint(pictures=10, accuracy=0.5, interval=(0.5, 0.5)),
            ForecastPoint(pictures=40, accuracy=0.74, interval=(0.7, 0.8)),
        ),
        classes=(),
    )
    learning = LearningCurve(points=points, validation_pictures=9, forecast=forecast)
    write_learning_curve(source.evaluated, learning)
    page = Page(report_html(source))
    assert "4.0 points of accuracy (95% interval 1.0 to 7.0)" in page.text
    assert "40% *" in page.text
    assert "90% *" not in page.text
    assert "0.975 (0.900–0.990)" in page.text


def test_the_metric_that_matters_stands_beside_the_accuracy(source: ReportSource) -> None:
    """Recall of the 8 is its fraction of the report."""
    names = source.evaluated.dataset.class_names
    metric = LeadingMetric(kind=LeadingKind.RECALL, class_name="8", class_names=names)
    assert "The metric that matters" not in report_html(source)
    choose_metric(project_of(source.run), metric)
    (recall,) = [row.recall for row in source.evaluated.report.classes if row.name == "8"]
    assert f"Recall of “8”: {percent(recall)} (95% interval" in Page(report_html(source)).text


def condition(accuracy: float, drop: tuple[float, float]) -> Condition:
    """Accuracy at one strength, with its proven loss."""
    return Condition(
        strength=0.5,
        accuracy=accuracy,
        accuracy_interval=(0.1, 1.0),
        drop=0.9 - accuracy,
        drop_interval=drop,
        recalls=(accuracy,),
        recall_intervals=((0.1, 1.0),),
    )


def test_names_are_text_and_never_markup(source: ReportSource) -> None:
    describe_run(JobDirectory(source.run), name=HOSTILE, note="**bold** | cell")
    assert HOSTILE not in report_html(source)
    assert HOSTILE in Page(report_html(source)).text
    assert HOSTILE not in model_card(source).split("---\n", 2)[2]


def test_a_new_section_appears_by_its_row_alone(
    source: ReportSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ReportSection(
        code="throwaway", title="Throwaway", blocks=lambda source: [Paragraph(text="of its own")]
    )
    monkeypatch.setattr(table, "SECTIONS", (*table.SECTIONS, row))
    assert "of its own" in Page(report_html(source)).text


def test_the_model_card_holds_the_metrics_in_its_head(source: ReportSource) -> None:
    _, head, body = model_card(source).split("---\n", 2)
    metadata = yaml.safe_load(head)
    (result,) = metadata["model-index"][0]["results"]
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values["accuracy"] == source.evaluated.report.accuracy
    assert values["f1"] == source.evaluated.report.macro.f1
    assert all(f"| {row.name} |" in body for row in source.evaluated.report.classes)


def test_the_model_card_counts_all_pictures_that_the_classifier_learnt_from(source: ReportSource) -> None:
    """A head that cross-validation chose has learnt from the validation pictures, too."""
    parts = source.evaluated.dataset.pictures["split"].value_counts()
    assert f"on {parts['train']} pictures." in model_card(source)
    few = HeldOut(logits=np.zeros((1, 3), np.float32), temperature=1.0)
    few.save(head_file(source.evaluated.run).parent, ["a"])
    again = replace(source, evaluated=replace(source.evaluated))
    assert f"on {parts['train'] + parts['validation']} pictures." in model_card(again)


def test_the_model_card_says_to_what_a_backbone_was_adapted(
    source: ReportSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapted = get_backbone(adapted_backbone(project_of(source.run)))
    monkeypatch.setattr("core.reporting.source.run_backbones", lambda run: (adapted,))
    assert "was adapted to 84 training and unlabelled pictures without labels" in model_card(source)


def test_report_and_card_measure_the_answers_by_the_chosen_thresholds(source: ReportSource) -> None:
    """They travel with exports, which answer by them: the default's accuracy would be that of another classifier."""
    evaluated = source.evaluated
    sentence = "It answers by thresholds that a person chose"
    assert sentence not in model_card(source) + Page(report_html(source)).text
    # Far from every probability, so that rounding changes no answer.
    lower, higher = np.sort(evaluated.test.probabilities[:, 1])[4:6]
    chosen = (None, float(np.sqrt(lower * higher)), None)
    write_chosen_thresholds(source.run, chosen, (None, None, None))
    test = answered_by(evaluated.test, chosen)
    accuracy = float(test.exact_matches.mean())
    assert accuracy != evaluated.report.accuracy
    again = ReportSource(evaluated=evaluated)
    _, head, body = model_card(again).split("---\n", 2)
    (result,) = yaml.safe_load(head)["model-index"][0]["results"]
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values["accuracy"] == accuracy
    text = Page(report_html(again)).text
    for written in (body, text):
        assert sentence in written
        assert f"{percent(accuracy)} of" in written
    assert again.report.mistakes == len(again.test_table.query("label != predicted"))


def test_a_class_that_no_test_picture_shows_has_no_scores() -> None:
    """Its recall is unknown: 0% would be the worst class of all, the first in the chart."""
    project = make_project({"a": 10, "b": 10, "c": 10}, {"a": 4, "b": 4, "c": 4}, {"a": 6, "b": 6, "c": 0})
    validation, test = (
        sure_answers(np.arange(classes).repeat(count), 3) for classes, count in ((3, 4), (2, 6))
    )
    source = ReportSource(evaluated=make_evaluated(project, "run-1", validation, test))
    assert "| c | – | – | – | 0 |" in model_card(source)
    chart, scores = class_blocks(source)
    assert isinstance(chart, Chart)
    assert isinstance(scores, Table)
    assert ">c<" not in chart.svg
    assert scores.rows[2] == ("c", "–", "–", "–", "0")
    assert scores.rows[0][2].startswith("100")


def test_the_command_line_writes_both(
    source: ReportSource, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, card = tmp_path / "report.html", tmp_path / "README.md"
    command = ["evaluate", source.run.name, "--report", str(report), "--model-card", str(card), "--json"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["report"] == str(report)
    assert report.read_text(encoding="utf-8") == report_html(source)
    assert card.read_text(encoding="utf-8") == model_card(source)


def test_a_report_that_cannot_be_written_is_an_error_with_its_path(
    source: ReportSource, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "no-folder" / "report.html"
    file.parent.write_text("a file", encoding="utf-8")
    assert main(["evaluate", source.run.name, "--report", str(file)]) == 2
    assert str(file) in capsys.readouterr().err
