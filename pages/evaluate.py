"""Evaluate: how good a classifier is on pictures it has never seen, and where it errs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.data.labels.task import Task
from core.evaluation.report import read_predictions, read_report, worst_mistakes
from core.jobs.directory import JobDirectory
from core.workspace import Project
from pages.ui.charts import accuracy_bars, confusion_heatmap
from pages.ui.evaluate.multi_label import report_of_several
from pages.ui.gallery import Tile, gallery
from pages.ui.runs import require_run
from pages.ui.shell import next_step, page_title, require_project
from pages.ui.steps import Step
from pages.ui.text import _, escape, ngettext, number, percent

_MOST_MISTAKES = 24
_ROW_PIXELS, _MOST_ROWS = 35, 20


def headline(report: dict[str, Any]) -> None:
    """The answer in one sentence and one chart."""
    low, high = report["accuracy_interval"]
    st.markdown(
        "### " + _("{accuracy} of the test pictures are right").format(accuracy=percent(report["accuracy"]))
    )
    st.markdown(
        _(
            "On new pictures like these, expect between {low} and {high}. "
            "Always guessing {majority} would get {baseline}. Measured on {n} pictures that training never saw."
        ).format(
            low=percent(low),
            high=percent(high),
            majority=f"“{escape(report['majority_class'])}”",
            baseline=percent(report["majority_baseline"]),
            n=number(report["pictures"]),
        )
    )
    figure = accuracy_bars(
        report["accuracy"], report["accuracy_interval"], report["majority_baseline"], report["majority_class"]
    )
    st.plotly_chart(figure, config={"displayModeBar": False}, key="accuracy")
    if "roc_auc" in report:
        of_two_classes(report)


def of_two_classes(report: dict[str, Any]) -> None:
    """How well two classes are told apart, wherever the line between them is drawn."""
    precisions = [
        _("{name} {percent}").format(name=escape(name), percent=percent(value))
        for name, value in report["average_precision"].items()
    ]
    st.markdown(
        _("Area under the ROC curve: **{area}**. Average precision: {precisions}.").format(
            area=f"{report['roc_auc']:.3f}", precisions=", ".join(precisions)
        ),
        help=_(
            "The area is how often, of a picture of each class, the right one gets the higher probability: "
            "100% is perfect, 50% is chance."
        ),
    )


def class_table(report: dict[str, Any]) -> None:
    """Precision, recall and F1 of each class, then their averages."""
    rows = [
        {key: (row[key] if key in {"name", "support"} else 100 * row[key]) for key in row}
        for row in report["classes"]
    ]
    for average, words in (("macro", _("macro mean")), ("weighted", _("weighted mean"))):
        means = {key: 100 * value for key, value in report[average].items()}
        rows.append({"name": words, **means, "support": report["pictures"]})
    column = st.column_config.NumberColumn
    columns = {
        "name": st.column_config.TextColumn(_("Class"), width=110),
        "precision": column(
            _("Precision"), format="%.1f%%", help=_("Of the pictures it called so, how many are")
        ),
        "recall": column(_("Recall"), format="%.1f%%", help=_("Of the pictures that are, how many it found")),
        "f1": column(_("F1"), format="%.1f%%", help=_("Both in one number")),
        "support": column(_("Pictures"), help=_("Test pictures of this class")),
    }
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config=columns,
        height=_table_height(len(rows)),
        key="class-table",
    )


def _table_height(rows: int) -> int:
    """Every row in sight up to a screenful, in pixels."""
    return _ROW_PIXELS * (1 + min(rows, _MOST_ROWS)) + 3


def mistakes(dataset: Dataset, run: Path, wrong_count: int) -> None:
    """The most confident mistakes, as pictures."""
    st.subheader(_("Worst mistakes"), anchor=False)
    if not wrong_count:
        st.markdown(_("None: every test picture is right."))
        return
    worst = worst_mistakes(read_predictions(run), _MOST_MISTAKES)
    st.markdown(
        ngettext(
            "{n} test picture is wrong. Sometimes the label is, not the classifier.",
            "{n} test pictures are wrong; these are the ones it was surest about. Sometimes the label is wrong, not the classifier.",
            wrong_count,
        ).format(n=number(wrong_count))
    )
    row_of = {picture: row for row, picture in enumerate(dataset.pictures["id"])}
    columns = (worst["id"], worst["label"], worst["predicted"], worst["confidence"])
    tiles = [
        Tile(
            picture=dataset.thumbnail(row_of[picture]),
            strong=f"{label} → {answer}",
            caption=percent(confidence),
        )
        for picture, label, answer, confidence in zip(*columns, strict=True)
    ]
    gallery(tiles, key="mistakes", tile_pixels=120)
    st.caption(_("true class → answer, and how sure the classifier was"))


def evaluated_dataset(project: Project, run: Path) -> Dataset:
    """The version of the pictures that the run was trained on."""
    return open_dataset(project, JobDirectory(run).config()["dataset_version"])


def report_of_one(report: dict[str, Any], dataset: Dataset, run: Path) -> None:
    """The whole report where a picture has one class."""
    headline(report)
    wrong = report["pictures"] - round(report["accuracy"] * report["pictures"])
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.subheader(_("What is taken for what"), anchor=False)
        class_names = [row["name"] for row in report["classes"]]
        st.plotly_chart(
            confusion_heatmap(report["confusion"], class_names),
            config={"displayModeBar": False},
            key="confusion",
        )
        st.caption(
            _(
                "Rows are the true classes, columns the answers. The diagonal is right; everything else is a mistake."
            )
        )
    with right:
        st.subheader(_("Class by class"), anchor=False)
        class_table(report)
    mistakes(dataset, run, wrong)


page_title(_("Evaluate"), _("The honest exam: pictures that were kept hidden while training."))
project = require_project()
run = require_run(project, delivered=False)
report = read_report(run)
if report.get("task") == Task.MULTI_LABEL:
    report_of_several(report, evaluated_dataset(project, run), run)
else:
    report_of_one(report, evaluated_dataset(project, run), run)
next_step(Step.PREDICT, _("try it on new pictures"))
