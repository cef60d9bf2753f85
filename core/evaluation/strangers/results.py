"""Files of the stranger score in a run: the report, the detector, and the scores of all pictures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from core.evaluation.strangers.detector import StrangerDetector
from core.evaluation.strangers.measuring import StrangerReport
from core.files import whole_file
from core.records import read_record, write_record

_REPORT, _DETECTOR = "strangers.json", "strangers.npz"
_KNOWN, _STRANGERS = "known-scores.parquet", "stranger-scores.parquet"


def write_strangers(
    run: Path,
    report: StrangerReport,
    detector: StrangerDetector | None,
    known: pd.DataFrame,
    strangers: pd.DataFrame,
) -> None:
    """Write all files; the report last, which marks the others as whole.

    Args:
        detector: None for an ensemble, whose members have theirs.
        known: ``id``, ``split`` and ``score`` of validation and test pictures.
        strangers: ``kind``, ``project``, ``id``, ``group`` and ``score``.
    """
    if detector is not None:
        detector.save(_file(run, _DETECTOR))
    for name, table in ((_KNOWN, known), (_STRANGERS, strangers)):
        with whole_file(_file(run, name)) as temporary:
            table.to_parquet(temporary, index=False)
    write_record(_file(run, _REPORT), report)


def remove_strangers(run: Path) -> None:
    """Remove the report: the files of an earlier evaluation belong to another network."""
    _file(run, _REPORT).unlink(missing_ok=True)


def has_strangers(run: Path) -> bool:
    return _file(run, _REPORT).exists()


def read_strangers(run: Path) -> StrangerReport | None:
    """Read the run's report; None if its strangers were not measured."""
    return read_record(_file(run, _REPORT), StrangerReport) if has_strangers(run) else None


def read_detector(run: Path) -> StrangerDetector | None:
    """Read the run's detector; None if its strangers were not measured, and for an ensemble."""
    file = _file(run, _DETECTOR)
    return StrangerDetector.load(file) if has_strangers(run) and file.exists() else None


def read_known_scores(run: Path) -> pd.DataFrame:
    """Read ``id``, ``split`` and ``score`` of validation and test pictures."""
    return pd.read_parquet(_file(run, _KNOWN))


def read_stranger_scores(run: Path) -> pd.DataFrame:
    """Read ``kind``, ``project``, ``id``, ``group`` and ``score`` of the strangers."""
    return pd.read_parquet(_file(run, _STRANGERS))


def _file(run: Path, name: str) -> Path:
    return run / "evaluation" / name
