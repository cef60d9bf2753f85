"""Two runs on the same test pictures: computed once for each pair of runs and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.dataset import erased_file
from core.evaluation.comparison.comparing import ClassifierComparison, compare_pair
from core.evaluation.comparison.disagreements import disagreements
from core.evaluation.comparison.pairing import Labelling, TestedPictures, pair
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.table import METRICS, Metric
from core.evaluation.report import report_file
from core.workspace import project_of

# The metric that leads, and another one that counts every class the same.
LEADING = "accuracy"
FIRST_SHOWN = (LEADING, "macro_f1")


@dataclass(frozen=True, kw_only=True)
class Paired:
    """A comparison by some metrics, and the pictures with different answers."""

    comparison: ClassifierComparison
    disagreements: pd.DataFrame


def metric_of(code: str) -> Metric:
    """Look up a metric by its code."""
    return next(metric for metric in METRICS if metric.code == code)


def paired(
    first: Path,
    second: Path,
    labelling: Labelling = Labelling.AGREED,
    codes: Sequence[str] | None = FIRST_SHOWN,
) -> Paired:
    """Compare the second run with the first.

    Args:
        codes: of the metrics; None: all.
    Raises:
        EvaluationError, NotFoundError: they cannot be compared.
    """
    files = (report_file(first), report_file(second), erased_file(project_of(first).dataset))
    written = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    return _paired(str(first), str(second), labelling.value, tuple(codes) if codes else None, written)


@st.cache_data(max_entries=64, show_spinner=False)
def _paired(
    first: str, second: str, labelling: str, codes: tuple[str, ...] | None, written: tuple[int, ...]
) -> Paired:
    """``written`` distinguishes a run that was evaluated again."""
    one, two = (TestedPictures.of(EvaluatedRun.open(Path(run))) for run in (first, second))
    pairing = pair(one, two, Labelling(labelling))
    metrics = [metric_of(code) for code in codes] if codes else None
    return Paired(comparison=compare_pair(pairing, metrics), disagreements=disagreements(pairing))
