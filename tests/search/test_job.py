"""A whole search in this process, on real features of real digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import exclude
from core.data.labels.layout import Split
from core.errors import SearchError, TrainingError
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.messages import N_
from core.models.head import HeadWeights
from core.progress import JobPaused, JobStopped, Stage
from core.search.analysis.promote_trial import promote_trial
from core.search.config import Goal, Scoring, SearchConfig, Tradeoff
from core.search.job import conclude, search
from core.search.records import (
    TrialRecord,
    TrialState,
    ranked,
    read_search_progress,
    read_trials,
    trial_folder,
)
from core.search.space import Categorical, Numbers, SearchSpace
from core.search.study.study import open_study
from core.search.study.trials import RECORD
from core.search.trials.runner import TrialRunner
from core.search.workers import loop
from core.training.artifacts import head_file
from core.training.config import Monitor, TrainingConfig
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.workspace import Project
from tests.support.progress_recorder import Recorder

LINEAR = SearchSpace(
    domains={
        "pooling": Categorical(choices=("global", "grid")),
        "l2": Numbers(low=1e-3, high=1.0, log=True),
    }
)


class Pausing(Recorder):
    """Asks for a rest once so many trials have ended."""

    def __init__(self, directory: Path, after: int) -> None:
        super().__init__()
        self._directory, self._after = directory, after

    def should_pause(self) -> bool:
        return len(read_trials(self._directory)) >= self._after

    def live(self, record: Mapping[str, object]) -> None: ...


class Telling(Recorder):
    """Writes what goes on, as a worker does."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._file = directory / "live.json"

    def live(self, record: Mapping[str, object]) -> None:
        write_json(self._file, dict(record))


def searched(project: Project, name: str = "search-1", **changes: Any) -> tuple[JobDirectory, SearchConfig]:
    """A search that is not begun yet."""
    settings = {
        "base": TrainingConfig(dataset_version=open_dataset(project).version, epochs=40),
        "trials": 4,
        "space": LINEAR,
        "scoring": Scoring.VALIDATION,
        "seed": 3,
    }
    config = SearchConfig(**{**settings, **changes})
    return JobDirectory.create(project.searches / name, JobKind.SEARCH, config.to_json()), config


def run(job: JobDirectory, progress: Recorder | None = None) -> dict[str, Any]:
    search(job.path, job.config(), progress or Recorder())
    found: dict[str, Any] = conclude(job.path, job.config(), Recorder())["search"]
    return found


def judged_again(project: Project, job: JobDirectory, trial: TrialRecord) -> tuple[np.ndarray, np.ndarray]:
    """Answers of a trial's stored weights to the validation pictures, and the labels: int (n,) each."""
    dataset, config = open_dataset(project), SearchConfig.from_json(job.config())
    head = HeadWeights.load(head_file(trial_folder(job.path, trial.number)))
    runner = TrialRunner(dataset=dataset, config=config, progress=Recorder())
    data = runner._features.head_data(TrainingConfig.from_json(trial.settings), dataset, Recorder())
    assert data is not None
    if data.is_reduced:
        head = head.for_global_features()
    return head.logits(data.validation.features).argmax(axis=1), np.asarray(data.validation.labels)


def test_the_first_trial_is_the_baseline(digits_project: Project) -> None:
    job, config = searched(digits_project)
    found = run(job)
    trials = read_trials(job.path)
    assert found["trials"] == {"complete": 4, "pruned": 0, "failed": 0}
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert trials[0].is_baseline
    assert TrainingConfig.from_json(trials[0].settings) == config.base
    assert found["baseline"] == {"number": 0, "value": trials[0].value}
    assert all(set(trial.params) == {"pooling", "l2"} for trial in trials[1:])


def test_a_trial_does_what_its_record_says(digits_project: Project) -> None:
    """Its weights, judged again, give its value."""
    job, _ = searched(digits_project)
    found = run(job)
    best = ranked(read_trials(job.path), SearchConfig.from_json(job.config()).goal)[0]
    assert found["best"]["number"] == best.number
    says, labels = judged_again(digits_project, job, best)
    assert best.value == pytest.approx((says == labels).mean())


def test_a_search_for_the_metric_that_matters_runs_to_its_end(digits_project: Project) -> None:
    """The recall of one class: from the weights to the run that is made of the best trial."""
    dataset = open_dataset(digits_project)
    index = len(dataset.class_names) - 1
    metric = LeadingMetric(
        kind=LeadingKind.RECALL, class_names=dataset.class_names, class_name=dataset.class_names[index]
    )
    base = TrainingConfig(
        dataset_version=dataset.version, epochs=40, monitor=Monitor.LEADING, leading_metric=metric
    )
    job, config = searched(digits_project, base=base, goal=Goal.LEADING, trials=3)
    found = run(job)
    best = ranked(read_trials(job.path), config.goal)[0]
    says, labels = judged_again(digits_project, job, best)
    assert best.value == pytest.approx((says == labels)[labels == index].mean())
    assert found["best"]["number"] == best.number
    assert found["trials"] == {"complete": 3, "pruned": 0, "failed": 0}
    made = promote_trial(job, best.number)
    assert TrainingConfig.from_json(made.config()).leading_metric == metric


def test_a_metric_that_no_picture_defines_is_refused(digits_project: Project) -> None:
    """Its value is no number, and trials without one have no order."""
    dataset = open_dataset(digits_project)
    judging = dataset.pictures.iloc[dataset.rows(Split.VALIDATION)]
    dataset = exclude(digits_project, judging["id"][judging["label"] == "3"].tolist())
    metric = LeadingMetric(kind=LeadingKind.RECALL, class_names=dataset.class_names, class_name="3")
    base = TrainingConfig(dataset_version=dataset.version, monitor=Monitor.LEADING, leading_metric=metric)
    job, _config = searched(digits_project, base=base, goal=Goal.LEADING)
    with pytest.raises(SearchError, match="shows “3”"):
        run(job)


def test_the_winners_own_weights_become_the_run(digits_project: Project) -> None:
    """Trained anew they would be others, and their score another."""
    job, _ = searched(digits_project)
    number = run(job)["best"]["number"]
    made = promote_trial(job, number)
    of_trial, of_run = (
        HeadWeights.load(head_file(folder)).layers[0][0]
        for folder in (trial_folder(job.path, number), made.path)
    )
    np.testing.assert_array_equal(of_trial, of_run)
    assert read_json(made.path / "steps.json")["done"] == ["train"]
    assert (made.result() or {})["search"] == {"name": "search-1", "trial": number}
    assert made.metrics()


def test_a_trial_without_weights_becomes_a_run_that_is_trained(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "BEST_TRIALS", 1)
    job, _ = searched(digits_project)
    run(job)
    trials = read_trials(job.path)
    assert sum(trial.has_weights for trial in trials) == 1
    forgotten = next(trial for trial in trials if not trial.has_weights)
    made = promote_trial(job, forgotten.number)
    assert not (made.path / "steps.json").exists()
    assert made.config() == forgotten.settings


def test_the_test_pictures_are_not_looked_at(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With labels turned round there nothing may change."""
    first, _ = searched(digits_project, "search-1")
    honest = run(first)
    dataset = open_dataset(digits_project)
    wrong = dataset.label_indices.copy()
    rows = dataset.rows(Split.TEST)
    wrong[rows] = (wrong[rows] + 1) % len(dataset.class_names)
    monkeypatch.setattr(Dataset, "label_indices", wrong)
    second, _ = searched(digits_project, "search-2")
    blind = run(second)
    assert blind["best"] == honest["best"]
    assert blind["selection_bias"] == honest["selection_bias"]


def test_few_pictures_are_judged_by_models_that_had_not_seen_them(digits_project: Project) -> None:
    job, _ = searched(digits_project, scoring=Scoring.AUTO, trials=2)
    found = run(job)
    dataset = open_dataset(digits_project)
    judged = len(dataset.pictures) - len(dataset.rows(Split.TEST))
    assert found["selection_bias"]["pictures"] == judged
    for trial in read_trials(job.path):
        assert trial.value is not None
        assert trial.value * judged == pytest.approx(round(trial.value * judged))
        assert {path.name for path in trial_folder(job.path, trial.number).glob("fold-*")} == set()


def test_a_pause_loses_no_trial_and_counts_none_twice(digits_project: Project) -> None:
    job, _ = searched(digits_project, trials=30)
    with pytest.raises(JobPaused):
        run(job, Pausing(job.path, after=2))
    before = read_trials(job.path)
    assert 2 <= len(before) < 30
    found = run(job)
    after = read_trials(job.path)
    assert [replace(one, has_weights=False) for one in after[: len(before)]] == [
        replace(one, has_weights=False) for one in before
    ]
    assert found["trials"]["complete"] == len({trial.number for trial in after}) == 30


def test_a_stop_keeps_the_best_so_far(digits_project: Project) -> None:
    job, _ = searched(digits_project, trials=50)
    found = run(job, Recorder(stop=lambda recorder: len(read_trials(job.path)) >= 2))
    assert 2 <= found["trials"]["complete"] < 50
    assert found["best"]["number"] in {trial.number for trial in read_trials(job.path)}


def test_a_stop_before_anything_is_complete_leaves_nothing(digits_project: Project) -> None:
    job, _ = searched(digits_project)
    with pytest.raises(JobStopped):
        run(job, Recorder(stop=lambda recorder: True))


def test_a_search_goes_on_with_more_trials(digits_project: Project) -> None:
    job, _ = searched(digits_project, trials=2)
    run(job)
    job.extend({"trials": 4})
    assert run(job)["trials"]["complete"] == 4


def test_time_that_was_spent_is_not_given_twice(digits_project: Project) -> None:
    job, _ = searched(digits_project, trials=0, minutes=0.02)
    first = run(job, Telling(job.path))
    assert read_search_progress(job.path).seconds >= 1.2
    again = run(job, Telling(job.path))
    assert again["trials"] == first["trials"]


def test_a_trial_that_fails_is_explained_and_survived(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = TrialRunner.run

    def sometimes(self: TrialRunner, folder: Path, *arguments: Any) -> Any:
        if folder.name == "00001":
            raise TrainingError(N_("Not even two pictures at a time fit into memory."))
        if folder.name == "00002":
            raise MemoryError("no room")
        return whole(self, folder, *arguments)

    monkeypatch.setattr(TrialRunner, "run", sometimes)
    job, _ = searched(digits_project)
    assert run(job)["trials"] == {"complete": 2, "pruned": 0, "failed": 2}
    reasons = [str(trial.reason) for trial in read_trials(job.path) if trial.state is TrialState.FAILED]
    assert reasons[0] == "Not even two pictures at a time fit into memory."
    assert "MemoryError: no room" in reasons[1]


def test_a_search_in_which_nothing_works_ends_and_says_why(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after a night of failures."""

    def never(self: TrialRunner, *arguments: Any) -> Any:
        raise TrainingError(N_("The loss was no number."))

    monkeypatch.setattr(TrialRunner, "run", never)
    job, _ = searched(digits_project, trials=100)
    with pytest.raises(SearchError, match="The loss was no number"):
        run(job)
    assert len(read_trials(job.path)) == 5


def test_a_search_can_start_from_an_earlier_one(digits_project: Project) -> None:
    first, config = searched(digits_project, "search-1", trials=4)
    run(first)
    best = [trial.params for trial in ranked(read_trials(first.path), config.goal) if trial.params]
    second, _ = searched(digits_project, "search-2", trials=3, start_from="search-1")
    run(second)
    assert [trial.params for trial in read_trials(second.path)][1:] == best[:2]


def test_size_is_weighed_against_accuracy(digits_project: Project) -> None:
    job, _ = searched(digits_project, tradeoff=Tradeoff.SIZE)
    found = run(job)
    trials = {trial.number: trial for trial in read_trials(job.path)}
    assert all((trial.second or 0) > 1e6 for trial in trials.values())
    assert found["pareto_front"]
    assert found["best"]["number"] in found["pareto_front"]


def test_the_same_seed_proposes_the_same_settings(digits_project: Project) -> None:
    first, second = searched(digits_project, "search-1")[0], searched(digits_project, "search-2")[0]
    for job in (first, second):
        run(job)
    params = [[trial.params for trial in read_trials(job.path)] for job in (first, second)]
    assert params[0] == params[1]


def test_a_hidden_head_is_pruned_by_its_epoch_scores(digits_project: Project) -> None:
    """Epochs of gradients are told to Optuna, those of a linear head are over too soon."""
    space = SearchSpace(
        domains={
            "pooling": Categorical(choices=("global",)),
            "hidden_layers": Numbers(low=1, high=1, whole=True),
            "hidden_units": Categorical(choices=(8,)),
            "head_learning_rate": Numbers(low=1e-9, high=1e-2, log=True),
        }
    )
    job, _ = searched(digits_project, space=space, trials=3)
    run(job)
    hidden = read_trials(job.path)[1:]
    assert all(len(trial.curve) > 1 for trial in hidden)
    assert {trial.speed for trial in hidden} == {"head"}


def test_other_epochs_of_a_hidden_head_are_stored_for_the_selection_bias_alone(
    digits_project: Project,
) -> None:
    """They correct the selection bias of the best epoch; people need not see them."""
    space = SearchSpace(
        domains={
            "hidden_layers": Numbers(low=1, high=1, whole=True),
            "hidden_units": Categorical(choices=(8,)),
        }
    )
    job, config = searched(digits_project, trials=2, space=space)
    run(job)
    (linear, hidden) = (
        trial.user_attrs[RECORD] for trial in open_study(job.path, config, create=False).trials
    )
    assert linear["other_epochs"] == []
    assert 1 <= len(hidden["other_epochs"]) <= 10
    assert hidden["predictions"] not in hidden["other_epochs"]
    assert "other_epochs" not in (job.path / "trials.jsonl").read_text()


def test_the_preparation_of_a_trial_is_no_stage_of_the_search(digits_project: Project) -> None:
    """Features of another strength are computed in the middle of it; the time left is still the search's."""
    space = SearchSpace(domains={"augmentation": Categorical(choices=(0.5,))})
    job, _ = searched(digits_project, space=space, trials=2)
    recorder = Recorder()
    run(job, recorder)
    assert recorder.stages[-1] is Stage.SEARCHING
    assert recorder.steps_in(Stage.SEARCHING)[-1] == (2, 2)
    assert read_trials(job.path)[1].params == {"augmentation": 0.5}
