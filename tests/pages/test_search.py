"""Search page: new search, progress, result, trials."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.messages import Message
from core.search.climb import climb_config
from core.search.config import Goal, Sampler, SearchConfig, Tradeoff
from core.search.records import Gain, RunningTrial, SelectionBias, TrialState
from core.search.space import Categorical, Numbers, Speed
from core.training.config import Recipe, TrainingConfig
from core.workspace import Project, remember_setting
from pages.ui.steps import Progress, Step, StepState, step_states
from tests.support.page_queries import drawn, said
from tests.support.searches import add_trial, many_trials, search_config, trial, write_search

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]
BIAS = SelectionBias(validation=0.9, expected=0.875, bias=0.025, low=0.8, high=0.94, pictures=60)
GAIN = Gain(gain=0.1, low=0.02, high=0.18, is_real=True, pictures=60)


@pytest.fixture
def nothing_is_launched(monkeypatch: pytest.MonkeyPatch) -> list[JobDirectory]:
    """Create jobs without starting a worker; the list has the jobs to launch."""
    launched: list[JobDirectory] = []
    for module in ("start_runs", "control"):
        monkeypatch.setattr(f"core.runs.{module}.launch", launched.append)
    return launched


def test_a_climb_has_one_setting_and_starts_from_the_chosen_ones(
    open_page: OpenPage, project: Project, nothing_is_launched: list[JobDirectory]
) -> None:
    remember_setting(project, "recipe", "balanced")
    app = open_page("search")
    button = app.button(key="start-climb")
    assert button.label == "Best in 10 min"
    button.click().run()
    assert not app.exception
    (job,) = nothing_is_launched
    config = config_of(job)
    assert (config.sampler, config.minutes) == (Sampler.LADDER, 10)
    assert config.base.recipe is Recipe.QUICK


def test_a_climb_shows_its_ladder(open_page: OpenPage, project: Project) -> None:
    config = climb_config(search_config(project).base, minutes=10)
    rungs = [
        trial(0, 0.8, base=config.base),
        trial(1, 0.9, params={"backbone": "efficientnet_lite2"}, has_weights=True),
    ]
    names = ("minutes", "speed", "space", "sampler", "pruner")
    settings = {name: getattr(config, name) for name in names}
    job = write_search(project, trials=rungs, base=config.base, **settings)
    app = open_page("search")
    assert not app.exception
    assert "Climb" in said(app)
    assert "Kept: EfficientNet-Lite2 · Quick, 90% on validation pictures" in plain(said(app))
    figure = json.loads(drawn(app, f"history-{job.name}")["figure"])
    assert figure["layout"]["xaxis"]["title"]["text"] == "minutes since the start"


def few() -> list[Any]:
    """The baseline, a better trial, a pruned one and a failed one."""
    return [
        trial(0, 0.8),
        trial(1, 0.9, params={"l2": 0.01, "pooling": "grid"}, curve=[(1, 0.7), (2, 0.8), (3, 0.9)]),
        trial(2, 0.7, params={"l2": 0.5, "pooling": "global"}, state=TrialState.PRUNED),
        trial(3, reason=Message("The loss was no number any more."), params={"l2": 0.2, "pooling": "global"}),
    ]  # fmt: skip


def config_of(job: JobDirectory) -> SearchConfig:
    return SearchConfig.from_json(job.config())


def table(app: AppTest) -> Any:
    (table,) = [one for one in app.main.dataframe if "number" in one.value.columns]
    return table.value


def button_keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.main.get("button")}


def plain(text: str) -> str:
    return text.replace("\\", "")


def test_before_the_first_search_there_is_one_primary_button_and_ten_minutes(
    open_page: OpenPage, project: Project, nothing_is_launched: list[JobDirectory]
) -> None:
    """The defaults are enough to start."""
    app = open_page("search")
    assert app.button(key="start-search").label == "Start the search"
    app.button(key="start-search").click().run()
    assert not app.exception
    (job,) = nothing_is_launched
    config = config_of(job)
    assert job.path.parent == project.searches
    assert (config.minutes, config.trials) == (10, 0)
    assert (config.goal, config.speed, config.sampler) == (Goal.ACCURACY, Speed.HEAD, Sampler.TPE)
    assert config.base.recipe is Recipe.QUICK


def test_the_baseline_is_the_settings_of_the_pages(
    open_page: OpenPage, project: Project, nothing_is_launched: list[JobDirectory]
) -> None:
    remember_setting(project, "recipe", "balanced")
    remember_setting(project, "recipe_settings", {"balanced": {"unfreeze": 0.5}})
    app = open_page("search")
    assert "on the Train page “Balanced” is chosen" in said(app)
    app.radio(key="speed").set_value(Speed.FULL).run()
    app.button(key="start-search").click().run()
    config = config_of(nothing_is_launched[0])
    assert (config.base.recipe, config.base.unfreeze) == (Recipe.BALANCED, 0.5)
    assert config.speed is Speed.FULL
    assert "learning_rate" in config.space.domains


def test_budget_objectives_space_and_method_reach_the_search(
    open_page: OpenPage, project: Project, nothing_is_launched: list[JobDirectory]
) -> None:
    app = open_page("search")
    app.button_group(key="budget").set_value("trials")
    app.button_group(key="goal").set_value(Goal.MACRO_F1)
    app.button_group(key="tradeoff").set_value(Tradeoff.SIZE)
    app.checkbox(key="vary-head-l2").uncheck()
    app.slider(key="domain-head-dropout_rate").set_value((0.1, 0.3))
    app.button_group(key="domain-head-hidden_units").set_value([64, 1024])
    app.selectbox(key="sampler").set_value(Sampler.RANDOM)
    app.number_input(key="workers-head").set_value(2)
    app.run()
    app.number_input(key="trials").set_value(25)
    app.button(key="start-search").click().run()
    assert not app.exception
    config = config_of(nothing_is_launched[0])
    assert (config.minutes, config.trials, config.workers) == (0, 25, 2)
    assert (config.goal, config.tradeoff) == (Goal.MACRO_F1, Tradeoff.SIZE)
    assert config.sampler is Sampler.RANDOM
    assert "l2" not in config.space.domains
    assert config.space.domains["dropout_rate"] == Numbers(low=0.1, high=0.3)
    assert config.space.domains["hidden_units"] == Categorical(choices=(64, 1024))


def test_an_invalid_space_is_explained_and_hides_the_start(open_page: OpenPage, project: Project) -> None:
    app = open_page("search")
    app.number_input(key="domain-head-l2-low").set_value(2.0).run()
    assert "cannot go from 2" in plain(app.error[0].value)
    assert "start-search" not in button_keys(app)


def test_without_pretrained_weights_the_page_links_to_the_backbones(
    open_page: OpenPage, project: Project
) -> None:
    remember_setting(project, "backbone", "small_cnn")
    app = open_page("search")
    assert "no pretrained weights" in said(app)
    assert "start-search" not in button_keys(app)


def test_a_finished_search_shows_its_result_first(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    run = make_run(project, "run-20260901-130000-aaaa", JobState.FINISHED, evaluated=True)
    write_search(project, trials=few(), run=run.name, selection_bias=BIAS, gain=GAIN)
    app = open_page("search")
    page_text = said(app)
    assert "Best trial: 90% correct on validation pictures" in page_text
    assert "expect about **87.5%** (between 80% and 94%)" in page_text
    assert "by **10.0 points** (between +2.0 and +18.0, 95%)" in page_text
    assert "which the search never saw" in page_text
    assert "2 complete, 1 pruned, 1 failed" in plain(page_text)
    assert app.button(key="evaluate-best").label == "See it on Evaluate"


def test_the_test_score_of_the_best_trial_appears_once_it_is_measured(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    run = make_run(project, "run-20260901-130000-aaaa", JobState.RUNNING)
    process = psutil.Process(os.getpid())
    write_json(run.path / "process.json", {"pid": process.pid, "started": process.create_time()})
    write_search(project, trials=few(), run=run.name)
    app = open_page("search")
    assert "Its test and its files come next" in said(app)
    write_json(run.path / "status.json", {"state": JobState.FINISHED})
    write_json(
        run.path / "result.json", {"test": {"accuracy": 0.75, "macro_f1": 0.7, "majority_baseline": 0.1}}
    )
    app.run()
    assert not app.exception
    assert "which the search never saw: 75" in said(app)


def test_a_search_without_a_real_gain_says_so(open_page: OpenPage, project: Project) -> None:
    write_search(project, trials=few(), gain=replace(GAIN, low=-0.03, is_real=False))
    assert "**No real gain**: your settings were as good." in said(open_page("search"))


def test_the_baseline_can_be_the_best_trial(open_page: OpenPage, project: Project) -> None:
    worse = trial(1, 0.5, params={"l2": 0.1})
    write_search(project, trials=[trial(0, 0.8), worse], gain=None)
    assert "no trial was better than your settings" in said(open_page("search"))


def test_a_loss_is_shown_in_nats(open_page: OpenPage, project: Project) -> None:
    trials = [trial(0, 0.5), trial(1, 0.25, params={"l2": 0.1})]
    gain = Gain(gain=0.25, low=0.125, high=0.375, is_real=True, pictures=60)
    write_search(project, trials=trials, goal=Goal.LOSS, gain=gain)
    page_text = said(open_page("search"))
    assert "loss of 0.2500 on validation" in page_text
    assert "by **0.250 nats**" in page_text


def test_the_table_has_the_best_first_and_filters_by_state_and_text(
    open_page: OpenPage, project: Project
) -> None:
    job = write_search(project, trials=few())
    app = open_page("search")
    assert table(app)["number"].tolist() == [1, 0, 2, 3]
    assert table(app)["value"].tolist()[:2] == [90, 80]
    app.text_input(key=f"find-{job.name}").set_value("no number").run()
    assert table(app)["number"].tolist() == [3]
    app.text_input(key=f"find-{job.name}").set_value("2×2").run()
    assert table(app)["number"].tolist() == [1]
    app.text_input(key=f"find-{job.name}").set_value("").run()
    app.button_group(key=f"states-{job.name}").set_value(["pruned"]).run()
    assert table(app)["number"].tolist() == [2]
    app.text_input(key=f"find-{job.name}").set_value("nothing like it").run()
    assert "No trial matches the filters" in said(app)


def test_the_best_trial_is_open_until_another_is_chosen(open_page: OpenPage, project: Project) -> None:
    job = write_search(project, trials=few())
    app = open_page("search")
    assert "**Trial 1**" in said(app)
    assert "Pooling: **2×2 average pooling** :gray[(Automatic, by validation)]" in plain(said(app))
    app.session_state[f"history-{job.name}"] = {"clicked": 3}
    app.run()
    assert not app.exception
    assert "**Trial 3**" in said(app)
    assert "no number" in plain(app.error[0].value)
    assert "run-of-3" not in button_keys(app)


def test_a_trial_has_an_address(open_page: OpenPage, project: Project) -> None:
    write_search(project, "search-20260901-120000-aaaa", trials=few())
    write_search(project, "search-20260902-120000-bbbb", trials=few()[:1])
    assert "**Trial 0**" in said(open_page("search"))
    app = open_page("search", search="search-20260901-120000-aaaa", trial="2")
    assert "**Trial 2**" in said(app)


def test_a_trial_that_is_not_there_leads_to_the_best(open_page: OpenPage, project: Project) -> None:
    write_search(project, trials=few())
    for number in ("99", "x", "-1"):
        assert "**Trial 1**" in said(open_page("search", trial=number))


def test_a_trial_card_says_if_its_weights_are_kept(open_page: OpenPage, project: Project) -> None:
    kept = trial(1, 0.9, params={"l2": 0.1}, has_weights=True)
    write_search(project, trials=[trial(0, 0.8), kept])
    assert "The trial's weights are kept" in said(open_page("search", trial="1"))
    assert "trained again with these settings" in said(open_page("search", trial="0"))


def test_a_trial_becomes_a_run_that_is_shown(
    open_page: OpenPage, project: Project, nothing_is_launched: list[JobDirectory]
) -> None:
    write_search(project, trials=few())
    app = open_page("search")
    app.button(key="run-of-1").click().run()
    assert not app.exception
    (run,) = nothing_is_launched
    settings = TrainingConfig.from_json(run.config())
    assert (settings.head.l2, settings.head.pooling) == (0.01, "grid")
    assert app.title[0].value == "Train"
    assert app.session_state["run"] == run.name


@pytest.mark.parametrize("chart", ["pareto", "importances", "slices", "parallel", "contour", "curves"])
def test_every_chart_is_drawn(open_page: OpenPage, project: Project, chart: str) -> None:
    config = search_config(project, tradeoff=Tradeoff.SIZE)
    importances = {"l2": 0.7, "pooling": 0.3}
    job = write_search(
        project, trials=many_trials(config, 30), tradeoff=Tradeoff.SIZE, importances=importances
    )
    app = open_page("search")
    app.button_group(key=f"chart-{job.name}").set_value(chart).run()
    assert not app.exception
    key = f"slice-l2-{job.name}" if chart == "slices" else f"{chart}-{job.name}"
    assert json.loads(drawn(app, key)["figure"])["data"]


def test_a_running_search_shows_its_progress_and_can_be_paused_and_stopped(
    open_page: OpenPage, project: Project
) -> None:
    running = RunningTrial(number=4, params={"l2": 0.02}, began=0.0, worker="here:1")
    job = write_search(project, trials=few(), state=JobState.RUNNING, running=[running])
    app = open_page("search")
    assert step_states(project)[Step.SEARCH] == StepState(progress=Progress.RUNNING, fraction=0.4)
    assert "2 complete, 1 pruned, 1 failed" in plain(said(app))
    assert "L2 penalty 0.02" in plain(said(app))
    assert table(app)["number"].tolist() == [0, 1, 2, 3]  # rows keep their place while more come
    app.button(key="pause-search").click().run()
    assert job.pause_requested()
    app.button(key="stop-search").click().run()
    assert job.stop_requested()


def test_newly_ended_trials_appear_at_the_next_refresh(open_page: OpenPage, project: Project) -> None:
    job = write_search(project, trials=few(), state=JobState.RUNNING)
    app = open_page("search")
    add_trial(job, trial(4, 0.95, params={"l2": 0.02}))
    app.run()
    assert table(app)["number"].tolist() == [0, 1, 2, 3, 4]


def test_each_reason_of_failed_trials_is_listed_once(open_page: OpenPage, project: Project) -> None:
    reason = Message("The network did not fit into memory at pictures of {side} pixels.", {"side": 384})
    failed = [trial(number, reason=reason) for number in (1, 2, 3)]
    write_search(project, trials=[trial(0, 0.8), *failed])
    app = open_page("search")
    assert "did not fit into memory at pictures of 384 pixels. (3×)" in plain(said(app))


def test_an_interrupted_search_is_resumed(
    open_page: OpenPage, project: Project, nothing_is_launched: list[JobDirectory]
) -> None:
    job = write_search(project, trials=few(), state=JobState.INTERRUPTED)
    app = open_page("search")
    assert "no trial is lost" in said(app)
    assert step_states(project)[Step.SEARCH].progress is Progress.NEEDS_A_LOOK
    app.button(key="resume-search").click().run()
    assert [one.path for one in nothing_is_launched] == [job.path]


def test_a_finished_search_is_given_more_time(
    open_page: OpenPage, project: Project, nothing_is_launched: list[JobDirectory]
) -> None:
    job = write_search(project, trials=few())
    app = open_page("search")
    app.number_input(key="more-minutes").set_value(20)
    app.button(key="search-on").click().run()
    assert not app.exception
    assert [one.path for one in nothing_is_launched] == [job.path]
    assert config_of(job).minutes > 20


def test_a_search_without_trials_can_be_resumed(open_page: OpenPage, project: Project) -> None:
    write_search(project, trials=[], state=JobState.STOPPED)
    app = open_page("search")
    assert "No trial of this search has ended" in said(app)
    assert "search-on" in button_keys(app)


def test_a_search_of_another_version_can_be_deleted(open_page: OpenPage, project: Project) -> None:
    """Sidebar and other searches still work."""
    job = write_search(project, trials=few())
    record = read_json(job.path / "config.json")
    write_json(job.path / "config.json", record | {"schema_version": 99})
    app = open_page("search")
    assert "in format 99" in plain(said(app))
    app.checkbox(key=f"sure-{job.name}").check().run()
    app.button(key="delete-search").click().run()
    assert not app.exception
    assert not job.path.exists()
    assert "start-search" in button_keys(app)


def test_an_unknown_setting_of_another_version_is_reported(open_page: OpenPage, project: Project) -> None:
    job = write_search(project, trials=few())
    record = read_json(job.path / "config.json")
    record["config"]["magic"] = 1
    write_json(job.path / "config.json", record)
    assert "Unknown setting: magic" in plain(said(open_page("search")))


def test_a_search_is_deleted_and_the_next_one_shown(open_page: OpenPage, project: Project) -> None:
    older = write_search(project, "search-20260901-120000-aaaa", trials=few())
    newer = write_search(project, "search-20260902-120000-bbbb", trials=few())
    app = open_page("search")
    app.checkbox(key=f"sure-{newer.name}").check().run()
    app.button(key="delete-search").click().run()
    assert not app.exception
    assert older.path.exists()
    assert not newer.path.exists()
    assert "Best trial: 90%" in said(app)


def test_downloads_and_the_dashboard_command_are_offered(open_page: OpenPage, project: Project) -> None:
    job = write_search(project, trials=few())
    app = open_page("search")
    keys = {str(one.key) for one in app.main.get("download_button")}
    assert {"trials-csv", "best-settings"} <= keys
    assert app.main.code[0].value == f"optuna-dashboard {job.path / 'journal.log'}"


def test_the_address_of_a_shared_storage_is_never_shown(open_page: OpenPage, project: Project) -> None:
    """It may contain a password."""
    write_search(project, trials=few(), storage="postgresql://me:secret@host/darkroom")
    app = open_page("search")
    assert "secret" not in said(app)
    assert not any("secret" in code.value for code in app.main.code)
