"""Plan of a study: the deadline and the trial limit by which every process of a search ends."""

from __future__ import annotations

from dataclasses import dataclass

import optuna

from core.records import JsonObject, Record

_PLAN = "plan"  # attribute of the study


@dataclass(frozen=True, kw_only=True)
class StudyPlan(Record):
    """End of a search. The default, for a study without a plan, is that it is over."""

    deadline: float | None = None  # seconds since the epoch; None: no deadline
    heads_until: float | None = None  # end of a full search's heads-only part; None: a share of the trials
    max_trials: int = 0  # that count; 0: any number
    is_over: bool = True  # trials at work are ended early
    is_paused: bool = False  # trials at work are queued again

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Darkroom 0.1.0 named three of the keys otherwise."""
        names = {"trials": "max_trials", "over": "is_over", "rests": "is_paused"}
        return {names.get(name, name): value for name, value in values.items()}


def set_plan(study: optuna.Study, plan: StudyPlan) -> None:
    """Publish the plan to every process that works on the study."""
    study.set_user_attr(_PLAN, plan.to_json())


def plan_of(study: optuna.Study) -> StudyPlan:
    """The current plan; a study without one has not begun, or is over."""
    return StudyPlan.from_json(study.user_attrs.get(_PLAN) or {})


def has_plan(study: optuna.Study) -> bool:
    """True once trials may begin or are over; False while the search prepares."""
    return study.user_attrs.get(_PLAN) is not None


def clear_plan(study: optuna.Study) -> None:
    """Remove the plan, so that workers wait for the next one."""
    study.set_user_attr(_PLAN, None)
