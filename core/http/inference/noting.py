"""Answers of the API in the log of a project that logs; in its queue if it keeps pictures, too."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from core.http.inference.classifiers import LoadedRun
from core.prediction.log.settings import read_log_settings
from core.prediction.log.store import AnswerSource
from core.prediction.noting import PictureAnswer, log_answers, note_answers
from core.workspace import project_of

_logger = logging.getLogger(__name__)


def note_if_wanted(loaded: LoadedRun, answered: Sequence[PictureAnswer]) -> None:
    """Log answers if the project logs. Programs send pictures without looking at a page that says what is kept.

    The queue holds pictures, so doubtful ones join it only where the project keeps pictures.
    """
    settings = read_log_settings(project_of(loaded.run))
    if not settings.is_on:
        return
    note = note_answers if settings.keeps_pictures else log_answers
    try:
        note(loaded.run, loaded.classifier, answered, AnswerSource.API)
    # The answer is right although the disk is full.
    except OSError as error:
        _logger.warning("answers of %s were not logged: %s", loaded.run.name, error)
