"""Answers of the API in the project's log and queue, where the project logs."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from core.http.inference.classifiers import LoadedRun
from core.prediction.log.settings import read_log_settings
from core.prediction.log.store import AnswerSource
from core.prediction.noting import PictureAnswer, note_answers
from core.workspace import project_of

_logger = logging.getLogger(__name__)


def note_if_wanted(loaded: LoadedRun, answered: Sequence[PictureAnswer]) -> None:
    """Keep answers if the project logs. Programs send pictures without looking at a page that says what is kept."""
    if not read_log_settings(project_of(loaded.run)).is_on:
        return
    try:
        note_answers(loaded.run, loaded.classifier, answered, AnswerSource.API)
    # The answer is right although the disk is full.
    except OSError as error:
        _logger.warning("answers of %s were not logged: %s", loaded.run.name, error)
