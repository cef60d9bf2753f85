"""The section that starts a search: how long, what for, how deep; one button."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.errors import DarkroomError
from core.messages import N_
from core.models.backbones import BACKBONES, WeightsSource
from core.runs.start import start_search
from core.search.config import SMALL_DATASET, Goal, SearchConfig, Tradeoff
from core.search.space import Speed
from core.training.config import Recipe, TrainingConfig
from core.training.cost.estimate import estimate
from core.workspace import Project
from pages.ui import state
from pages.ui.display_names.training import RECIPE_NAMES
from pages.ui.search.advanced import advanced
from pages.ui.search.display_names import (
    GOAL_NAMES,
    SPEED_NAMES,
    SPEED_SENTENCES,
    TRADEOFF_NAMES,
    base_sentence,
)
from pages.ui.settings import chosen_backbone, chosen_recipe, next_config
from pages.ui.text import _, duration, escape, show

USUAL_MINUTES, USUAL_TRIALS = 10, 50
_MOST_MINUTES, _MOST_TRIALS = 7 * 24 * 60, 100_000
_STRETCHES = (10, 30, 120, 480)  # minutes
_OWN, _TRIALS = "own", "trials"
_GOAL_HELP = N_(
    "Measured on validation pictures: those that training does not learn from. Accuracy: how many are right. "
    "Macro F1: the same care for every class, however small. Loss: how surprised it is by the true answers."
)
_TRADEOFF_HELP = N_(
    "Then the search shows all classifiers of which none is better in both (the Pareto front), and you choose."
)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Budget of a search in minutes or trials; 0 is no limit."""

    minutes: float = 0.0
    trials: int = 0


def show_section(project: Project, dataset: Dataset) -> None:
    st.markdown(
        _(
            "A search tries many settings by itself, one *trial* after the other, and keeps the one that does best "
            "on validation pictures. Test pictures stay unseen until it is over."
        )
    )
    if BACKBONES[chosen_backbone(project)].weights is WeightsSource.NONE:
        _without_weights(project)
        return
    budget = _budget()
    goal, tradeoff = _goal()
    speed = _speed()
    base = base_of(project, speed)
    _to_be_beaten(project, dataset, base, speed, budget)
    extras = advanced(project, speed, base)
    if extras is None:
        return
    asked: dict[str, Any] = {
        "base": base.to_json(),
        "minutes": budget.minutes,
        "trials": budget.trials,
        "goal": goal.value,
        "tradeoff": tradeoff.value,
        "speed": speed.value,
        **extras,
    }
    _start(project, asked)


def base_of(project: Project, speed: Speed) -> TrainingConfig:
    """The settings to be beaten: those chosen on the pages; with heads only, as the quick recipe trains them."""
    return next_config(project, recipe=Recipe.QUICK if speed is Speed.HEAD else None)


def _start(project: Project, asked: dict[str, Any]) -> None:
    try:
        config = SearchConfig.from_json(asked)
    except DarkroomError as error:
        st.error(show(error.message))
        return
    if not st.button(
        _("Start the search"), type="primary", icon=":material/manage_search:", key="start-search"
    ):
        return
    try:
        started = start_search(project, config)
    except DarkroomError as error:
        st.error(show(error.message))
        return
    state.choose_search(started.name)
    state.open_section("results")


def _budget() -> Budget:
    names = {
        **{str(minutes): duration(60 * minutes) for minutes in _STRETCHES},
        _OWN: _("Other …"),
        _TRIALS: _("So many trials"),
    }
    chosen = st.segmented_control(
        _("How long may it take?"),
        list(names),
        default=str(USUAL_MINUTES),
        required=True,
        format_func=names.__getitem__,
        help=_("It goes on even if you close this page. You can stop it at any time, and go on later."),
        key="budget",
    )
    if chosen == _OWN:
        return Budget(minutes=st.number_input(_("Minutes"), 1, _MOST_MINUTES, 60, key="minutes", width=160))
    if chosen == _TRIALS:
        trials = st.number_input(_("Trials"), 1, _MOST_TRIALS, USUAL_TRIALS, key="trials", width=160)
        return Budget(trials=int(trials))
    return Budget(minutes=float(str(chosen)))


def _goal() -> tuple[Goal, Tradeoff]:
    left, right = st.columns(2)
    with left:
        goal = st.segmented_control(
            _("What should get better?"),
            list(Goal),
            default=Goal.ACCURACY,
            required=True,
            format_func=lambda one: _(GOAL_NAMES[one]),
            help=_(_GOAL_HELP),
            key="goal",
        )
    with right:
        tradeoff = st.segmented_control(
            _("And should something be small?"),
            list(Tradeoff),
            default=Tradeoff.NONE,
            required=True,
            format_func=lambda one: _(TRADEOFF_NAMES[one]),
            help=_(_TRADEOFF_HELP),
            key="tradeoff",
        )
    return Goal(str(goal)), Tradeoff(str(tradeoff))


def _speed() -> Speed:
    chosen = st.radio(
        _("What may a trial train?"),
        list(Speed),
        format_func=lambda speed: _(SPEED_NAMES[speed]),
        captions=[_(SPEED_SENTENCES[speed]) for speed in Speed],
        help=_(
            "The backbone is the pretrained network that looks at the pictures; the head on top of it decides."
        ),
        key="speed",
    )
    return Speed(str(chosen))


def _to_be_beaten(
    project: Project, dataset: Dataset, base: TrainingConfig, speed: Speed, budget: Budget
) -> None:
    """The first trial is what would be trained without a search."""
    with st.container(border=True, key="to-be-beaten", gap="xsmall"):
        st.markdown(
            _("**The settings to be beaten**: {settings}").format(settings=escape(base_sentence(base))),
            help=_("Those chosen on the pages Augment, Model and Train. They are the first trial."),
        )
        recipe = chosen_recipe(project)
        if recipe is not base.recipe:
            st.caption(
                _("With heads only, the recipe is Quick; on the Train page {recipe} is chosen.").format(
                    recipe=f"“{_(RECIPE_NAMES[recipe])}”"
                )
            )
        if speed is Speed.FULL:
            st.caption(_cost(dataset, base, budget))
        if _usable_pictures(dataset) < SMALL_DATASET:
            st.caption(
                _(
                    "There are few pictures, so each trial is judged by *cross-validation*: several times, each time "
                    "on another part of them. That takes longer, and is not fooled by chance as easily."
                )
            )


def _cost(dataset: Dataset, base: TrainingConfig, budget: Budget) -> str:
    """Sentence on the expected time of a trial that trains a network."""
    config = base if base.recipe is not Recipe.QUICK else TrainingConfig.from_json(
        base.to_json() | {"recipe": Recipe.BALANCED.value, "epochs": 0, "patience": 0}
    )  # fmt: skip
    seconds = estimate(dataset, config).seconds
    words = escape(_("A whole network takes about {time} here.").format(time=duration(seconds)))
    if budget.minutes and seconds > 60 * budget.minutes / 3:
        words += " " + _(
            "In the time you gave, hardly any would be trained to the end: give more, or try heads only."
        )
    return words


def _usable_pictures(dataset: Dataset) -> int:
    """Those to train on and to validate with."""
    return sum(len(dataset.rows(part)) for part in (Split.TRAIN, Split.VALIDATION))


def _without_weights(project: Project) -> None:
    """A search begins with what a pretrained backbone sees."""
    name = escape(BACKBONES[chosen_backbone(project)].name)
    st.info(
        _(
            "{backbone} has no pretrained weights: it learns from your pictures alone, and there is no head "
            "to search for. Choose a pretrained backbone first."
        ).format(backbone=name)
    )
    st.page_link("model.py", label=_("Choose a backbone"), icon=":material/arrow_forward:")
