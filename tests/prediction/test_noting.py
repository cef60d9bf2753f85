"""Answers of pages and batches reach the queue, and the log where a project logs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.delivery.files import read_labels
from core.delivery.prediction import Classifier
from core.delivery.thresholds import use_default_thresholds, use_thresholds
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.strangers.detector import doubts
from core.evaluation.strangers.results import read_detector, read_known_scores
from core.http.inference.answers import PredictOptions, answer_picture
from core.http.inference.classifiers import LoadedRun
from core.http.inference.noting import note_if_wanted
from core.prediction.batch.job import predict_batch
from core.prediction.drift.measuring import LEAST_ANSWERS, comparable_answers, measure_drift
from core.prediction.log.settings import LogSettings, write_log_settings
from core.prediction.log.store import AnswerSource, kept_picture, log_size, logged_answers
from core.prediction.noting import PictureAnswer, log_answers, note_answers, note_batch
from core.prediction.queue.store import queued_pictures, read_features
from core.progress import QuietProgress
from core.workspace import project_of
from tests.support.batches import waiting_batch
from tests.support.pictures import digit, encoded, photograph, write_folder

CAT = encoded(photograph("chelsea"), "JPEG")
FILES = {"cat.jpg": CAT, "text.png": b"no picture"} | {
    f"{number}.png": digit(number) for number in range(1000, 1060)
}


def answered(run: Path, *files: tuple[str, bytes]) -> tuple[Classifier, list[PictureAnswer]]:
    classifier = Classifier(run)
    return classifier, [
        PictureAnswer(name=name, data=data, prediction=classifier.prediction(data)) for name, data in files
    ]


def test_a_batch_and_the_page_queue_the_same_picture_with_the_same_features(
    finished_run: Path, tmp_path: Path
) -> None:
    project = project_of(finished_run)
    classifier, answers = answered(finished_run, ("cat.jpg", CAT))
    assert note_answers(finished_run, classifier, answers, AnswerSource.PAGE) == 1
    (cat,) = queued_pictures(project)
    before = read_features(project, [cat])

    job = waiting_batch(finished_run, write_folder(tmp_path / "new", FILES))
    predict_batch(job.path, job.config(), QuietProgress())
    queued = note_batch(job.path, job.config(), QuietProgress())["queued"]
    pictures = {picture.sha256: picture for picture in queued_pictures(project)}
    assert len(pictures) == queued + 1
    assert {picture.space for picture in pictures.values()} == {cat.space}
    np.testing.assert_array_equal(read_features(project, [pictures[cat.sha256]]), before)
    assert float(np.linalg.norm(before)) == pytest.approx(1, abs=1e-2)


def test_answers_are_logged_only_where_the_project_logs(finished_run: Path) -> None:
    project = project_of(finished_run)
    classifier, answers = answered(finished_run, ("cat.jpg", CAT), ("1000.png", digit(1000)))
    note_answers(finished_run, classifier, answers, AnswerSource.PAGE)
    assert logged_answers(project, finished_run.name) == []

    write_log_settings(project, LogSettings(is_on=True))
    note_answers(finished_run, classifier, answers, AnswerSource.PAGE)
    first, second = logged_answers(project, finished_run.name)
    assert second.labels == tuple(classifier.chosen_labels(answers[1].prediction.guesses))
    assert second.confidence == pytest.approx(classifier.confidence(answers[1].prediction.guesses))
    assert not kept_picture(project, first.sha256).exists()

    write_log_settings(project, LogSettings(is_on=True, keeps_pictures=True))
    note_answers(finished_run, classifier, answers, AnswerSource.PAGE)
    assert kept_picture(project, first.sha256).read_bytes() == CAT


def test_answers_to_programs_are_logged_once_and_queued_only_where_pictures_are_kept(
    finished_run: Path,
) -> None:
    """The queue holds pictures, and a program's pictures are kept only if somebody asked for it."""
    project, loaded = project_of(finished_run), LoadedRun(finished_run)
    answer, prediction = answer_picture(loaded, "cat.jpg", CAT, PredictOptions())
    answers = [PictureAnswer(name="cat.jpg", data=CAT, prediction=prediction)]
    note_if_wanted(loaded, answers)
    assert log_size(project) == ()
    write_log_settings(project, LogSettings(is_on=True))
    note_if_wanted(loaded, answers)
    (line,) = logged_answers(project, finished_run.name)
    assert (line.source, line.labels) == (AnswerSource.API, answer.labels)
    assert queued_pictures(project) == []
    write_log_settings(project, LogSettings(is_on=True, keeps_pictures=True))
    note_if_wanted(loaded, answers)
    assert [picture.sha256 for picture in queued_pictures(project)] == [line.sha256]


def test_the_logged_distance_is_the_part_of_the_score_without_the_doubt(finished_run: Path) -> None:
    project, detector = project_of(finished_run), read_detector(finished_run)
    assert detector is not None
    write_log_settings(project, LogSettings(is_on=True))
    classifier, answers = answered(finished_run, ("1000.png", digit(1000)))
    note_answers(finished_run, classifier, answers, AnswerSource.PAGE)
    (line,) = logged_answers(project, finished_run.name)
    prediction = answers[0].prediction
    largest = np.array([[prediction.guesses[0].probability, 0.0]], np.float32)
    doubt = doubts(largest, read_labels(finished_run).task)[0] / detector.doubt_scale
    assert line.distance == pytest.approx((prediction.stranger_score or 0.0) - doubt, abs=1e-4)


def test_drift_of_a_logged_batch_of_other_pictures_is_proven(finished_run: Path, tmp_path: Path) -> None:
    """Digits of seven other kinds: their features lie elsewhere."""
    project = project_of(finished_run)
    write_log_settings(project, LogSettings(is_on=True))
    job = waiting_batch(finished_run, write_folder(tmp_path / "new", FILES))
    predict_batch(job.path, job.config(), QuietProgress())
    note_batch(job.path, job.config(), QuietProgress())
    logged = logged_answers(project, finished_run.name)
    assert len(logged) == 61
    measured = measure_drift(finished_run, logged)
    assert measured is not None
    assert measured.drift.is_proven
    assert len(measured.before) == len(read_known_scores(finished_run))


def test_drift_leaves_out_answers_by_other_thresholds_and_other_networks(finished_run: Path) -> None:
    """They answer the same pictures differently; going back to a threshold makes its answers count again."""
    project = project_of(finished_run)
    write_log_settings(project, LogSettings(is_on=True))
    evaluated, numbers = EvaluatedRun.open(finished_run), range(LEAST_ANSWERS)
    classifier, answers = answered(finished_run, ("0.png", digit(1000)))
    log_answers(finished_run, classifier, answers, AnswerSource.PAGE)
    (line,) = logged_answers(project, finished_run.name)
    logged = [replace(line, sha256=f"{number:064x}") for number in numbers]
    assert measure_drift(finished_run, logged) is not None
    use_thresholds(evaluated, (0.9, None, None))
    assert comparable_answers(finished_run, logged) == []
    assert measure_drift(finished_run, logged) is None
    use_default_thresholds(evaluated)
    assert comparable_answers(finished_run, logged) == logged
    assert comparable_answers(finished_run, [replace(line, classifier="other network")]) == []


def test_known_pictures_of_a_batch_take_no_place_in_the_queue(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of a folder that was looked through once brings the next pictures, not none."""
    project = project_of(finished_run)
    job = waiting_batch(finished_run, write_folder(tmp_path / "new", FILES | {"copy.jpg": CAT}))
    predict_batch(job.path, job.config(), QuietProgress())
    monkeypatch.setattr("core.prediction.noting.MOST_PICTURES", 2)
    monkeypatch.setattr("core.prediction.queue.intake.MOST_PICTURES", 2)
    assert note_batch(job.path, job.config(), QuietProgress())["queued"] == 2
    first = {picture.sha256 for picture in queued_pictures(project)}
    assert note_batch(job.path, job.config(), QuietProgress())["queued"] == 2
    assert len({picture.sha256 for picture in queued_pictures(project)} - first) == 2


def test_few_answers_prove_nothing(finished_run: Path) -> None:
    assert measure_drift(finished_run, []) is None
