"""Job kinds: the table of their steps, and the codes stored in job directories.

A step's function is named as text, and a worker imports its module to run it. This
package therefore imports nothing that it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.errors import RecordError
from core.messages import N_


class JobKind(StrEnum):
    """Code of a job kind, as ``config.json`` stores it; :data:`JOB_TYPES` describes each."""

    IMPORT = "import"
    EXAMINE = "examine"
    GROUP = "group"
    CHANGE_RANGE = "change_range"
    EXPORT_DATASET = "export_dataset"
    DOWNLOAD = "download"
    INSTALL_PACKAGES = "install_packages"
    MEASURE = "measure"
    BAKEOFF = "bakeoff"
    ADAPT = "adapt"
    PROFILE = "profile"
    ROBUSTNESS = "robustness"
    LEARNING_CURVE = "learning_curve"
    EXPLAIN = "explain"
    AVERAGING = "averaging"
    TRAIN = "train"
    ENSEMBLE = "ensemble"
    EXPORT = "export"
    MEASURE_RUNS = "measure_runs"
    SEARCH = "search"
    INSPECT_MODEL = "inspect_model"
    JUDGE_MODEL = "judge_model"
    PREDICT_BATCH = "predict_batch"
    SAVE_PROJECT = "save_project"
    RESTORE_PROJECT = "restore_project"
    FINISH = "finish"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a job."""

    # Stored in job directories. Unique among all steps.
    code: str
    # ``module:function``. Called with the job's directory, its config and its progress.
    function: str


@dataclass(frozen=True, kw_only=True)
class JobType:
    """Properties of a job kind."""

    # English template, shown to people.
    label: str
    # In order. A job of kind FINISH stores its own steps.
    steps: tuple[Step, ...] = ()
    # The job waits for its turn on the device.
    needs_device: bool = False
    # Keras runs on TensorFlow, also where training runs on another backend.
    needs_tensorflow: bool = False
    # The job writes checkpoints: it can be paused, and resumes from them.
    can_pause: bool = False
    # Modules that a warm worker has imported before it gets a job of this kind; without them, none waits for it.
    imported_ahead: tuple[str, ...] = ()
    # ``module:function`` that it then calls with the expected settings, before it has a job.
    prepared_by: str = ""
    # The job is removed a day after it ended.
    is_temporary: bool = True


TRAIN = Step(code="train", function="core.training.job:train")
# What a training imports when it needs it. In a new worker of a quick run that takes about half of the time.
_AHEAD_OF_TRAINING = (
    "core.training.job",
    "core.evaluation.job",
    "core.delivery.job",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "scipy.optimize",
    "sklearn.covariance",
    "sklearn.decomposition",
    "keras",
    "core.models.architectures.classifier",
    "core.evaluation.strangers.network_output",
    "core.delivery.formats.keras_opener",
    "core.delivery.formats.litert.metadata",
    "core.delivery.formats.litert.signature",
    "core.delivery.formats.litert.tflite_opener",
)

JOB_TYPES = {
    JobKind.IMPORT: JobType(
        label=N_("Import of pictures"), steps=(Step(code="import", function="core.data.job:import_pictures"),)
    ),
    JobKind.EXAMINE: JobType(
        label=N_("Check of the pictures"),
        steps=(Step(code="examine", function="core.doctor.job:examine_dataset"),),
        needs_device=True,
    ),
    JobKind.GROUP: JobType(
        label=N_("Grouping of unlabelled pictures"),
        steps=(Step(code="group", function="core.doctor.labelling.job:prepare_labelling"),),
        needs_device=True,
    ),
    JobKind.CHANGE_RANGE: JobType(
        label=N_("Change of the range of values"),
        steps=(Step(code="change_range", function="core.data.editing.job:change_pixel_range"),),
    ),
    JobKind.EXPORT_DATASET: JobType(
        label=N_("Export of the pictures"),
        steps=(Step(code="export_dataset", function="core.doctor.export_dataset:export_dataset"),),
    ),
    JobKind.DOWNLOAD: JobType(
        label=N_("Download of weights"), steps=(Step(code="download", function="core.models.job:download"),)
    ),
    JobKind.INSTALL_PACKAGES: JobType(
        label=N_("Installation of optional packages"),
        steps=(Step(code="install_packages", function="core.optional_packages:install"),),
    ),
    JobKind.MEASURE: JobType(
        label=N_("Speed measurement"),
        steps=(Step(code="measure", function="core.models.job:measure"),),
        needs_device=True,
    ),
    JobKind.BAKEOFF: JobType(
        label=N_("Comparison of backbones"),
        steps=(Step(code="bakeoff", function="core.training.bakeoff.job:bake_off"),),
        needs_device=True,
    ),
    # In a directory of its own, which holds the adapted weights.
    JobKind.ADAPT: JobType(
        label=N_("Adaptation of a backbone"),
        steps=(
            Step(code="adapt", function="core.training.adaptation.job:adapt"),
            Step(code="store_backbone", function="core.training.adaptation.job:store_backbone"),
        ),
        needs_device=True,
        can_pause=True,
        is_temporary=False,
    ),
    JobKind.PROFILE: JobType(
        label=N_("Timing of a few training steps"),
        steps=(Step(code="profile", function="core.training.profiling:measure"),),
        needs_device=True,
    ),
    JobKind.ROBUSTNESS: JobType(
        label=N_("Test of robustness"),
        steps=(Step(code="robustness", function="core.delivery.robustness_job:measure_run"),),
        needs_device=True,
    ),
    JobKind.LEARNING_CURVE: JobType(
        label=N_("Learning curve of more pictures"),
        steps=(Step(code="learning_curve", function="core.evaluation.learning_curve.job:measure_run"),),
        needs_device=True,
    ),
    JobKind.EXPLAIN: JobType(
        label=N_("Heatmaps of many pictures"),
        steps=(Step(code="explain", function="core.delivery.mean_heatmaps_job:explain_run"),),
        needs_device=True,
    ),
    JobKind.AVERAGING: JobType(
        label=N_("Measurement of averaged views"),
        steps=(Step(code="measure_averaging", function="core.delivery.ensembles.averaging_job:measure_run"),),
        needs_device=True,
    ),
    JobKind.TRAIN: JobType(
        label=N_("Training run"),
        steps=(
            TRAIN,
            Step(code="evaluate", function="core.evaluation.job:evaluate"),
            Step(code="deliver", function="core.delivery.job:deliver"),
        ),
        needs_device=True,
        can_pause=True,
        imported_ahead=_AHEAD_OF_TRAINING,
        prepared_by="core.training.ahead:prepare",
        is_temporary=False,
    ),
    # In a run's directory, as a run's result.
    JobKind.ENSEMBLE: JobType(
        label=N_("Ensemble of runs"),
        steps=(
            Step(code="join", function="core.delivery.ensembles.job:join"),
            Step(code="deliver_ensemble", function="core.delivery.ensembles.job:deliver_ensemble"),
        ),
        needs_device=True,
        is_temporary=False,
    ),
    JobKind.EXPORT: JobType(
        label=N_("Export files and their check"),
        steps=(Step(code="export", function="core.reporting.exports:export_formats"),),
        needs_device=True,
        needs_tensorflow=True,
    ),
    JobKind.MEASURE_RUNS: JobType(
        label=N_("Timing of classifiers"),
        steps=(Step(code="measure_runs", function="core.delivery.latency:measure_runs"),),
        needs_device=True,
    ),
    JobKind.SEARCH: JobType(
        label=N_("Search for better settings"),
        steps=(
            Step(code="search", function="core.search.job:search"),
            Step(code="conclude", function="core.search.job:conclude"),
            Step(code="promote_trial", function="core.search.analysis.promote_trial:promote_best_trial"),
        ),
        needs_device=True,
        can_pause=True,
        is_temporary=False,
    ),
    JobKind.INSPECT_MODEL: JobType(
        label=N_("Opening of a model from elsewhere"),
        steps=(Step(code="inspect_model", function="core.evaluation.foreign.job:inspect"),),
    ),
    JobKind.JUDGE_MODEL: JobType(
        label=N_("Test of a model from elsewhere"),
        steps=(Step(code="judge_model", function="core.evaluation.foreign.job:judge"),),
    ),
    # In a directory of its own, which holds the answers.
    JobKind.PREDICT_BATCH: JobType(
        label=N_("Classification of many pictures"),
        steps=(
            Step(code="predict_batch", function="core.prediction.batch.job:predict_batch"),
            Step(code="note_batch", function="core.prediction.noting:note_batch"),
        ),
        can_pause=True,
        is_temporary=False,
    ),
    JobKind.SAVE_PROJECT: JobType(
        label=N_("Saving of a project as one file"),
        steps=(Step(code="save_project", function="core.archive.job:save_project"),),
    ),
    JobKind.RESTORE_PROJECT: JobType(
        label=N_("Opening of a project from a file"),
        steps=(Step(code="restore_project", function="core.archive.job:restore_project"),),
    ),
    # Remaining steps of a stopped job whose best result is saved. They work in that job's directory.
    JobKind.FINISH: JobType(label=N_("Completion of a stopped job"), is_temporary=False),
}

# Codes written by Darkroom 0.1.0 before 2026-12.
OLD_KINDS = {
    "trial": JobKind.PROFILE,
    "handover": JobKind.EXPORT_DATASET,
    "install_reader": JobKind.INSTALL_PACKAGES,
}
OLD_STEPS = {
    "install_reader": "install_packages",
    "core.data.job:import_pictures": "import",
    "core.doctor.job:examine_dataset": "examine",
    "core.doctor.labelling:prepare_labelling": "group",
    "core.doctor.labelling.job:prepare_labelling": "group",
    "core.doctor.handover:hand_over": "export_dataset",
    "core.doctor.export_dataset:hand_over": "export_dataset",
    "core.models.job:download": "download",
    "core.models.job:measure": "measure",
    "core.training.bakeoff:bake_off": "bakeoff",
    "core.training.bakeoff.job:bake_off": "bakeoff",
    "core.training.trial:measure": "profile",
    "core.training.profiling:measure": "profile",
    "core.training.job:train": "train",
    "core.evaluation.job:evaluate": "evaluate",
    "core.delivery.job:deliver": "deliver",
    "core.search.job:search": "search",
    "core.search.job:conclude": "conclude",
    "core.jobs.winner:start_winner": "promote_trial",
    "core.search.analysis.promote_trial:start_winner": "promote_trial",
}


def upgrade_steps(codes: object) -> object:
    """Replace step names of older versions by today's codes."""
    if not isinstance(codes, list | tuple):
        return codes
    return [OLD_STEPS.get(code, code) if isinstance(code, str) else code for code in codes]


def step_of(code: str) -> Step:
    """Look up a step by its code.

    Raises:
        RecordError: no job kind has such a step.
    """
    steps = {step.code: step for job_type in JOB_TYPES.values() for step in job_type.steps}
    if code not in steps:
        raise RecordError(
            N_("Unknown step of a job: {step}. Known here are: {known}."), step=code, known=", ".join(steps)
        )
    return steps[code]
