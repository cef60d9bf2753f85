"""Workspaces that older versions wrote: unpacking, reading by today's code, comparison with the record.

``tests/data/older_versions/`` holds, for a commit, a packed workspace, the script that made
it, and the record of what that commit's own code read in it.
"""

from __future__ import annotations

import json
import lzma
import re
import tarfile
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from core.data.additions import what_was_added
from core.data.dataset import Dataset, open_dataset
from core.data.editing.leak_report import leak_report
from core.data.history import list_versions
from core.data.labels.label_sets import shows_class
from core.data.labels.layout import Split
from core.data.version_record import version_numbers
from core.delivery.files import is_delivered
from core.doctor.findings import Finding
from core.doctor.labelling.job import labels_suggested, open_groups, read_labelling_data
from core.doctor.report import dismissals
from core.doctor.report import read_report as read_doctor_report
from core.evaluation.report import has_report, read_predictions
from core.evaluation.report import read_report as read_evaluation
from core.jobs.directory import JobDirectory
from core.runs.compare import compare_runs, run_about
from core.runs.control import finishing_job
from core.search.config import SearchConfig
from core.search.records import SearchSummary, counts, ranked, read_search_progress, read_trials
from core.training.artifacts import has_own_network
from core.training.bakeoff.results import read_bake_off, sensible_choice
from core.training.checkpoint import Checkpoints
from core.training.config import TrainingConfig
from core.training.phases import CODES_OF_0_1_0
from core.training.records import BatchRecord, EpochRecord, TrainingSummary
from core.workspace import Project, project_of, project_settings

FOLDER = Path(__file__).parents[1] / "data" / "older_versions"
# Absolute paths in the packed workspace begin with this; no such folder exists.
_NEUTRAL_HOME = "/home/user/darkroom/workspace"
# Keys and codes that have another name today, by the last keys of their path.
_PHASES = {code: phase.value for phase, code in CODES_OF_0_1_0.items()}
_RENAMED_KEYS = {"watch": "monitor", **_PHASES}
_RENAMED_CODES = {
    "kind": {"trial": "profile", "handover": "export_dataset"},
    # Of settings: the parameters of a trial keep the codes that their study stores.
    "head/pooling": {"mean": "global", "quarters": "grid"},
    "phase": _PHASES,
    "linear_phase": _PHASES,
}
_PLACEHOLDER = re.compile(r"\{\w*\}")
_FIGURE = re.compile(r"“[^”]*”|\d+(?:\.\d+)?")

Facts = dict[str, Any]


@cache
def recorded_facts(commit: str) -> Facts:
    """The facts that the commit's own code read in its workspace."""
    return dict(json.loads(lzma.decompress((FOLDER / f"workspace_{commit}.json.xz").read_bytes())))


def unpack_workspace(commit: str, folder: Path) -> Path:
    """Unpack the commit's workspace below ``folder``; the paths in its files are those of another folder."""
    with tarfile.open(FOLDER / f"workspace_{commit}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "workspace"


def with_neutral_paths(facts: Facts, home: Path) -> Facts:
    """The facts as plain JSON, with paths as recorded."""
    return dict(json.loads(json.dumps(facts, default=_plain).replace(str(home), _NEUTRAL_HOME)))


def differences(recorded: Any, read: Any, path: str = "") -> list[str]:
    """Values that today's code reads otherwise than recorded, each with its path.

    A sentence may have been reworded: its figures and quoted names must be the same.
    """
    if isinstance(recorded, Mapping) and recorded.keys() == {"text", "template"}:
        return _sentence_differences(recorded["text"], read, path)
    if isinstance(recorded, Mapping) and isinstance(read, Mapping):
        return _mapping_differences(recorded, read, path)
    if isinstance(recorded, list) and isinstance(read, list) and len(recorded) == len(read):
        pairs = enumerate(zip(recorded, read, strict=True))
        return [
            line for number, (one, other) in pairs for line in differences(one, other, f"{path}[{number}]")
        ]
    return [] if recorded == read else [f"{path}: {recorded!r} became {read!r}"]


def sentence_facts(message: Any) -> str | None:
    """A sentence as a person reads it in English."""
    return None if message is None else str(message)


def _leak_facts(dataset: Dataset) -> Facts:
    """The leak report, with the key of that version for leaking pictures."""
    facts = leak_report(dataset).to_json()
    return facts | {"straddling": facts.pop("leaking")}


def dataset_facts(project: Project) -> Facts:
    """Everything that the Data page shows of a project."""
    newest, labelling_data, report = (
        open_dataset(project),
        read_labelling_data(project.dataset),
        read_doctor_report(project),
    )
    bake_off = read_bake_off(project)
    choice = bake_off and sensible_choice(bake_off.entries)
    return {
        "settings": project_settings(project),
        "history": [
            {"number": info.number, "who": info.who, "pictures": info.pictures, "classes": info.classes}
            | {"what": sentence_facts(info.edit)}
            for info in list_versions(project)
        ],
        "leaks": _leak_facts(newest),
        "doctor": report
        and {
            "version": report.version,
            "pictures": report.pictures,
            "with_features": report.with_features,
            "findings": [_finding_facts(finding) for finding in report.findings],
        },
        "dismissed": sorted(map(list, dismissals(project))),
        "label_groups": labelling_data and [list(group.ids) for group in open_groups(labelling_data, newest)],
        "suggestible": labelling_data and list(labels_suggested(labelling_data, newest).class_names),
        "bakeoff": bake_off
        and {
            "sample": asdict(bake_off.sample),
            "entries": [asdict(entry) for entry in bake_off.entries],
            "choice": choice and {"backbone": choice.backbone, "reason": sentence_facts(choice.reason)},
        },
    }


def version_facts(project: Project, number: int) -> Facts:
    """A version; of its pictures those that differ from the version before."""
    dataset, added = open_dataset(project, number), what_was_added(project, number)
    earlier = [other for other in version_numbers(project.dataset) if other < number]
    rows, before = _rows(dataset), _rows(open_dataset(project, earlier[-1])) if earlier else {}
    pictures = dataset.pictures
    return {
        "task": dataset.task.value,
        "class_names": list(dataset.class_names),
        "all_class_names": list(dataset.all_class_names),
        "counts": dataset.counts(),
        "left_out_classes": {name: str(reason) for name, reason in dataset.left_out_classes.items()},
        "pictures": len(pictures),
        "all_pictures": len(dataset.all_pictures),
        "digest": dataset.digest,
        "splits": {part.value: len(dataset.rows(part)) for part in Split},
        "splits_by_class": {
            name: {part.value: int((pictures["split"][shown] == part.value).sum()) for part in Split}
            for name in dataset.class_names
            for shown in [shows_class(pictures["label"], name, dataset.task)]
        },
        "rows": {key: row for key, row in rows.items() if before.get(key) != row},
        "gone": sorted(before.keys() - rows.keys()),
        "skipped_files": len(dataset.skipped),
        "added": added
        and {
            "labels": added.labels,
            "count": added.count,
            "excluded": added.excluded,
            "here_already": [item.file for item in added.duplicates],
            "left_out": [item.file for item in added.left_out],
        },
    }


def job_facts(job: JobDirectory) -> Facts:
    status = job.status()
    return {
        "name": job.name,
        "kind": job.kind,
        "state": status.state.value,
        "stage": status.stage or "",
        "error": sentence_facts(status.error),
        "is_bug": status.is_bug,
        "stages": list(status.seconds or {}),
    }


def run_facts(run: JobDirectory) -> Facts:
    """Everything that the Train and Evaluate pages show of a run."""
    status, rest, result = run.status(), finishing_job(project_of(run.path), run.path), run.result()
    epochs = [EpochRecord.from_json(line) for line in run.metrics()]
    summary = TrainingSummary.from_json(result["training"]) if result else None
    phases = [epoch.phase.value for epoch in epochs if epoch.phase]
    return {
        **asdict(compare_runs([run]).rows[0]),
        "environment": run.environment().as_answer(),
        "stage": status.stage or "",
        "error": sentence_facts(status.error),
        "is_bug": status.is_bug,
        "config": TrainingConfig.from_json(run.config()).to_json(),
        "about": asdict(run_about(run)),
        "search": (result or {}).get("search"),
        "training": summary and summary.to_json(),
        "best_epoch": summary and summary.best and summary.best.epoch,
        "phases": {phase: phases.count(phase) for phase in phases},
        "lines": len(epochs),
        "last_line": epochs[-1].to_json() if epochs else None,
        "batches": len([BatchRecord.from_json(line) for line in run.batches()]),
        "own_network": has_own_network(run.path),
        "delivered": is_delivered(run.path),
        "finished_by": rest and rest.name,
        "place": _resume_point(run),
        **evaluation_facts(run),
    }


def _resume_point(run: JobDirectory) -> Facts | None:
    """The resume point as that version wrote it."""
    point = Checkpoints(run.path).resume_point()
    if point is None:
        return None
    values = point.to_json()
    values["curve"]["linear_phase"] = values["curve"]["linear_phase"] or ""
    return values


def evaluation_facts(run: JobDirectory) -> Facts:
    """The evaluation report and each prediction."""
    if not has_report(run.path):
        return {"evaluation": None, "predictions": None}
    predictions = read_predictions(run.path)
    columns = (predictions[name].tolist() for name in ("id", "split", "label", "predicted"))
    confidence = [round(value, 6) for value in predictions["confidence"].tolist()]
    return {
        "evaluation": read_evaluation(run.path).to_json(),
        "predictions": [list(row) for row in zip(*columns, confidence, strict=True)],
    }


def search_facts(search: JobDirectory) -> Facts:
    """Everything that the Search page shows."""
    trials, result = read_trials(search.path), search.result() or {}
    config = SearchConfig.from_json(search.config())
    return {
        "state": search.status().state.value,
        "goal": config.goal.value,
        "tradeoff": config.tradeoff.value,
        "config": config.to_json() | {"space": config.space.to_json()["domains"]},
        "counts": counts(trials),
        "ranking": [trial.number for trial in ranked(trials, config.goal)],
        "trials": [
            {
                "number": trial.number,
                "state": trial.state.value,
                "speed": trial.speed,
                "params": dict(trial.params),
                "value": trial.value,
                "second": trial.second,
                "measures": dict(trial.measures),
                "curve_points": len(trial.curve),
                "has_weights": trial.has_weights,
                "is_default": trial.is_baseline,
                "reason": sentence_facts(trial.reason),
            }
            for trial in trials
        ],
        "importances": dict(read_search_progress(search.path).importances),
        "verdict": _verdict_facts(result.get("search")),
        "run": result.get("run"),
    }


def _verdict_facts(recorded: Facts | None) -> Facts | None:
    """The summary under the names that it was recorded with."""
    if recorded is None:
        return None
    summary = SearchSummary.from_json(recorded).to_json()
    old_names = {"default": "baseline", "pareto": "pareto_front", "optimism": "selection_bias"}
    facts = {name: summary.pop(old_names.get(name, name)) for name in recorded if name != "elsewhere"}
    if bias := facts["optimism"]:
        facts["optimism"] = {**bias, "optimism": bias["bias"]}
        del facts["optimism"]["bias"]
    if elsewhere := summary["weights_elsewhere"]:
        facts["elsewhere"] = elsewhere
    return facts


def _finding_facts(finding: Finding) -> Facts:
    return {
        "kind": finding.kind.value,
        "count": finding.count,
        "remedy": finding.remedy.value,
        "classes": list(finding.classes),
        "headline": sentence_facts(finding.headline),
        "explanation": sentence_facts(finding.explanation),
        "suspects": [
            [s.id, s.name, s.label, s.suggested, s.other, sentence_facts(s.because)] for s in finding.suspects
        ],
    }


def _rows(dataset: Dataset) -> dict[str, list[Any]]:
    columns = (dataset.all_pictures[name].tolist() for name in ("id", "name", "label", "split", "excluded"))
    return {key: list(others) for key, *others in zip(*columns, strict=True)}


def _mapping_differences(recorded: Mapping[str, Any], read: Mapping[str, Any], path: str) -> list[str]:
    """Today's code may know more than was recorded."""
    lines: list[str] = []
    for key, value in recorded.items():
        name = key if key in read else _RENAMED_KEYS.get(key, key)
        codes = _RENAMED_CODES.get(key) or _RENAMED_CODES.get(f"{path.rpartition('/')[2]}/{key}")
        expected = codes.get(value, value) if codes and isinstance(value, str) else value
        has_key = name in read
        lines += (
            differences(expected, read[name], f"{path}/{name}") if has_key else [f"{path}/{name}: missing"]
        )
    return lines


def _sentence_differences(recorded: str, read: Any, path: str) -> list[str]:
    if not isinstance(read, str) or not read:
        return [f"{path}: no sentence, but {read!r}"]
    if _PLACEHOLDER.search(read) or sorted(_FIGURE.findall(read)) != sorted(_FIGURE.findall(recorded)):
        return [f"{path}: {recorded!r} became {read!r}"]
    return []


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # of NumPy
        return value.tolist()
    return value.to_json() if hasattr(value, "to_json") else str(value)
