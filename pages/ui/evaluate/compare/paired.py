"""Two runs on the same test pictures: computed once for each pair of runs and their versions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.dataset import erased_file
from core.evaluation.comparison.comparing import ClassifierComparison, compare_pair
from core.evaluation.comparison.disagreements import disagreements
from core.evaluation.comparison.pairing import TestedPictures, pair
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import goal_file, leading_metric
from core.evaluation.report import report_file
from core.messages import Message
from core.workspace import project_of


@dataclass(frozen=True, kw_only=True)
class Paired:
    """A comparison, and the pictures with different answers."""

    comparison: ClassifierComparison
    leading: Message  # name of the metric that leads
    disagreements: pd.DataFrame


def paired(first: Path, second: Path, *, all_metrics: bool = False) -> Paired:
    """Compare the second run with the first.

    Args:
        all_metrics: those of the table beside the leading one, which takes seconds.
    Raises:
        EvaluationError, NotFoundError: they cannot be compared.
    """
    project = project_of(first)
    files = (report_file(first), report_file(second), erased_file(project.dataset), goal_file(project))
    written = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    return _paired(str(first), str(second), all_metrics, written)


@st.cache_data(max_entries=64, show_spinner=False)
def _paired(first: str, second: str, all_metrics: bool, written: tuple[int, ...]) -> Paired:
    """``written`` distinguishes a run that was evaluated again, and another leading metric."""
    one, two = (TestedPictures.of(EvaluatedRun.open(Path(run))) for run in (first, second))
    pairing = pair(one, two)
    leading = leading_metric(project_of(Path(first)), pairing.class_names)
    return Paired(
        comparison=compare_pair(pairing, leading, None if all_metrics else ()),
        leading=leading.label,
        disagreements=disagreements(pairing),
    )
