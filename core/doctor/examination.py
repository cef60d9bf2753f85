"""Examination of one dataset version: every check of the doctor."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from core.data.dataset import Dataset
from core.data.labels.label_sets import named_classes
from core.data.labels.task import Task
from core.data.near_duplicates.search import near_duplicate_groups, near_duplicates
from core.data.pixels.statistics import with_statistics
from core.doctor.checks.balance import find_imbalance, find_small_classes
from core.doctor.checks.duplicates import find_copies, find_exact_duplicates
from core.doctor.checks.feature_duplicates import proposed_copies
from core.doctor.checks.image_quality import find_poor_quality
from core.doctor.checks.outliers import outliers_finding, outlying_pictures
from core.doctor.checks.shortcuts import find_shortcuts
from core.doctor.checks.unreadable import find_unreadable, missing_files
from core.doctor.checks.wrong_labels import suspected_labels, wrong_labels_finding
from core.doctor.features.reduction import reduced_features
from core.doctor.findings import Finding, most_harmful_first
from core.doctor.report import Report
from core.progress import PartOf, Progress, raise_if_stopped

# Distance of reduced features. 45% of copies cropped to three quarters are proposed. At 0.3 it would be
# 30%, with a third of the pairs to compare.
_MAX_COPY_DISTANCE = 0.4


def pictures_to_examine(dataset: Dataset) -> Dataset:
    """Reduce the dataset to the pictures that are not excluded and whose files exist."""
    pictures = dataset.all_pictures
    is_examined = ~pictures["excluded"].to_numpy() & ~missing_files(pictures)
    return replace(dataset, pictures=pictures[is_examined].reset_index(drop=True))


def examine(
    dataset: Dataset,
    features: np.ndarray | None,
    dismissed: Collection[tuple[str, str]],
    progress: Progress,
) -> Report:
    """Run every check.

    Args:
        dataset: from ``pictures_to_examine``.
        features: float32 (pictures, F), in the order of ``dataset.pictures``; None omits the
            checks that need them.
        dismissed: suspects that the user confirmed as right, as (kind, id); not reported again.
    Raises:
        JobStopped: the user stopped the work.
    """
    began = time.monotonic()
    pictures = with_statistics(dataset.pictures, dataset.folder)
    labelled = pictures[pictures["label"] != ""]
    one_label = dataset.task is Task.MULTI_CLASS
    gone = dataset.all_pictures[missing_files(dataset.all_pictures)]
    findings = [
        *find_unreadable(dataset.skipped, gone[~gone["excluded"]]),
        *find_exact_duplicates(dataset.skipped),
        *find_poor_quality(pictures),
        # Classes of multi-label datasets do not exclude each other, so only their sizes are checked.
        *(find_imbalance(labelled) if one_label else []),
        *find_small_classes(pictures, named_classes(pictures["label"], dataset.task)),
        *(find_shortcuts(labelled) if one_label else []),
    ]
    raise_if_stopped(progress)
    points = None if features is None else reduced_features(features, PartOf(progress, 0.0, 0.1))
    findings += _copies(pictures, dataset, points, PartOf(progress, 0.1, 0.6))
    if features is not None and points is not None:
        findings += _by_features(dataset, pictures, features, points, PartOf(progress, 0.6, 1.0))
    right: dict[str, set[str]] = defaultdict(set)
    for kind, identifier in dismissed:
        right[kind].add(identifier)
    left = [finding.without(right[finding.kind.value]) for finding in findings]
    return Report(
        version=dataset.version,
        findings=most_harmful_first(finding for finding in left if finding is not None),
        pictures=len(pictures),
        seconds=round(time.monotonic() - began, 1),
        with_features=features is not None,
    )


def _copies(
    pictures: pd.DataFrame, dataset: Dataset, points: np.ndarray | None, progress: Progress
) -> list[Finding]:
    proposed = set() if points is None else proposed_copies(points, _MAX_COPY_DISTANCE)
    pairs = near_duplicates(pictures, dataset.folder, proposed, progress=progress)
    groups = near_duplicate_groups(pictures, dataset.folder, pairs)
    return find_copies(pictures, groups.to_numpy(), pairs)


def _by_features(
    dataset: Dataset, pictures: pd.DataFrame, features: np.ndarray, points: np.ndarray, progress: Progress
) -> list[Finding]:
    """Find wrong labels and outliers among the pictures of learnable classes.

    Confident learning assumes exactly one class, so multi-label datasets omit it.
    """
    if dataset.task is Task.MULTI_LABEL:
        judged = pictures[pictures["label"] != ""]
        rows, one_class = judged.index.to_numpy(), np.zeros(len(judged), np.int64)
        outliers = outlying_pictures(features, one_class, PartOf(progress, 0.0, 1.0), rows=rows)
        finding = outliers_finding(outliers, judged.reset_index(drop=True))
        return [] if finding is None else [finding]
    learnt = np.flatnonzero(pictures["label"].isin(dataset.class_names))
    judged = pictures.iloc[learnt].reset_index(drop=True)
    labels = pd.Categorical(judged["label"], categories=list(dataset.class_names)).codes.astype(np.int64)
    suspected = suspected_labels(
        points[learnt], labels, judged["group"].to_numpy(), PartOf(progress, 0.0, 0.6)
    )
    outliers = outlying_pictures(features, labels, PartOf(progress, 0.6, 1.0), rows=learnt)
    findings = (
        wrong_labels_finding(suspected, judged, dataset.class_names),
        outliers_finding(outliers, judged),
    )
    return [finding for finding in findings if finding is not None]
