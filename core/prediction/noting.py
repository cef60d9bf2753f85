"""Answers that a project keeps: doubtful ones in the queue, and all in the log where it logs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from core.delivery.decisions import Decisions, decide
from core.delivery.files import Labels
from core.delivery.network_identity import digest_of_network
from core.delivery.prediction import Classifier, Prediction
from core.files import sha256_bytes
from core.prediction.batch.answer_table import answer_groups
from core.prediction.batch.records import BatchFacts, BatchRequest, read_facts
from core.prediction.batch.sources import BatchFiles
from core.prediction.doubts import doubts_of
from core.prediction.log.classifier import classifier_digest
from core.prediction.log.distances import distances_of
from core.prediction.log.settings import read_log_settings
from core.prediction.log.store import AnswerSource, LoggedAnswer, append_answers, keep_picture
from core.prediction.queue.intake import AnsweredPicture, Features, known_pictures, queue_doubtful
from core.prediction.queue.store import MOST_PICTURES
from core.progress import Progress, Stage, raise_if_stopped
from core.records import JsonObject
from core.workspace import project_of

_FEATURES = "features"
_COLUMNS = ("source", "path", "sha256", "error", "confidence", "probabilities", "stranger_score")


@dataclass(frozen=True, kw_only=True)
class PictureAnswer:
    """A picture and what a classifier said."""

    name: str
    data: bytes
    prediction: Prediction


def note_answers(
    run: Path, classifier: Classifier, answered: Sequence[PictureAnswer], source: AnswerSource
) -> int:
    """Keep what a project keeps of answers to single pictures.

    Returns:
        The number of pictures that joined the queue.
    """
    if not answered:
        return 0
    log_answers(run, classifier, answered, source)
    answers = _answers(classifier, [item.prediction for item in answered])
    pictures = [AnsweredPicture(name=item.name, read=partial(_same, item.data)) for item in answered]

    def features_of(rows: Sequence[int]) -> Features | None:
        values = classifier.features([answered[row].prediction for row in rows])
        return None if values is None else Features(values=values, space=digest_of_network(run))

    return queue_doubtful(run, classifier.labels, pictures, answers, features_of)


def log_answers(
    run: Path, classifier: Classifier, answered: Sequence[PictureAnswer], source: AnswerSource
) -> None:
    """Log answers to single pictures where the project logs, and keep the pictures if it wants them."""
    project = project_of(run)
    settings = read_log_settings(project)
    if not settings.is_on or not answered:
        return
    answers = _answers(classifier, [item.prediction for item in answered])
    contents, names = [sha256_bytes(item.data) for item in answered], [item.name for item in answered]
    digest = classifier_digest(digest_of_network(run), classifier.labels)
    append_answers(project, _lines(run, source, classifier.labels, digest, answers, contents, names))
    if settings.keeps_pictures:
        for sha256, item in zip(contents, answered, strict=True):
            keep_picture(project, sha256, item.data)


def note_batch(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step after a batch: queue its doubtful pictures, and log its answers where the project logs.

    Raises:
        JobStopped, JobPaused: the user asked for it.
    """
    progress.stage(Stage.READING)
    request, facts = BatchRequest.from_json(config), read_facts(directory)
    run = project_of(directory).runs / request.run
    is_logged = read_log_settings(project_of(run)).is_on
    doubtful, is_known = pd.DataFrame(), known_pictures(project_of(run))
    for rows in _answered_rows(directory, facts):
        raise_if_stopped(progress)
        answers = _stored_answers(facts, rows)
        if is_logged:
            contents, names = rows["sha256"].tolist(), rows["path"].tolist()
            digest = classifier_digest(facts.network, facts.labels)
            lines = _lines(run, AnswerSource.BATCH, facts.labels, digest, answers, contents, names)
            append_answers(project_of(run), lines)
        is_doubtful = [doubt is not None for doubt in doubts_of(facts.labels, answers)]
        new = rows[is_doubtful]
        # Those that nobody will be asked about must not take the places of others.
        new = new[~new["sha256"].map(is_known).astype(bool)]
        doubtful = pd.concat([doubtful, new], ignore_index=True).drop_duplicates("sha256")
        # Only so many are queued; the rest would fill the memory.
        doubtful = doubtful.sort_values("confidence", kind="stable").head(MOST_PICTURES)
    with BatchFiles(directory, request.sources) as files:
        return {"queued": _queue_rows(files, facts, run, doubtful, progress)}


def _answered_rows(directory: Path, facts: BatchFacts) -> Iterator[pd.DataFrame]:
    columns = [*_COLUMNS, _FEATURES] if facts.feature_size else [*_COLUMNS]
    for group in answer_groups(directory, columns):
        rows = group.to_pandas()
        rows = rows[rows["error"].isna()].reset_index(drop=True)
        if len(rows):
            yield rows


def _queue_rows(
    files: BatchFiles, facts: BatchFacts, run: Path, rows: pd.DataFrame, progress: Progress
) -> int:
    """Queue doubtful rows of a table of answers."""
    if rows.empty:
        return 0
    pictures = [
        AnsweredPicture(name=PurePosixPath(path).name, read=partial(files.read, source, path, sha256))
        for source, path, sha256 in zip(rows["source"], rows["path"], rows["sha256"], strict=True)
    ]

    def features_of(chosen: Sequence[int]) -> Features | None:
        if _FEATURES not in rows:
            return None
        values = np.stack(rows[_FEATURES].iloc[list(chosen)].tolist()).astype(np.float32)
        return Features(values=values, space=facts.network)

    def report(done: int, total: int) -> None:
        progress.advance(done, total)
        raise_if_stopped(progress)

    return queue_doubtful(
        run, facts.labels, pictures, _stored_answers(facts, rows), features_of, on_picture=report
    )


def _stored_answers(facts: BatchFacts, rows: pd.DataFrame) -> Decisions:
    """Decisions of rows that have one, by the limits with which the batch began."""
    probabilities = np.stack(rows["probabilities"].tolist()).astype(np.float32)
    has_scores = not rows["stranger_score"].isna().any()
    scores = rows["stranger_score"].to_numpy(np.float32) if has_scores else None
    return decide(facts.labels, facts.sets, probabilities, scores)


def _answers(classifier: Classifier, predictions: Sequence[Prediction]) -> Decisions:
    """Decisions of a classifier as arrays, in the order of its classes."""
    names = classifier.labels.class_names
    of_names = [{guess.name: guess.probability for guess in item.guesses} for item in predictions]
    probabilities = np.array([[row[name] for name in names] for row in of_names], np.float32)
    scores = [item.stranger_score for item in predictions]
    known = [score for score in scores if score is not None]
    return decide(
        classifier.labels,
        classifier.sets,
        probabilities,
        np.array(known, np.float32) if len(known) == len(scores) else None,
    )


def _lines(
    run: Path,
    source: AnswerSource,
    labels: Labels,
    classifier: str,
    answers: Decisions,
    contents: Sequence[str],
    names: Sequence[str],
) -> list[LoggedAnswer]:
    """Lines of the log, one a picture.

    Args:
        classifier: see ``classifier_digest``.
    """
    distances = distances_of(run, labels.task, answers.probabilities, answers.stranger_scores)
    classes = np.array(labels.class_names, object)
    now = time.time()
    return [
        LoggedAnswer(
            time=now,
            run=run.name,
            source=source,
            sha256=sha256,
            name=name,
            labels=tuple(classes[answers.predicted[row]]),
            confidence=float(answers.confidence[row]),
            distance=None if distances is None else float(distances[row]),
            classifier=classifier,
        )
        for row, (sha256, name) in enumerate(zip(contents, names, strict=True))
    ]


def _same(data: bytes) -> bytes:
    return data
