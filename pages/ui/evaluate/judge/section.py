"""Section “Judge a model”: drop a model made elsewhere, see what was understood, test it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.dataset import Dataset
from core.errors import ErrorCode
from core.evaluation.evaluated_run import EvaluatedRun, measured_report
from core.evaluation.foreign.job import ONNX_PACKAGE
from core.evaluation.foreign.judged_model import delete_model, is_judged, list_models, read_facts
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.optional_packages import OPTIONAL_PACKAGES
from core.runs.judging import start_inspection
from core.workspace import Project, project_of
from pages.ui.components.upload import upload
from pages.ui.evaluate.judge.result import show_result
from pages.ui.evaluate.judge.settings import choose_and_test
from pages.ui.evaluate.judge.understanding import show_facts, show_samples
from pages.ui.jobs import follow, newest_job, show_error, try_to
from pages.ui.optional_packages import offer_packages
from pages.ui.text import _, percent

_KINDS = (JobKind.INSPECT_MODEL, JobKind.JUDGE_MODEL)


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw the drop zone, and the model that is chosen beside a run."""
    show_models(project_of(evaluated.run), evaluated.dataset, evaluated)


def show_models(project: Project, dataset: Dataset, evaluated: EvaluatedRun | None) -> None:
    """Draw the drop zone, and the model that is chosen.

    Args:
        dataset: version that models are tested on.
        evaluated: run that stands beside them, tested on that version; None without any.
    """
    job = _newest(project)
    if job is not None and not job.status().state.has_ended:
        follow(job, lambda ended: None, key="judge-job")
        return
    models = list_models(project)
    if job is not None:
        _show_failure(project, job)
    _drop(project, dataset, has_run=evaluated is not None, is_open=evaluated is not None and not models)
    if models:
        _show_model(project, dataset, evaluated, _chosen(models))


def _newest(project: Project) -> JobDirectory | None:
    """Return the newest job on a model made elsewhere."""
    jobs = [job for kind in _KINDS if (job := newest_job(project, kind)) is not None]
    return max(jobs, key=lambda job: job.created, default=None)


def _show_failure(project: Project, job: JobDirectory) -> None:
    """Show the reason why the newest job failed; with a missing package, the offer to install it."""
    status = job.status()
    show_error(status)
    source = Path(str(job.config().get("source", "")))
    if status.error is not None and status.error.code == ErrorCode.READER_MISSING and source.exists():
        offer_packages(
            [OPTIONAL_PACKAGES[ONNX_PACKAGE]],
            lambda: start_inspection(project, source, version=job.config()["dataset_version"]),
        )


def _drop(project: Project, dataset: Dataset, *, has_run: bool, is_open: bool) -> None:
    with st.expander(
        _("Judge the model you already have"),
        icon=":material/upload_file:",
        expanded=is_open,
        key="judge-drop",
    ):
        st.markdown(
            _(
                "Drop a model from elsewhere. It answers your test pictures, and its score stands beside that of this run."
            )
            if has_run
            else _("Drop a model from elsewhere. It answers your test pictures.")
        )
        arrived = upload(
            key="judge-upload",
            label=_("Drop a model here"),
            hint=_(
                "Keras (.keras, .h5), TFLite, ONNX, SavedModel or TensorFlow.js; exports of Teachable Machine, Lobe or Custom Vision as zip or folder. Add labels.txt if the model names no classes."
            ),
            multiple=True,
            folder=True,
        )
        st.caption(
            _(
                "The model runs in a process of its own, without network and within limits. Programs in it are refused, never run."
            )
        )
    if arrived is not None and try_to(
        # Without a run, the split may still have to be drawn.
        lambda: start_inspection(project, arrived.path, version=dataset.version if has_run else None)
    ):
        st.rerun()


def _chosen(models: list[Path]) -> Path:
    """Draw the choice of a model if there is more than one; the newest is chosen first."""
    by_name = {folder.name: folder for folder in models}
    if len(models) == 1:
        return models[0]
    name = st.selectbox(
        _("Model"),
        list(by_name),
        format_func=lambda name: _label(by_name[name]),
        key=f"judged-{models[0].name}",
    )
    return by_name[name]


def _label(folder: Path) -> str:
    """Label a model: its name, and its accuracy once it was tested."""
    if not is_judged(folder):
        return folder.name
    return f"{folder.name} · {percent(measured_report(folder).accuracy)}"


def _show_model(project: Project, dataset: Dataset, evaluated: EvaluatedRun | None, folder: Path) -> None:
    facts = read_facts(folder)
    if not is_judged(folder):
        show_facts(facts)
        samples = st.container()
        mapping = choose_and_test(project, dataset, folder, facts)
        with samples:
            show_samples(dataset, facts, mapping)
    else:
        show_result(dataset, evaluated, folder, facts)
        with st.expander(_("Test it with other settings"), icon=":material/tune:", key="judge-settings"):
            show_facts(facts)
            choose_and_test(project, dataset, folder, facts, is_again=True)
    if st.button(
        _("Remove this model"), icon=":material/delete:", type="tertiary", key=f"judge-remove-{folder.name}"
    ):
        delete_model(folder)
        st.rerun()
