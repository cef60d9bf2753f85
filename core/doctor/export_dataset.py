"""Dataset export with the doctor's findings: as a file and as a job step."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from core.data.dataset import Dataset, open_dataset
from core.data.exports.export import (
    DEFAULT_FORMAT,
    exported_dataset_path,
    remove_exports,
    write_cleaned_dataset,
)
from core.doctor.records import DatasetExportRequest, DatasetExportResult
from core.doctor.report import read_report
from core.progress import Progress, Stage
from core.records import JsonObject
from core.workspace import Project, project_of


def write_dataset_zip(
    project: Project, dataset: Dataset, path: Path, progress: Progress, format: str = DEFAULT_FORMAT
) -> int:
    """Write the trainable pictures with their labels, in a format; return their number."""
    return write_cleaned_dataset(dataset, path, progress, _kinds_by_picture(project), format)


def export_dataset(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: write the zip of a version (``DatasetExportRequest``) and remove those of earlier ones."""
    project = project_of(directory)
    progress.stage(Stage.PACKING)
    request = DatasetExportRequest.from_json(config)
    dataset = open_dataset(project, request.version)
    remove_exports(project, keep_version=dataset.version)
    path = exported_dataset_path(project, dataset.version, request.format)
    count = write_dataset_zip(project, dataset, path, progress, request.format)
    return DatasetExportResult(pictures=count, version=dataset.version).to_json()


def _kinds_by_picture(project: Project) -> dict[str, list[str]]:
    report = read_report(project)
    kinds: dict[str, list[str]] = defaultdict(list)
    for finding in report.findings if report else ():
        for suspect in finding.suspects:
            kinds[suspect.id].append(finding.kind.value)
    return kinds
