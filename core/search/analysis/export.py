"""Export of a search: its trials as CSV, the settings of a trial as JSON."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterable, Sequence

from core.search.records import TrialRecord
from core.search.space import DIMENSIONS
from core.workspace import SCHEMA_VERSION

_FACTS = ("number", "state", "speed", "value", "second", "seconds", "ended", "worker", "reason")


def trials_csv(trials: Sequence[TrialRecord]) -> str:
    """CSV with one row a trial, in the order given; missing values are empty.

    ``value`` is the goal's, a fraction (a loss in nats). ``ended`` is UTC, ISO 8601.
    Metrics are in columns ``measure.NAME``, params in ``param.NAME``.
    """
    measures = _names(trial.measures for trial in trials)
    params = sorted(
        _names(trial.params for trial in trials),
        key=lambda name: [*DIMENSIONS, name].index(name),
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [*_FACTS, *(f"measure.{name}" for name in measures), *(f"param.{name}" for name in params)]
    )
    for trial in trials:
        writer.writerow([*_facts(trial), *map(trial.measures.get, measures), *map(trial.params.get, params)])
    return text.getvalue()


def settings_json(trial: TrialRecord) -> str:
    """The complete training settings of a trial, in the format of a run's settings file."""
    record = {"schema_version": SCHEMA_VERSION, "settings": dict(trial.settings)}
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def _facts(trial: TrialRecord) -> list[object]:
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(trial.ended)) if trial.ended else None
    reason = str(trial.reason) if trial.reason else None
    return [
        trial.number,
        trial.state.value,
        str(trial.speed),
        trial.value,
        trial.second,
        trial.seconds,
        ended,
        trial.worker,
        reason,
    ]


def _names(records: Iterable[Iterable[str]]) -> list[str]:
    """Distinct names, in the order of their first appearance."""
    return list(dict.fromkeys(name for record in records for name in record))
