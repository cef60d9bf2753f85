"""Commands that classify pictures: some at once, or many as a batch."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from core.cli.command import Command
from core.cli.terminal import STOPPED, Answer, FailedError, end_line, raise_if_failed, wait_or_stop
from core.delivery.files import naming_the_path, require_writable
from core.delivery.prediction import Classifier
from core.errors import NotFoundError, UnreadableImageError
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.messages import N_
from core.prediction.batch.answer_table import answers_file
from core.prediction.batch.batches import Batch, find_batch, open_batch
from core.prediction.batch.files.sorting import require_empty, sort_into
from core.prediction.batch.files.table import RESULT_FORMATS, write_result
from core.prediction.batch.sources import is_archive
from core.prediction.queue.emptying import empty_queue
from core.prediction.queue.waiting import count_waiting
from core.runs.batches import delete_batch, start_batch
from core.runs.control import pause, resume, stop, wait_for
from core.workspace import find_run, get_project

_ACTIONS: dict[str, Callable[[Batch, argparse.Namespace], Answer]]


def _predict(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    if _is_batch(options):
        return _predicted_batch(run, options)
    classifier = Classifier(run)
    return {"run": run.name, "predictions": [_prediction(classifier, path) for path in options.sources]}


def _is_batch(options: argparse.Namespace) -> bool:
    """True for sources of many pictures, and where files are asked for."""
    sources: Sequence[Path] = options.sources
    holds_several = any(source.is_dir() or (source.is_file() and is_archive(source)) for source in sources)
    return holds_several or bool(_asked_files(options)) or options.sort_into is not None


def _prediction(classifier: Classifier, path: Path) -> Answer:
    try:
        data = path.read_bytes()
        prediction, doubt = classifier.prediction(data), classifier.doubt(data)
    except OSError as error:
        raise NotFoundError(
            N_("{file} cannot be read: {error}."), file=str(path), error=error.strerror or str(error)
        ) from error
    except UnreadableImageError as error:
        raise UnreadableImageError(
            N_("{file} cannot be classified: {reason}."), file=str(path), reason=error.message
        ) from error
    guesses, score = prediction.guesses, prediction.stranger_score
    answer: Answer = {"picture": str(path), "classes": [asdict(guess) for guess in guesses]}
    if classifier.sets is not None:
        answer["set"] = {
            "promise": classifier.sets.promise,
            "classes": classifier.prediction_set(prediction),
        }
    if score is not None:
        limit = classifier.labels.stranger_limit
        answer["stranger"] = {
            "score": score,
            "limit": limit,
            "is_stranger": classifier.is_stranger(prediction),
        }
    if classifier.labels.least_confidence is not None:
        answer["unsure"] = classifier.is_unsure(prediction)
    if classifier.has_thresholds:
        answer["labels"] = classifier.chosen_labels(guesses)
    if doubt is not None:
        answer["doubt"] = str(doubt)
    return answer


def _predicted_batch(run: Path, options: argparse.Namespace) -> Answer:
    if options.sort_into is not None:
        require_empty(options.sort_into)
    for path in _asked_files(options).values():
        require_writable(path)
    job = start_batch(run, options.sources)
    print(f"batch {job.name} started; Ctrl-C stops it and keeps the answers so far", file=sys.stderr)
    return _ended(job, wait_or_stop(job), options)


def _ended(job: JobDirectory, state: JobState, options: argparse.Namespace) -> Answer:
    """Report a batch that was finished, and write the files that are asked for.

    Raises:
        FailedError: it failed, or was stopped.
    """
    raise_if_failed(job, state)
    if state is not JobState.FINISHED:
        done, total = job.status().stage_done, job.status().stage_total
        raise FailedError(
            f"{state} after {done} of {total} pictures; “python -m core batch resume {job.name}” goes on",
            STOPPED,
        )
    batch = open_batch(job.path)
    counts = batch.facts.counts if batch.facts else None
    return {
        "run": batch.request.run,
        "batch": job.name,
        "state": state,
        "answers": str(answers_file(batch.path)),
        **(counts.to_json() if counts else {}),
        **_written_files(batch, options),
    }


def _asked_files(options: argparse.Namespace) -> dict[str, Path]:
    """Paths of the files that are asked for, by the code of their format."""
    paths = {result_format.code: getattr(options, result_format.code) for result_format in RESULT_FORMATS}
    return {code: path for code, path in paths.items() if path is not None}


def _written_files(batch: Batch, options: argparse.Namespace) -> Answer:
    asked = _asked_files(options)
    for result_format in RESULT_FORMATS:
        if result_format.code in asked:
            with naming_the_path(asked[result_format.code]):
                write_result(batch, result_format, asked[result_format.code])
    written = {code: str(path) for code, path in asked.items()}
    if options.sort_into is not None:
        with naming_the_path(options.sort_into):
            sort_into(batch, options.sort_into)
        written["sorted_into"] = str(options.sort_into)
    return written


def _batch(options: argparse.Namespace) -> Answer:
    return _ACTIONS[options.action](find_batch(options.batch), options)


def _resume(batch: Batch, options: argparse.Namespace) -> Answer:
    resume(batch.job)
    return _ended(batch.job, wait_or_stop(batch.job), options)


def _pause(batch: Batch, options: argparse.Namespace) -> Answer:
    pause(batch.job)
    return _state_of(batch)


def _stop(batch: Batch, options: argparse.Namespace) -> Answer:
    stop(batch.job)
    return _state_of(batch)


def _write(batch: Batch, options: argparse.Namespace) -> Answer:
    return {"batch": batch.job.name, **_written_files(batch, options)}


def _delete(batch: Batch, options: argparse.Namespace) -> Answer:
    return {"batch": batch.job.name, "deleted": True, "bytes": delete_batch(batch)}


def _state_of(batch: Batch) -> Answer:
    state = wait_for(batch.job)
    end_line()
    return {"batch": batch.job.name, "state": state}


_ACTIONS = {"resume": _resume, "pause": _pause, "stop": _stop, "write": _write, "delete": _delete}


def _queue(options: argparse.Namespace) -> Answer:
    project = get_project(options.project)
    if not options.empty:
        return {"project": project.name, "waiting": count_waiting(project)}
    keep = None if options.keep is None else find_run(options.keep)[1]
    return {"project": project.name, "removed": empty_queue(project, keep)}


def _add_predict_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument(
        "sources", nargs="+", type=Path, metavar="SOURCE", help="pictures, folders, zip or tar archives"
    )
    _add_files(parser)


def _add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=list(_ACTIONS))
    parser.add_argument("batch")
    _add_files(parser)


def _add_queue_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project")
    parser.add_argument("--empty", action="store_true", help="remove the pictures; this cannot be undone")
    parser.add_argument(
        "--keep", metavar="RUN", help="leave those that the present classifier of this run answered"
    )


def _add_files(parser: argparse.ArgumentParser) -> None:
    for result_format in RESULT_FORMATS:
        parser.add_argument(
            f"--{result_format.code}", type=Path, metavar="FILE", help=f"write: {result_format.label}"
        )
    parser.add_argument(
        "--sort-into", type=Path, metavar="DIR", help="copy the pictures into a folder for each class"
    )


COMMANDS = (
    Command(
        name="predict",
        summary="classify pictures with a finished run",
        run=_predict,
        add_arguments=_add_predict_arguments,
    ),
    Command(
        name="batch",
        summary="resume, pause, stop, write or delete a batch of classified pictures",
        run=_batch,
        add_arguments=_add_batch_arguments,
    ),
    Command(
        name="queue",
        summary="count or remove the doubtful pictures that wait for a label",
        run=_queue,
        add_arguments=_add_queue_arguments,
    ),
)
