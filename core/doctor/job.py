"""Doctor job: features if a backbone is installed, then every check, then the map."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data.dataset import Dataset, open_dataset
from core.data.pixels.arrays import DECODED_PER_SECOND
from core.data.pixels.decoder_changes import drop_outdated
from core.doctor.examination import examine, pictures_to_examine
from core.doctor.features.projection import project_to_plane, write_map
from core.doctor.features.reduction import reduced_features
from core.doctor.records import ExaminationResult, VersionRequest
from core.doctor.report import dismissals, write_report
from core.errors import WeightsError
from core.models.backbones import DEFAULT_BACKBONE, get_backbone
from core.models.litert.conversion import cached_engine, feature_engine
from core.models.speeds import expected_seconds
from core.models.weights.store import weights_ready
from core.progress import PartOf, Progress, Stage
from core.records import JsonObject
from core.training.features.cache import cached_features, count_missing
from core.workspace import project_of

# First estimates for the time left: pictures, and seconds for any number of them.
_CHECKED_PER_SECOND = 300
_CHECK_SECONDS = 8.0
_CONVERSION_SECONDS = 15.0
# Share of the checks in the time of their stage. The rest is the map.
_CHECKS_SHARE = 0.7


def examine_dataset(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: examine a version (``VersionRequest``) and write the report and a map."""
    project = project_of(directory)
    version = VersionRequest.from_json(config).version
    drop_outdated(open_dataset(project, version), progress)
    dataset = pictures_to_examine(open_dataset(project, version))
    progress.plan(expected_seconds_by_stage(dataset))
    features = picture_features(dataset, progress)
    progress.stage(Stage.CHECKING)
    report = examine(dataset, features, dismissals(project), PartOf(progress, 0.0, _CHECKS_SHARE))
    write_report(project, report)
    if features is not None:
        _draw_map(dataset, features, PartOf(progress, _CHECKS_SHARE, 1.0))
    return ExaminationResult(
        version=report.version,
        with_features=report.with_features,
        findings={finding.kind: finding.count for finding in report.findings},
    ).to_json()


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
    """Compute features with the bundled backbone, in the dataset's order; None if it is not installed."""
    backbone = get_backbone(DEFAULT_BACKBONE)
    if not weights_ready(backbone) or dataset.pictures.empty:
        return None
    if cached_engine(backbone) is None:
        progress.stage(Stage.CONVERTING)
    try:
        engine = feature_engine(backbone)
    # The weights are damaged. Checks that need no features still run.
    except WeightsError:
        return None
    return cached_features(dataset, engine, progress, timed=backbone)


def _draw_map(dataset: Dataset, features: np.ndarray, progress: Progress) -> None:
    coordinates = project_to_plane(reduced_features(features, progress), progress)
    write_map(dataset.folder, DEFAULT_BACKBONE, dataset.pictures["id"].to_numpy(np.str_), coordinates)
