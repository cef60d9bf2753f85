"""Section that starts a search: budget, objectives, trained part, baseline, advanced settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.errors import DarkroomError
from core.messages import N_
from core.models.backbones import WeightsSource, get_backbone
from core.runs.setting_names import RECIPE_NAMES
from core.runs.start_runs import start_search
from core.search.climb import climb_config
from core.search.config import SMALL_DATASET, Goal, SearchConfig, Tradeoff
from core.search.space import Speed
from core.training.config import Recipe, TrainingConfig
from core.training.cost.estimate import estimate
from core.workspace import Project
from pages.ui import state
from pages.ui.search.advanced import advanced_settings
from pages.ui.search.display_names import (
    GOAL_NAMES,
    SPEED_NAMES,
    SPEED_SENTENCES,
    TRADEOFF_NAMES,
    baseline_sentence,
)
from pages.ui.settings import chosen_backbone, chosen_recipe, next_config
from pages.ui.text import _, duration, escape, expected_duration, show

USUAL_MINUTES, USUAL_TRIALS = 10, 50
_MAX_MINUTES, _MAX_TRIALS = 7 * 24 * 60, 100_000
_BUDGET_MINUTES = (10, 30, 120, 480)
_OWN, _TRIALS = "own", "trials"
_CLIMB_MINUTES = (1, 10, 30, 120)
_GOAL_HELP = N_(
    "Measured on validation pictures, from which training does not learn. Accuracy: share of correct answers. Macro F1: mean of the classes' F1 scores, so that small classes count as much as large ones. Loss: small if the correct answers get high probabilities. The metric that matters is chosen on the Evaluate page."
)
_TRADEOFF_HELP = N_(
    "With a second objective, the search shows the *Pareto front*: the trials for which no other is better in both. You choose among them."
)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Budget of a search in minutes or trials; 0 is no limit."""

    minutes: float = 0.0
    trials: int = 0


def show_section(project: Project, dataset: Dataset) -> None:
    """Draw the climb, which has one setting, and below it a search with all of them."""
    if get_backbone(chosen_backbone(project)).weights is WeightsSource.NONE:
        _without_weights(project)
        return
    _climb(project)
    st.subheader(_("Or choose what is searched"), anchor=False)
    st.markdown(
        _(
            "A search tries many settings automatically. Each attempt is a *trial*: a classifier trained with one set of settings. The best trial on validation pictures is kept; test pictures stay unseen until the end."
        )
    )
    budget = _budget()
    goal, tradeoff = _goal()
    speed = _speed()
    base = baseline_config(project, speed)
    _show_baseline(project, dataset, base, speed, budget)
    advanced = advanced_settings(project, speed, base)
    if advanced is None:
        return
    method = advanced.method
    try:
        config = SearchConfig(
            base=base,
            minutes=budget.minutes,
            trials=budget.trials,
            goal=goal,
            tradeoff=tradeoff,
            speed=speed,
            space=advanced.space,
            sampler=method.sampler,
            pruner=method.pruner,
            scoring=method.scoring,
            folds=method.folds,
            workers=method.workers,
            seed=method.seed,
            start_from=advanced.start_from,
            storage=advanced.storage,
        )
    except DarkroomError as error:
        st.error(show(error.message))
        return
    _start_button(project, config)


def _climb(project: Project) -> None:
    """Draw the time of a climb and the button that starts it."""
    with st.container(border=True, key="climb"):
        st.markdown(
            _(
                "**The best classifier in a given time.** Darkroom tries backbones and recipes, first those of which a point of accuracy is expected to cost least. A step is kept only where validation proves it better."
            ),
            help=_(
                "It begins with your backbone and uses those whose weights are on this computer. You can stop it after any step."
            ),
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.segmented_control(
                _("How long may it take?"),
                [str(minutes) for minutes in _CLIMB_MINUTES],
                default=str(USUAL_MINUTES),
                required=True,
                format_func=lambda minutes: duration(60 * int(minutes)),
                label_visibility="collapsed",
                key="climb-minutes",
            )
            minutes = float(str(chosen))
            if st.button(
                _("Best in {time}").format(time=duration(60 * minutes)),
                type="primary",
                icon=":material/stairs:",
                key="start-climb",
            ):
                _start(project, lambda: climb_config(next_config(project, recipe=Recipe.QUICK), minutes))


def baseline_config(project: Project, speed: Speed) -> TrainingConfig:
    """Return the baseline: the settings chosen on the pages, with the quick recipe if only heads are searched."""
    return next_config(project, recipe=Recipe.QUICK if speed is Speed.HEAD else None)


def _start_button(project: Project, config: SearchConfig) -> None:
    """Draw the button that starts the search and shows it."""
    if st.button(_("Start the search"), icon=":material/manage_search:", key="start-search"):
        _start(project, lambda: config)


def _start(project: Project, config: Callable[[], SearchConfig]) -> None:
    """Start a search and show it, or say why it is impossible."""
    try:
        started = start_search(project, config())
    except DarkroomError as error:
        st.error(show(error.message))
        return
    state.choose_search(started.name)
    state.open_section("results")


def _budget() -> Budget:
    names = {
        **{str(minutes): duration(60 * minutes) for minutes in _BUDGET_MINUTES},
        _OWN: _("Other …"),
        _TRIALS: _("By number of trials"),
    }
    chosen = st.segmented_control(
        _("How long may it take?"),
        list(names),
        default=str(USUAL_MINUTES),
        required=True,
        format_func=names.__getitem__,
        help=_("It continues if you close this page. You can stop it at any time and continue later."),
        key="budget",
    )
    if chosen == _OWN:
        return Budget(minutes=st.number_input(_("Minutes"), 1, _MAX_MINUTES, 60, key="minutes", width=160))
    if chosen == _TRIALS:
        trials = st.number_input(_("Trials"), 1, _MAX_TRIALS, USUAL_TRIALS, key="trials", width=160)
        return Budget(trials=int(trials))
    return Budget(minutes=float(str(chosen)))


def _goal() -> tuple[Goal, Tradeoff]:
    left, right = st.columns(2)
    with left:
        goal = st.segmented_control(
            _("Objective: what should get better?"),
            list(Goal),
            default=Goal.ACCURACY,
            required=True,
            format_func=lambda one: _(GOAL_NAMES[one]),
            help=_(_GOAL_HELP),
            key="goal",
        )
    with right:
        tradeoff = st.segmented_control(
            _("Second objective: should something be small?"),
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


def _show_baseline(
    project: Project, dataset: Dataset, base: TrainingConfig, speed: Speed, budget: Budget
) -> None:
    """Draw the baseline, the first trial, with its cost."""
    with st.container(border=True, key="baseline", gap="xsmall"):
        st.markdown(
            _("**Baseline (your own settings)**: {settings}").format(
                settings=escape(baseline_sentence(base))
            ),
            help=_(
                "The settings chosen on the pages Augment, Model and Train. The first trial uses them, and the other trials are compared with it."
            ),
        )
        recipe = chosen_recipe(project)
        if recipe is not base.recipe:
            st.caption(
                _("With heads only, the recipe is Quick; on the Train page {recipe} is chosen.").format(
                    recipe=f"“{_(RECIPE_NAMES[recipe])}”"
                )
            )
        if speed is Speed.FULL and get_backbone(base.backbone).members:
            st.caption(_("The backbones of a committee stay as they are, so trials train heads only."))
        elif speed is Speed.FULL:
            st.caption(_cost(dataset, base, budget))
        if _usable_pictures(dataset) < SMALL_DATASET:
            st.caption(
                _(
                    "There are few pictures, so each trial is scored by *cross-validation*: trained several times, each time validated on another part of them. That takes longer, and chance has less influence."
                )
            )


def _cost(dataset: Dataset, base: TrainingConfig, budget: Budget) -> str:
    """Estimate the time of a trial that trains a network, as a sentence."""
    config = base if base.recipe is not Recipe.QUICK else TrainingConfig.from_json(
        base.to_json() | {"recipe": Recipe.BALANCED.value, "epochs": 0, "patience": 0}
    )  # fmt: skip
    seconds = estimate(dataset, config).seconds
    sentence = escape(
        _("Training a whole network takes about {time} here.").format(time=expected_duration(seconds))
    )
    if budget.minutes and seconds > 60 * budget.minutes / 3:
        sentence += " " + _("The budget allows very few such trials: give more time, or choose heads only.")
    return sentence


def _usable_pictures(dataset: Dataset) -> int:
    """Count the pictures of the train and validation splits."""
    return sum(len(dataset.rows(split)) for split in (Split.TRAIN, Split.VALIDATION))


def _without_weights(project: Project) -> None:
    """Explain that a search needs a pretrained backbone."""
    name = escape(get_backbone(chosen_backbone(project)).name)
    st.info(
        _(
            "{backbone} has no pretrained weights: it learns from your pictures alone, and there is no head "
            "to search for. Choose a pretrained backbone first."
        ).format(backbone=name)
    )
    st.page_link("model.py", label=_("Choose a backbone"), icon=":material/arrow_forward:")
