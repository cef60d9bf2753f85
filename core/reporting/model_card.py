"""Model card: Markdown with a YAML head, in the form that Hugging Face reads.

Format: https://huggingface.co/docs/hub/model-cards
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

import core
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics import table as metric_table
from core.files import whole_file
from core.formatting import percent, percent_interval
from core.messages import N_
from core.models.adapted import find_adapted
from core.records import JsonObject
from core.reporting.sections.limits import limits
from core.reporting.sections.result import UNANSWERED
from core.reporting.source import ReportSource

# Metrics by the names under which Hugging Face lists them.
_HUB_METRICS = {
    "accuracy": "accuracy",
    "macro_precision": "precision",
    "macro_recall": "recall",
    "macro_f1": "f1",
    "roc_auc": "roc_auc",
    "matthews": "matthews_correlation",
    "mean_average_precision": "mean_average_precision",
}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#|<>~$!-])")


def model_card(source: ReportSource) -> str:
    """Write the model card; it holds no pictures."""
    head = yaml.safe_dump(_metadata(source), allow_unicode=True, sort_keys=False)
    return f"---\n{head}---\n\n{_body(source)}"


def run_card(run: Path) -> str:
    """Write the model card of an evaluated run, in English.

    Raises:
        NotFoundError: the run was not evaluated, or its dataset version was erased.
    """
    return model_card(ReportSource(evaluated=EvaluatedRun.open(run)))


def write_model_card(source: ReportSource, path: Path) -> None:
    """Write the model card to a file, atomically."""
    text = model_card(source)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _metadata(source: ReportSource) -> JsonObject:
    return {
        "library_name": "keras",
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", "darkroom", *(backbone.key for backbone in source.backbones)],
        "model-index": [{"name": source.title, "results": [_result(source)]}],
    }


def _result(source: ReportSource) -> JsonObject:
    evaluated = source.evaluated
    dataset = evaluated.dataset
    metrics = [
        {
            "type": _HUB_METRICS[metric.code],
            "value": source.report.metrics[metric.code],
            "name": metric.label,
        }
        for metric in metric_table.METRICS
        if metric.code in _HUB_METRICS and metric.code in source.report.metrics
    ]
    return {
        "task": {"type": "image-classification"},
        "dataset": {
            "type": dataset.folder.parent.name,
            "name": dataset.folder.parent.name,
            "split": "test",
            "revision": dataset.digest,
        },
        "metrics": metrics,
    }


def _body(source: ReportSource) -> str:
    parts = [
        f"# {_plain(source.title)}",
        _introduction(source),
        _section(source, N_("Limits"), _limit_lines(source)),
        _section(source, N_("Class by class"), _class_lines(source)),
        _section(source, N_("How to use it"), [_usage(source)]),
    ]
    return "\n\n".join(parts) + "\n"


def _introduction(source: ReportSource) -> str:
    report, dataset = source.report, source.evaluated.dataset
    task = (
        N_("An image classifier: each picture gets any number of {n} labels.")
        if dataset.task is Task.MULTI_LABEL
        else N_("An image classifier: each picture gets one of {n} classes.")
    )
    sentences = (
        source.say(task, n=len(dataset.class_names)),
        source.say(
            N_(
                "{accuracy} of {n} test pictures are right (95% interval {interval}); always answering “{majority}” would get {baseline}."
            ),
            accuracy=percent(report.accuracy),
            n=f"{report.pictures:,}",
            interval=percent_interval(report.accuracy_interval),
            majority=report.majority_class,
            baseline=percent(report.majority_baseline),
        ),
        *([source.chosen_thresholds] if source.chosen_thresholds else []),
        *([source.say(UNANSWERED, n=f"{report.unanswered:,}")] if report.unanswered else []),
        source.say(
            N_("Backbone: {backbone}. Trained with {program} on {n} pictures."),
            backbone=source.backbone_names,
            program=f"Darkroom {core.__version__}",
            n=f"{_pictures_learnt(source):,}",
        ),
        *([source.averaged_views] if source.averaged_views else []),
        *_adaptations(source),
    )
    return "\n\n".join(_plain(sentence) for sentence in sentences)


def _adaptations(source: ReportSource) -> Iterator[str]:
    """Say what each adapted backbone was adapted to."""
    for backbone in source.backbones:
        record = find_adapted(backbone.key) if backbone.parent else None
        if record is not None:
            yield source.say(
                N_(
                    "{backbone} was adapted to {n} training and unlabelled pictures without labels ({method})."
                ),
                backbone=backbone.name,
                n=f"{record.pictures:,}",
                method=record.method,
            )


def _pictures_learnt(source: ReportSource) -> int:
    """Count the pictures that taught the classifier; after cross-validation also those to validate."""
    parts = {Split.TRAIN, Split.VALIDATION} if source.evaluated.learnt_from_validation else {Split.TRAIN}
    return int(source.evaluated.dataset.pictures["split"].isin([part.value for part in parts]).sum())


def _limit_lines(source: ReportSource) -> list[str]:
    return [f"- {_plain(limit.render(source.translate))}" for limit in limits(source)]


def _class_lines(source: ReportSource) -> list[str]:
    say = source.say
    columns = (N_("Class"), N_("Precision"), N_("Recall"), N_("F1"), N_("Test pictures"))
    head = "| " + " | ".join(say(column) for column in columns) + " |"
    rows = [
        f"| {_plain(row.name)} | {' | '.join(map(_score, row.defined_scores.values()))} | {row.support:,} |"
        for row in source.report.classes
    ]
    return [head, "|---|---|---|---|---|", *rows]


def _score(value: float | None) -> str:
    return "–" if value is None else percent(value)


def _usage(source: ReportSource) -> str:
    sentence = N_(
        "The input is a uint8 RGB picture, stretched to {side} × {side} pixels; preprocessing is inside the network. The output is one probability for each class, in the order of the table."
    )
    return _plain(source.say(sentence, side=source.input_size))


def _section(source: ReportSource, title: str, lines: list[str]) -> str:
    return f"## {source.say(title)}\n\n" + "\n".join(lines)


def _plain(text: str) -> str:
    """Escape what Markdown would take for markup."""
    return _MARKDOWN.sub(r"\\\1", text.replace("\n", " "))
