"""A batch answers every picture as the single-picture path does, once, whatever interrupts it."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pyarrow import parquet

from core.delivery.files import Labels, read_labels, tflite_file, write_labels
from core.delivery.limits import use_limits
from core.delivery.prediction import Classifier
from core.errors import ConfigError, DataError, ErrorCode, NotFoundError
from core.evaluation.strangers.chosen import AnswerLimits
from core.files import hash_file
from core.jobs.directory import JobDirectory
from core.jobs.disk import is_disk_full
from core.jobs.kinds import JOB_TYPES, JobKind
from core.models.litert.rewriting import with_shuffled_weights
from core.prediction.batch import answer_table
from core.prediction.batch.answer_table import answers_file, matrix_of, read_answers
from core.prediction.batch.batches import open_batch
from core.prediction.batch.job import predict_batch
from core.prediction.batch.network import BatchNetwork
from core.prediction.batch.records import read_facts, write_facts
from core.progress import JobPaused, JobStopped, QuietProgress, Stage
from tests.support.batches import waiting_batch
from tests.support.kill_resume import Killed
from tests.support.pictures import digit, encoded, photograph, write_folder, write_zip
from tests.support.progress_recorder import Recorder

DIGITS = {f"{number:02d}.png": digit(number) for number in range(22)}


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "digits", DIGITS)


def run(job: JobDirectory, progress: QuietProgress | None = None) -> dict[str, object]:
    return predict_batch(job.path, job.config(), progress or QuietProgress())


def odd_pictures() -> dict[str, bytes]:
    """Pictures that need care, and files that are none."""
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    animated = io.BytesIO()
    frames[0].save(animated, "GIF", save_all=True, append_images=frames[1:])
    deep = Image.fromarray(np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8))
    return {
        "animated.gif": animated.getvalue(),
        "cmyk.jpg": encoded(Image.fromarray(photograph("china")).convert("CMYK"), "JPEG"),
        "cut.png": digit(3)[:-40],
        "deep.png": encoded(deep, "PNG"),
        "empty.png": b"",
        "huge.png": encoded(Image.new("1", (10_000, 10_000)), "PNG"),
        "text.png": b"no picture",
    }


def test_each_answer_is_that_of_the_single_picture(finished_run: Path, tmp_path: Path) -> None:
    """Probabilities, answer, confidence, score, limits and prediction set, from the same bytes."""
    write_labels(finished_run, _strict(finished_run))
    files = DIGITS | {"china.jpg": encoded(photograph("china"), "JPEG")}
    job = waiting_batch(finished_run, write_folder(tmp_path / "mixed", files))
    run(job)
    classifier, table = Classifier(finished_run), read_answers(job.path)
    assert table["path"].tolist() == sorted(files)
    for row in table.to_dict("records"):
        prediction = classifier.prediction(files[row["path"]])
        probability_of = {guess.name: guess.probability for guess in prediction.guesses}
        expected = [probability_of[name] for name in classifier.labels.class_names]
        np.testing.assert_allclose(row["probabilities"], expected, atol=1e-5)
        assert [row["predicted"]] == classifier.chosen_labels(prediction.guesses)
        assert row["confidence"] == pytest.approx(classifier.confidence(prediction.guesses), abs=1e-5)
        assert row["stranger_score"] == pytest.approx(prediction.stranger_score, abs=1e-3)
        assert row["is_stranger"] == classifier.is_stranger(prediction)
        assert row["is_unsure"] == classifier.is_unsure(prediction)
        assert set(row["prediction_set"]) == set(classifier.prediction_set(prediction) or ())
    assert table["is_stranger"].any()
    assert not table["is_stranger"].all()


def _strict(finished_run: Path) -> Labels:
    return replace(read_labels(finished_run), least_confidence=0.7)


def test_unreadable_pictures_are_rows_with_their_reason(finished_run: Path, tmp_path: Path) -> None:
    job = waiting_batch(finished_run, write_zip(tmp_path / "odd.zip", odd_pictures()))
    result = run(job)
    table = read_answers(job.path).set_index("path")
    assert table["error"].dropna().to_dict() == {
        "cut.png": "damaged",
        "empty.png": "empty_file",
        "huge.png": "too_many_pixels",
        "text.png": "not_a_picture",
    }
    answered = table[table["error"].isna()]
    assert sorted(answered.index) == ["animated.gif", "cmyk.jpg", "deep.png"]
    assert answered["predicted"].isin(["3", "5", "8"]).all()
    assert answered["misfit"].dropna().to_dict() == {"animated.gif": "frames"}
    reason = answer_table.reason_of(table["error"]["huge.png"], table["error_values"]["huge.png"])
    assert str(reason) == "it has 10000 × 10000 pixels, more than the 89 million that can be handled safely"
    facts = open_batch(job.path).facts
    assert facts is not None
    assert facts.counts is not None
    assert result == {"counts": facts.counts.to_json()}
    assert (facts.counts.pictures, facts.counts.unreadable) == (7, 4)


class _Interrupted(Recorder):
    """Progress that raises, or asks to stop or to pause, once so many pictures are done."""

    def __init__(self, after: int, kind: str) -> None:
        super().__init__()
        self._after, self._kind = after, kind

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        super().advance(done, total, likely)
        if self._kind == "kill" and done >= self._after:
            raise Killed

    def _is_due(self, kind: str) -> bool:
        is_reached = any(done >= self._after for done, _ in self.steps_in(Stage.PREDICTING))
        return self._kind == kind and is_reached

    def should_stop(self) -> bool:
        return self._is_due("stop")

    def should_pause(self) -> bool:
        return self._is_due("pause")


@pytest.mark.parametrize(("kind", "error"), [("kill", Killed), ("stop", JobStopped), ("pause", JobPaused)])
def test_an_interrupted_batch_goes_on_to_the_same_end(
    finished_run: Path, digits: Path, monkeypatch: pytest.MonkeyPatch, kind: str, error: type[BaseException]
) -> None:
    """Nothing is answered twice, nothing is missing, and the order is that of the pictures."""
    monkeypatch.setattr(answer_table, "_SAVE_EVERY_SECONDS", 0.0)
    whole = waiting_batch(finished_run, digits, name="whole")
    run(whole)
    job = waiting_batch(finished_run, digits)
    with pytest.raises(error):
        run(job, _Interrupted(9, kind))
    so_far = open_batch(job.path).answers()
    assert 9 <= len(so_far) < len(DIGITS)
    progress = Recorder()
    run(job, progress)
    assert progress.steps_in(Stage.PREDICTING)[0] == (len(so_far), len(DIGITS))
    pd.testing.assert_frame_equal(read_answers(job.path), read_answers(whole.path))
    assert not (job.path / "shards").exists()


def test_a_full_disk_pauses_the_batch_and_loses_nothing(
    finished_run: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, write = waiting_batch(finished_run, digits), parquet.write_table

    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(parquet, "write_table", full)
    with pytest.raises(OSError, match="No space") as raised:
        run(job)
    # The worker then pauses a job of a kind that can pause.
    assert is_disk_full(raised.value, job.path)
    assert JOB_TYPES[JobKind.PREDICT_BATCH].can_pause
    monkeypatch.setattr(parquet, "write_table", write)
    run(job)
    assert read_answers(job.path)["path"].tolist() == sorted(DIGITS)


def test_a_batch_keeps_the_thresholds_that_it_began_with(
    finished_run: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_table, "_SAVE_EVERY_SECONDS", 0.0)
    job = waiting_batch(finished_run, digits)
    with pytest.raises(JobStopped):
        run(job, _Interrupted(4, "stop"))
    # They are written into the LiteRT file, too, whose network stays the same.
    use_limits(finished_run, AnswerLimits(least_confidence=0.7))
    run(job)
    assert not read_answers(job.path)["is_unsure"].any()


def test_a_batch_of_an_earlier_build_goes_on(
    finished_run: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It recorded the sum of the whole file, which changes with the thresholds in it."""
    monkeypatch.setattr(answer_table, "_SAVE_EVERY_SECONDS", 0.0)
    job = waiting_batch(finished_run, digits)
    with pytest.raises(JobStopped):
        run(job, _Interrupted(4, "stop"))
    write_facts(job.path, replace(read_facts(job.path), network=hash_file(tflite_file(finished_run))))
    with pytest.raises(JobStopped):
        run(job, _Interrupted(9, "stop"))
    use_limits(finished_run, AnswerLimits(least_confidence=0.7))
    run(job)
    assert read_answers(job.path)["path"].tolist() == sorted(DIGITS)


def test_another_classifier_does_not_go_on_with_a_batch(finished_run: Path, digits: Path) -> None:
    job = waiting_batch(finished_run, digits)
    with pytest.raises(JobStopped):
        run(job, _Interrupted(4, "stop"))
    file = tflite_file(finished_run)
    file.write_bytes(with_shuffled_weights(file.read_bytes(), seed=0))
    with pytest.raises(ConfigError, match="has changed since this batch began") as raised:
        run(job)
    assert raised.value.message.code == ErrorCode.CANNOT_GO_ON


def test_features_are_those_of_the_same_pass(finished_run: Path, digits: Path) -> None:
    """Unit length, one row a picture; equal pictures have equal features."""
    job = waiting_batch(finished_run, digits)
    run(job)
    table = parquet.read_table(answers_file(job.path))
    features = matrix_of(table["features"]).astype(np.float64)
    assert features.shape == (len(DIGITS), BatchNetwork(finished_run).feature_size)
    assert features.shape[1] == 1280
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-2)
    assert "features" not in read_answers(job.path)


@pytest.mark.parametrize(
    ("spoil", "error", "sentence"),
    [
        (lambda run_: run_.rename(run_.with_name("gone")), NotFoundError, "was deleted in the meantime"),
        (lambda run_: (run_ / "parity.json").unlink(), NotFoundError, "has no finished classifier"),
    ],
    ids=["deleted", "not delivered"],
)
def test_a_run_that_cannot_answer_is_said_plainly(
    finished_run: Path,
    digits: Path,
    spoil: Callable[[Path], object],
    error: type[Exception],
    sentence: str,
) -> None:
    job = waiting_batch(finished_run, digits)
    spoil(finished_run)
    with pytest.raises(error, match=sentence):
        run(job)


def test_a_source_without_pictures_is_said_plainly(finished_run: Path, tmp_path: Path) -> None:
    job = waiting_batch(finished_run, write_folder(tmp_path / "notes", {"labels.csv": b"a,b"}))
    with pytest.raises(DataError, match="There are no pictures in notes"):
        run(job)


def test_the_kind_of_job_names_this_function() -> None:
    step, _ = JOB_TYPES[JobKind.PREDICT_BATCH].steps
    assert step.function == f"{predict_batch.__module__}:{predict_batch.__name__}"
