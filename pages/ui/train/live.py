"""Live view of a run: progress, diagnosis, learning curves, validation results."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.errors import NotFoundError
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState, JobStatus, Usage
from core.messages import Message
from core.progress import Stage
from core.training.config import Monitor, TrainingConfig
from core.training.diagnosis import Verdict, judge_curve
from core.training.phases import Phase
from core.training.records import BatchRecord, EpochRecord, LiveState, TrainingSummary
from core.workspace import project_of
from pages.ui.components.live_chart import live_chart
from pages.ui.confusion import show_confusion
from pages.ui.curves import (
    ACCURACY,
    LEADING,
    LEARNING_RATE,
    LOSS,
    MACRO_F1,
    PHASE_NAMES,
    Measure,
    learning_curve,
)
from pages.ui.following import batches_of, delivered_of, epochs_of, live_of
from pages.ui.jobs import progress_text, stage_line
from pages.ui.plotly_types import PlotlyObject
from pages.ui.text import _, current_language, file_size, number, show, time_left
from pages.ui.train.controls import running_controls
from pages.ui.train.examples import example_predictions

_REFRESH_SECONDS = 0.7
_SMALL_CHART_PIXELS = 220
_STAGES_WITH_EPOCHS = {Stage.TRAINING, Stage.FINE_TUNING}
_BATCHES_A_REDRAW = 4  # about every two seconds; more often would keep the browser busy
_ICONS = {Verdict.GOES_WELL: ":material/check_circle:", Verdict.UNFINISHED: ":material/timer:"}


def live_view(job: JobDirectory) -> None:
    """Draw progress and charts, which refresh themselves while the run lasts; zoom and legend stay."""
    is_active = not job.status().state.has_ended
    st.fragment(_live_view, run_every=_REFRESH_SECONDS if is_active else None)(job, is_active)


def _live_view(job: JobDirectory, was_active: bool) -> None:
    status = job.status()
    if was_active and status.state.has_ended:
        st.rerun()  # the whole page: its buttons change
    epochs, batches = epochs_of(job), batches_of(job)
    if was_active:
        _progress(job, status, epochs, batches)
    if not epochs and not batches:
        if was_active:
            st.caption(_("The learning curves appear here as soon as the first epoch is over."))
        return
    settings = TrainingConfig.from_json(job.config())
    dataset = _dataset_of(job, settings)
    live = delivered_of(job) if status.state.has_ended else live_of(job)
    _diagnosis(status, epochs, settings, _notes(job, live), dataset)
    _charts(job, epochs, batches[: _num_drawn(len(batches))], settings)
    if live and epochs and (live.confusion or live.examples):
        st.caption(_epoch_line(live.epoch, status.state.has_ended))
    if live and dataset:
        _predictions(job, live, dataset)


def _progress(
    job: JobDirectory, status: JobStatus, epochs: Sequence[EpochRecord], batches: Sequence[BatchRecord]
) -> None:
    with st.container(border=True, key="run-progress"):
        st.progress(min(1.0, status.fraction), text=_headline(status, epochs))
        st.caption(
            " · ".join(_facts(status, epochs, batches)) or _("Starting"),
            help=_("Patience: training ends after this many epochs without a better one."),
        )
        running_controls(job)


def _num_drawn(count: int) -> int:
    """Round the number of batches to draw down, so that charts change less often."""
    return count - count % _BATCHES_A_REDRAW or count


def _headline(status: JobStatus, epochs: Sequence[EpochRecord]) -> str:
    """Format the stage, the phase and the epoch."""
    text = progress_text(status)
    if not epochs or status.stage not in _STAGES_WITH_EPOCHS:
        return text
    newest = epochs[-1]
    phase = PHASE_NAMES.get(newest.phase)
    parts = [f"{text} ({_(phase)})" if phase else text]
    if newest.epochs:
        parts.append(_("epoch {epoch} of at most {epochs}").format(epoch=newest.epoch, epochs=newest.epochs))
    else:
        parts.append(_("epoch {epoch}").format(epoch=newest.epoch))
    return " · ".join(parts)


def _facts(status: JobStatus, epochs: Sequence[EpochRecord], batches: Sequence[BatchRecord]) -> list[str]:
    """Format time left, patience, throughput, learning rate and resource usage."""
    if status.stage not in _STAGES_WITH_EPOCHS:
        return [part for part in (stage_line(status), *_usage(status.usage)) if part]
    newest = epochs[-1] if epochs else None
    latest = batches[-1] if batches else newest
    parts = []
    if status.seconds_left is not None:
        parts.append(time_left(status.seconds_left))
    if newest and newest.patience_left is not None:
        parts.append(_("patience left: {n}").format(n=newest.patience_left))
    if latest and latest.pictures_per_second:
        parts.append(_("{rate} pictures/s").format(rate=number(latest.pictures_per_second)))
    if latest and latest.learning_rate is not None:
        parts.append(_("learning rate {rate}").format(rate=f"{latest.learning_rate:.2g}"))
    return parts + _usage(status.usage)


def _usage(usage: Usage | None) -> list[str]:
    """Format the worker's use of CPU, GPU and memory."""
    if usage is None:
        return []
    parts = [
        _("CPU {share}").format(share=f"{usage.cpu_percent:.0f}%"),
        _("{size} of memory").format(size=file_size(usage.memory_bytes)),
    ]
    if usage.gpu_percent is not None:
        parts.append(_("GPU {share}").format(share=f"{usage.gpu_percent:.0f}%"))
    if usage.gpu_memory_bytes is not None:
        parts.append(_("{size} of GPU memory").format(size=file_size(usage.gpu_memory_bytes)))
    return parts


def _diagnosis(
    status: JobStatus,
    epochs: Sequence[EpochRecord],
    settings: TrainingConfig,
    notes: Sequence[Message],
    dataset: Dataset | None,
) -> None:
    """Draw the diagnosis of the curves and the notes of the run."""
    diagnosis = judge_curve(
        epochs,
        monitor=settings.monitor,
        patience=settings.patience,
        baseline=_baseline(dataset),
    )
    with st.container(key="diagnosis"):  # charts below keep position and zoom
        # A failed run is never praised for its curves.
        if diagnosis and not (diagnosis.verdict.is_good and status.state is JobState.FAILED):
            box = st.success if diagnosis.verdict.is_good else st.warning
            icon = _ICONS.get(diagnosis.verdict, ":material/troubleshoot:")
            box(show(diagnosis.message), icon=icon)
        for note in notes:
            st.info(show(note), icon=":material/info:")


def _notes(job: JobDirectory, live: LiveState | None) -> Sequence[Message]:
    summary = job.step_result("training", TrainingSummary)
    return (summary and summary.notes) or (live and live.notes) or ()


def _charts(
    job: JobDirectory,
    epochs: Sequence[EpochRecord],
    batches: Sequence[BatchRecord],
    settings: TrainingConfig,
) -> None:
    """Draw loss and accuracy, below them the learning rate and the monitored metric."""
    left, right = st.columns(2)
    with left:
        st.markdown(
            _("**Loss**: lower is better"), help=_("Small if the true classes get high probabilities")
        )
        _chart(job, "loss", epochs, batches, LOSS)
    with right:
        st.markdown(
            _("**Accuracy**: higher is better"), help=_("Share of pictures that are predicted correctly")
        )
        _chart(job, "accuracy", epochs, batches, ACCURACY)
    if epochs and epochs[0].phase is Phase.GLOBAL_POOLING:
        st.caption(
            _(
                "The head's curves fall in steps: at each step the L2 penalty gets smaller. A gap is where the next phase begins. The best epoch of all is kept."
            )
        )
    left, right = st.columns(2)
    if batches or any(epoch.learning_rate is not None for epoch in epochs[-1:]):
        with left:
            st.markdown(_("**Learning rate**"), help=_("Step size of training"))
            _chart(job, "learning-rate", epochs, batches, LEARNING_RATE, _SMALL_CHART_PIXELS)
    is_measured = any(not math.isnan(epoch.validation_macro_f1) for epoch in epochs)
    if settings.monitor is Monitor.MACRO_F1 and is_measured:
        with right:
            st.markdown(_("**Macro F1**: higher is better"), help=_("Every class counts equally"))
            _chart(job, "macro-f1", epochs, [], MACRO_F1, _SMALL_CHART_PIXELS)
    if settings.monitor is Monitor.LEADING:
        with right:
            st.markdown(
                _("**The metric that matters**: higher is better"),
                help=_(
                    "Chosen on the Evaluate page. Of costs, the share of the highest possible cost that is avoided."
                ),
            )
            _chart(job, "leading", epochs, [], LEADING, _SMALL_CHART_PIXELS)


def _chart(
    job: JobDirectory,
    name: str,
    epochs: Sequence[EpochRecord],
    batches: Sequence[BatchRecord],
    measure: Measure,
    height: int = 320,
) -> None:
    newest = epochs[-1].time if epochs else None
    figure = _figure(
        (str(job.path), name, len(epochs), len(batches), newest, current_language()), epochs, batches, measure
    )
    live_chart(figure, key=f"{name}-{job.name}", height=height)


@st.cache_data(max_entries=64, show_spinner=False)
def _figure(
    identity: tuple[object, ...],
    _epochs: Sequence[EpochRecord],
    _batches: Sequence[BatchRecord],
    _measure: Measure,
) -> PlotlyObject:
    """Draw the chart, cached by ``identity``: run, chart, epochs, batches and language."""
    return learning_curve(_epochs, _batches, _measure)


def _epoch_line(epoch: int, has_ended: bool) -> str:
    """Name the epoch of the confusion matrix and the example predictions."""
    if has_ended:
        return _("Below: epoch {epoch}, which this run delivers.").format(epoch=epoch)
    return _("Below: epoch {epoch}, the newest.").format(epoch=epoch)


def _predictions(job: JobDirectory, live: LiveState, dataset: Dataset) -> None:
    """Draw the confusion matrix and example predictions on validation pictures."""
    left, right = st.columns(2)
    if live.confusion and len(live.confusion) == len(dataset.class_names):
        with left:
            st.markdown(
                _("**Confusion matrix** of epoch {epoch}").format(epoch=live.epoch),
                help=_("On validation pictures. Rows are the true classes, columns the answers."),
            )
            show_confusion(live.confusion, dataset.class_names, key=f"confusion-{job.name}")
    if live.examples:
        with right:
            example_predictions(dataset, live.examples)


def _dataset_of(job: JobDirectory, settings: TrainingConfig) -> Dataset | None:
    try:
        return open_dataset(project_of(job.path), settings.dataset_version)
    except NotFoundError:
        return None  # a run that was copied here without its pictures


def _baseline(dataset: Dataset | None) -> float:
    """Return the accuracy of always giving the most common answer, 0 to 1."""
    if dataset is None or dataset.pictures.empty:
        return 0.0
    return float(dataset.pictures["label"].value_counts(normalize=True).iloc[0])
