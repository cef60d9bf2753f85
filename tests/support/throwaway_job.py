"""Throwaway job kind: one row in the table of job kinds, whose steps are those of ``job_steps``."""

from __future__ import annotations

from core.jobs.kinds import JOB_TYPES, JobKind, JobType, Step

MODULE = "tests.support.job_steps"
HELD_MODULE = "tests.support.held_import"
LABEL = "Juggling with pictures"
_NAMES = (
    "juggle",
    "first",
    "second",
    "third",
    "train_until_stopped",
    "refuse_once_stopped",
    "keep_and_hang",
    "hang",
    "finish_although_stopped",
    "lack_pictures",
    "break_down",
    "report_environment",
    "learn",
    "count_to_three",
    "hang_once",
    "report_device",
    "fill_the_disk",
)


def add_throwaway_kind() -> JobKind:
    """Add the kind ``juggle`` in this process, as a line in the enum and a row in the table would."""
    if "juggle" not in JobKind._value2member_map_:
        member = str.__new__(JobKind, "juggle")
        member._name_, member._value_ = "JUGGLE", "juggle"
        JobKind._value2member_map_["juggle"] = member
    kind = JobKind("juggle")
    JOB_TYPES[kind] = JobType(label=LABEL, steps=steps_named("juggle"))
    # The other steps belong to no kind; a job that completes another one finds them by their codes.
    # A warm worker waits for such jobs, and imports a module that tests can hold up.
    JOB_TYPES[JobKind.FINISH] = JobType(
        label=JOB_TYPES[JobKind.FINISH].label,
        steps=steps_named(*_NAMES),
        imported_ahead=(MODULE, HELD_MODULE),
        prepared_by=f"{MODULE}:prepare",
        is_temporary=False,
    )
    return kind


def steps_named(*names: str) -> tuple[Step, ...]:
    """Steps of the module ``job_steps``; their codes begin with ``test_``."""
    return tuple(Step(code=f"test_{name}", function=f"{MODULE}:{name}") for name in names)


def remove_throwaway_kind() -> None:
    """Restore the table and the enum."""
    finish = JOB_TYPES[JobKind.FINISH]
    JOB_TYPES[JobKind.FINISH] = JobType(label=finish.label, is_temporary=False)
    JOB_TYPES.pop(JobKind("juggle"))
    del JobKind._value2member_map_["juggle"]
