"""Records of a batch: its request, the facts of its classifier, and counts of its answers.

A batch is a job in ``projects/NAME/predictions/BATCH``. Beside the files of every job are:

===================  ==============================================================
``batch.json``       ``BatchFacts``; the counts come last
``sources/``         uploaded pictures and archives, which belong to the batch
``shards/``          answers of a batch that is not finished; see ``answer_table``
``answers.parquet``  all answers, one row a picture
===================  ==============================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.delivery.files import Labels
from core.evaluation.calibration.conformal import PredictionSets
from core.records import Record, read_record, write_record


@dataclass(frozen=True, kw_only=True)
class BatchRequest(Record):
    """Request of the job; its ``config.json``."""

    run: str
    # Folders, archives and picture files. Relative ones lie in the batch's directory and belong to it.
    sources: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class BatchCounts(Record):
    """Numbers of pictures in a finished batch."""

    pictures: int
    unreadable: int
    strangers: int
    unsure: int


@dataclass(frozen=True, kw_only=True)
class BatchFacts(Record):
    """Facts of the classifier when the batch began, by which all its pictures are answered; ``batch.json``."""

    labels: Labels
    # See ``network_digest``.
    network: str
    # Prediction sets of the usual promise; None: the run's probabilities are not calibrated.
    sets: PredictionSets | None = None
    # Length of a picture's features; 0: the network gives none.
    feature_size: int = 0
    # None until the batch is finished.
    counts: BatchCounts | None = None


def facts_file(directory: Path) -> Path:
    return directory / "batch.json"


def sources_folder(directory: Path) -> Path:
    return directory / "sources"


def has_facts(directory: Path) -> bool:
    """False for a batch whose worker has not begun."""
    return facts_file(directory).exists()


def is_finished(directory: Path) -> bool:
    """True once all pictures are answered and counted."""
    return has_facts(directory) and read_facts(directory).counts is not None


def read_facts(directory: Path) -> BatchFacts:
    return read_record(facts_file(directory), BatchFacts)


def write_facts(directory: Path, facts: BatchFacts) -> None:
    write_record(facts_file(directory), facts)
