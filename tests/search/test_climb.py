"""A whole climb in this process, on real features of real digits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.data.dataset import open_dataset
from core.errors import ConfigError, SearchError
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.progress import Stage
from core.search import climb
from core.search.climb import climb_config
from core.search.config import SearchConfig
from core.search.job import conclude, search
from core.search.records import SearchSummary, read_trials
from core.search.study import ladder
from core.training.config import Recipe, TrainingConfig
from core.workspace import Project
from tests.support.progress_recorder import Recorder


@pytest.fixture
def config(digits_project: Project, monkeypatch: pytest.MonkeyPatch) -> SearchConfig:
    """Heads of one backbone, with and without augmentation."""
    monkeypatch.setattr(climb, "_MOST_BACKBONES", 1)
    # Training networks would take minutes here; tests of single trials do.
    monkeypatch.setattr(ladder, "_LAST_BLOCKS", 0.0)
    base = TrainingConfig(dataset_version=open_dataset(digits_project).version, augmented_views=1)
    return climb_config(base, minutes=5)


def climbed(project: Project, config: SearchConfig) -> tuple[JobDirectory, SearchSummary]:
    job = JobDirectory.create(project.searches / "search-1", JobKind.SEARCH, config.to_json())
    search(job.path, job.config(), Recorder())
    return job, SearchSummary.from_json(conclude(job.path, job.config(), Recorder())["search"])


def test_every_rung_is_tried_once_and_a_proven_one_is_delivered(
    digits_project: Project, config: SearchConfig
) -> None:
    job, summary = climbed(digits_project, config)
    first, second = [TrainingConfig.from_json(dict(one.settings)) for one in read_trials(job.path)]
    assert first == config.base
    assert (second.recipe, second.augmentation.is_active) == (Recipe.QUICK, True)
    assert summary.trials == {"complete": 2, "pruned": 0, "failed": 0}
    assert summary.best.number in {0, 1}
    assert (summary.selection_bias, summary.gain) == (None, None), "those of a selection by the best value"
    assert summary.reason is not None
    assert "validation proves" in str(summary.reason)


def test_its_minutes_are_all_that_it_takes(digits_project: Project, config: SearchConfig) -> None:
    """Features that are not cached yet are computed within them."""
    short, progress = replace(config, minutes=1e-4), Recorder()
    job = JobDirectory.create(digits_project.searches / "search-1", JobKind.SEARCH, short.to_json())
    with pytest.raises(SearchError, match="Give the search more time"):
        search(job.path, job.config(), progress)
    assert progress.expected == {Stage.SEARCHING: pytest.approx(6e-3)}
    assert progress.stages == [Stage.SEARCHING]


def test_a_backbone_without_weights_has_no_first_rung() -> None:
    with pytest.raises(ConfigError):
        climb_config(
            TrainingConfig(dataset_version=1, backbone="small_cnn", recipe=Recipe.SCRATCH), minutes=1
        )


def test_a_climb_from_a_committee_begins_with_its_first_member(workspace: object) -> None:
    """Later rungs fine-tune, and the backbones of a committee stay as they are."""
    both = TrainingConfig(dataset_version=1, backbone="efficientnet_lite0+efficientnet_lite2")
    config = climb_config(both, minutes=5)
    assert config.base.backbone == "efficientnet_lite0"
    assert both.backbone in config.space.domains["backbone"].points(9)
