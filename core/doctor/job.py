"""Doctor job: features, where available, then every check, then the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.data.dataset import Dataset, open_dataset
from core.data.pixels.arrays import DECODED_PER_SECOND
from core.doctor.examination import examine, pictures_to_examine
from core.doctor.features.projection import project_to_plane, write_map
from core.doctor.features.reduction import reduced_features
from core.doctor.report import dismissals, write_report
from core.errors import WeightsError
from core.models.backbones import DEFAULT_BACKBONE, get_backbone
from core.models.litert.conversion import cached_engine, feature_engine
from core.models.speeds import expected_seconds
from core.models.weights.store import weights_ready
from core.progress import PartOf, Progress, Stage
from core.training.features import cached_features, count_missing
from core.workspace import project_of

_CHECKED_PER_SECOND = 300  # pictures: first guesses for the time left
_CHECK_SECONDS = 8.0  # however few
_CONVERSION_SECONDS = 15.0
_EXAMINED = 0.7  # of the time for checking; the rest draws the map


def examine_dataset(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Examine the version ``config["version"]``; write the report and a map of its pictures."""
    project = project_of(directory)
    dataset = pictures_to_examine(open_dataset(project, int(config["version"])))
    progress.plan(expected_seconds_by_stage(dataset))
    features = picture_features(dataset, progress)
    progress.stage(Stage.CHECKING)
    report = examine(dataset, features, dismissals(project), PartOf(progress, 0.0, _EXAMINED))
    write_report(project, report)
    if features is not None:
        _draw_map(dataset, features, PartOf(progress, _EXAMINED, 1.0))
    return {
        "version": report.version,
        "with_features": report.with_features,
        "findings": {finding.kind.value: finding.count for finding in report.findings},
    }


def expected_seconds_by_stage(dataset: Dataset) -> dict[Stage, float]:
    """Estimate each stage's seconds from earlier measurements on this machine.

    Args:
        dataset: from ``pictures_to_examine``.
    """
    backbone, count = get_backbone(DEFAULT_BACKBONE), len(dataset.pictures)
    engine = cached_engine(backbone)
    expected = {Stage.CHECKING: _CHECK_SECONDS + count / _CHECKED_PER_SECOND}
    if not weights_ready(backbone):
        return expected
    if engine is None:
        expected[Stage.CONVERTING] = _CONVERSION_SECONDS
    if missing := count_missing(dataset, engine):
        expected[Stage.DECODING] = missing / DECODED_PER_SECOND
        expected[Stage.FEATURES] = expected_seconds(backbone, missing)
    return expected


def picture_features(dataset: Dataset, progress: Progress) -> np.ndarray | None:
    """Features of the bundled backbone, in the dataset's order; None if it is not installed."""
    backbone = get_backbone(DEFAULT_BACKBONE)
    if not weights_ready(backbone) or dataset.pictures.empty:
        return None
    if cached_engine(backbone) is None:
        progress.stage(Stage.CONVERTING)
    try:
        engine = feature_engine(backbone)
    except WeightsError:  # there, but damaged: what needs no features is examined all the same
        return None
    return cached_features(dataset, engine, progress, speed_key=backbone.key)


def _draw_map(dataset: Dataset, features: np.ndarray, progress: Progress) -> None:
    places = project_to_plane(reduced_features(features, progress), progress)
    write_map(dataset.folder, DEFAULT_BACKBONE, dataset.pictures["id"].to_numpy(np.str_), places)
