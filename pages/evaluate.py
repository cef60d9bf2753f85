"""Evaluate page: the report on test pictures, and the worst mistakes."""

from __future__ import annotations

from core.data.dataset import open_dataset
from core.evaluation.report import MultiLabelReport, read_report
from core.jobs.directory import JobDirectory
from pages.ui.evaluate.multi_class import multi_class_report
from pages.ui.evaluate.multi_label import multi_label_report
from pages.ui.runs import require_run
from pages.ui.shell import next_step, page_title, require_project
from pages.ui.steps import Step
from pages.ui.text import _

page_title(_("Evaluate"), _("The final test, on pictures that training never used."))
project = require_project()
run = require_run(project, delivered=False)
report = read_report(run)
dataset = open_dataset(project, JobDirectory(run).config()["dataset_version"])
if isinstance(report, MultiLabelReport):
    multi_label_report(report, dataset, run)
else:
    multi_class_report(report, dataset, run)
next_step(Step.PREDICT, _("try it on new pictures"))
