"""Delivery step of a run: every export file, each proven against the evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.dataset import Dataset, open_dataset
from core.data.deep_pictures import are_all_deep
from core.data.labels.layout import Split
from core.delivery import export
from core.delivery.answering import Opener, named_function
from core.delivery.exporter import DeliveredModel, Exporter
from core.delivery.files import (
    FileProof,
    Labels,
    ParityProof,
    changing_labels,
    labels_thresholds,
    parity_file,
    read_labels,
    require_parity,
    write_labels,
)
from core.errors import DeliveryError
from core.evaluation.report import read_predictions, read_report
from core.evaluation.strangers.chosen import limits_in_use
from core.evaluation.strangers.detector import SCORE_TOLERANCE
from core.evaluation.strangers.results import has_strangers, read_known_scores
from core.evaluation.thresholds.answers import thresholds_in_use
from core.files import whole_file
from core.messages import N_
from core.progress import Progress, Stage, raise_if_stopped
from core.records import JsonObject, write_record
from core.training.artifacts import has_own_network
from core.training.config import TrainingConfig
from core.training.cost.stage_times import timed
from core.workspace import project_of


def deliver(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Write the export files and ``labels.json``, and prove that they agree with the evaluation."""
    progress.stage(Stage.EXPORTING)
    settings = TrainingConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.dataset_version)
    with timed(settings, Stage.EXPORTING, own_network=has_own_network(directory)):
        return deliver_files(
            directory,
            dataset,
            progress,
            model=DeliveredModel(directory),
            input_size=settings.sized_backbone.input_size,
            backbone=settings.backbone,
        )


def withdraw(run: Path) -> None:
    """Remove the proof, and the files packed from the files that it proved."""
    parity_file(run).unlink(missing_ok=True)
    export.remove_made_later(run)


def deliver_files(
    run: Path, dataset: Dataset, progress: Progress, *, model: DeliveredModel, input_size: int, backbone: str
) -> JsonObject:
    """Write the export files and ``labels.json`` of an evaluated run, and prove them.

    Args:
        dataset: the version that the run was evaluated on.
        input_size: side of the network's input in pixels.
        backbone: name of what is under the head.
    """
    withdraw(run)
    with changing_labels(run):
        write_labels(run, _labels(run, dataset, input_size=input_size, backbone=backbone))
    made = [exporter for exporter in export.EXPORTERS if exporter.is_made_in_run]
    for exporter in made:
        with whole_file(exporter.file(run)) as temporary:
            exporter.make(model, temporary)
    raise_if_stopped(progress)
    proof = ParityProof(files=_proofs(run, dataset, made))
    # One that was being packed from the files before.
    export.remove_made_later(run)
    write_record(parity_file(run), proof)
    return {"parity": {code: file.to_json() for code, file in proof.files.items()}}


def _labels(run: Path, dataset: Dataset, *, input_size: int, backbone: str) -> Labels:
    thresholds = thresholds_in_use(run, read_report(run), len(dataset.class_names))
    limits = limits_in_use(run, dataset)
    return Labels(
        class_names=tuple(dataset.class_names),
        input_size=input_size,
        backbone=backbone,
        run=run.name,
        task=dataset.task,
        thresholds=labels_thresholds(thresholds),
        pixel_range=dataset.pixel_range,
        channels=dataset.channels,
        measured_range=dataset.measured_range,
        expects_depth=are_all_deep(dataset),
        stranger_limit=limits.stranger_limit,
        least_confidence=limits.least_confidence,
    )


def _proofs(run: Path, dataset: Dataset, made: Sequence[Exporter]) -> dict[str, FileProof]:
    """Compare each file's answers to test pictures with those that the evaluation recorded."""
    recorded = read_predictions(run)
    row_of = {picture: row for row, picture in enumerate(dataset.pictures["id"])}
    # Pictures that were erased since have a prediction, but no file.
    is_shown = (recorded["split"] == Split.TEST.value) & recorded["id"].isin(row_of)
    recorded = recorded[is_shown].sort_values("id")
    if recorded.empty:
        raise DeliveryError(
            N_("Every test picture of this run was erased, so its files cannot be proven. Train it again.")
        )
    recorded, labels = recorded.head(max(exporter.proof_pictures for exporter in made)), read_labels(run)
    pictures = np.stack([labels.decode(dataset.picture_bytes(row_of[picture])) for picture in recorded["id"]])
    return {
        exporter.code: _proof(run, exporter, recorded.head(exporter.proof_pictures), pictures)
        for exporter in made
        if exporter.opens is not None
    }


def _proof(run: Path, exporter: Exporter, recorded: pd.DataFrame, pictures: np.ndarray) -> FileProof:
    """Compare one file with the evaluation.

    Args:
        recorded: rows of the evaluation's table.
        pictures: uint8 RGB (n, S, S, 3), at least those of the rows.
    """
    open_file: Opener = named_function(exporter.opens or "")
    answers = open_file(exporter.file(run))(pictures[: len(recorded)])
    expected = np.stack(list(recorded["probabilities"]))
    difference = float(np.abs(answers.probabilities - expected).max())
    require_parity(difference, exporter.tolerance, exporter.suffix)
    score_difference = None
    if answers.scores is not None and has_strangers(run):
        known = read_known_scores(run).set_index("id")["score"].loc[recorded["id"]].to_numpy()
        # A score is a sum of standard deviations, so one tolerance suits all of them.
        score_difference = float(np.abs(answers.scores - known).max())
        require_parity(score_difference, SCORE_TOLERANCE, exporter.suffix)
    return FileProof(pictures=len(recorded), max_difference=difference, score_difference=score_difference)
