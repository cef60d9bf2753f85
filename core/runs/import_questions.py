"""Answers to import jobs that ask how a source is meant."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.formats.summary import Understanding
from core.data.import_config import ImportConfig, ImportRequest
from core.data.job import remove_source
from core.data.labels.boxes import BoxUse, CropConfig
from core.data.labels.label_table import TableColumns
from core.data.question import (
    channel_views,
    deep_examples,
    example_thumbnails,
    has_question,
    move_question,
    read_question,
)
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.runs.start_imports import start_import
from core.workspace import jobs_folder


@dataclass(frozen=True, kw_only=True)
class ImportQuestion:
    """An import that waits for the user, with what was understood of its source."""

    job: JobDirectory
    request: ImportRequest
    understanding: Understanding
    # By position in ``understanding.examples``.
    thumbnails: Mapping[int, Path]
    # Those with more than 8 bits.
    deep_examples: Mapping[int, Path]
    # Channels of an example, one below the other; None where none are to be chosen.
    channel_views: Path | None = None


def open_question(job: JobDirectory) -> ImportQuestion | None:
    """Return the question of an import that ended without a result, while its files exist."""
    if not has_question(job.path):
        return None
    status = job.status()
    if job.kind is not JobKind.IMPORT or not status.state.has_ended or status.state is JobState.FINISHED:
        return None
    request, understanding = ImportRequest.from_json(job.config()), read_question(job.path)
    if understanding is None or (request.source is not None and not request.source.exists()):
        return None
    return ImportQuestion(
        job=job,
        request=request,
        understanding=understanding,
        thumbnails=example_thumbnails(job.path),
        deep_examples=deep_examples(job.path),
        channel_views=channel_views(job.path),
    )


def open_questions() -> list[ImportQuestion]:
    """List the imports that wait for the user, newest first."""
    return [question for job in list_jobs(jobs_folder()) if (question := open_question(job)) is not None]


def as_understood(question: ImportQuestion) -> ImportConfig:
    """Settings that import the source as it was understood."""
    understanding, settings = question.understanding, question.request.settings
    return replace(
        settings,
        format=understanding.format,
        confirmed=True,
        unlabelled=False,
        table_inside=False,
        # Where boxes were asked about, they label the whole picture.
        boxes=settings.boxes or (BoxUse.PICTURE if understanding.crops else BoxUse.UNDECIDED),
        # Otherwise the format finds several labels itself, by separators that it has recognised.
        multi_label=settings.multi_label and understanding.multi_label,
    )


def read_as(question: ImportQuestion, format_name: str) -> ImportConfig:
    """Settings that read the source in another format; doubts about that one are asked about again."""
    return replace(
        as_understood(question),
        format=format_name,
        confirmed=False,
        boxes=question.request.settings.boxes,
        unlabelled=format_name == "unlabelled",
        multi_label=question.request.settings.multi_label,
    )


def with_columns(question: ImportQuestion, columns: TableColumns) -> ImportConfig:
    """Settings that read the label table by these columns."""
    return replace(read_as(question, question.understanding.table_format), columns=columns)


def with_crops(question: ImportQuestion, crops: CropConfig) -> ImportConfig:
    """Settings that make a picture of each box; other doubts are asked about again."""
    return replace(
        read_as(question, question.understanding.format), boxes=BoxUse.CROP, crops=crops, multi_label=False
    )


def with_several_labels(question: ImportQuestion) -> ImportConfig:
    """Settings that allow several labels for each picture; other doubts are asked about again."""
    settings = question.request.settings
    return replace(settings, format="", unlabelled=False, multi_label=True, confirmed=False)


def with_one_label(question: ImportQuestion) -> ImportConfig:
    """Settings that take each cell of a label table for one class."""
    columns = question.understanding.columns
    return replace(read_as(question, question.understanding.table_format), columns=columns, multi_label=False)


def answer(question: ImportQuestion, settings: ImportConfig) -> JobDirectory:
    """Import the source with other settings. If that fails, the question stands again.

    Raises:
        InvalidNameError, ProjectExistsError, NotFoundError: the project's name cannot be used any more.
    """
    request = question.request
    job = start_import(
        request.project,
        source=request.source,
        sample=request.sample,
        config=settings,
        add=request.add,
        answered=question.job.path,
    )
    move_question(question.job.path, job.path)
    return job


def cancel_import(question: ImportQuestion) -> None:
    """Drop an import that waits, with the files that Darkroom stored for it."""
    if question.request.source is not None:
        remove_source(question.request.source, question.job.path)
    shutil.rmtree(question.job.path, ignore_errors=True)
