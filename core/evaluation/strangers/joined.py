"""Stranger score of an ensemble: the weighted mean of its members', each in standard deviations."""

from __future__ import annotations

from pathlib import Path

from core.data.dataset import Dataset
from core.evaluation.strangers.chosen import forget_chosen_limits
from core.evaluation.strangers.job import EvaluatedPictures, known_table, pass_strangers, report_of
from core.evaluation.strangers.results import remove_strangers, write_strangers
from core.progress import Progress


def measure_joined_strangers(
    run: Path,
    dataset: Dataset,
    pictures: EvaluatedPictures,
    engine: Path,
    *,
    fitted_on: int,
    progress: Progress,
) -> None:
    """Measure the score on test pictures and strangers, and write its files.

    Args:
        pictures: their features are what ``engine`` gives: the probabilities of the classes, then the score.
        fitted_on: training pictures of the members' scores; 0: one has none, so the ensemble has none.
    """
    remove_strangers(run)
    forget_chosen_limits(run)
    if not fitted_on:
        return
    strangers = pass_strangers(dataset, engine, progress)
    known = known_table(dataset, pictures, pictures.features[:, -1].astype(float))
    table = strangers.table.assign(score=strangers.features[:, -1].astype(float))
    report = report_of(
        dataset,
        pictures,
        strangers,
        known,
        table,
        by_maximum_softmax=lambda output: -output[:, :-1].max(axis=1),
        # The mean of probabilities has no logits.
        by_energy=None,
        fitted_on=fitted_on,
    )
    write_strangers(run, report, None, known, table)
