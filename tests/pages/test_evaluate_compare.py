"""Compare and before-and-after sections of the Evaluate page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.editing.labels import exclude, relabel
from core.data.labels.layout import Split
from core.evaluation.ensemble import EnsembleConfig
from core.evaluation.leading import choose_metric
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.runs import repeating
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.workspace import Project
from tests.support.evaluated import evaluated_run
from tests.support.page_queries import drawn, said

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]


def test_runs_are_compared_with_the_chosen_one(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """Both are wrong on one of six pictures, each on another one."""
    reference = make_run(project, "run-2", JobState.FINISHED, evaluated=True)
    write_json(reference.path / "about.json", {"name": "longer", "note": ""})
    dataset = open_dataset(project)
    other = evaluated_run(project, dataset, "run-1", dataset.rows(Split.TEST)[3:4])
    write_json(other / "status.json", {"state": "finished"})
    record = read_json(other / "config.json")
    record["config"]["epochs"] = 300
    write_json(other / "config.json", record)
    app = open_page("evaluate", section="compare")
    assert "Accuracy: 83.3% → 83.3%" in said(app)
    assert "1 picture fixed, 1 newly broken" in said(app)
    assert "Over all pictures, the difference in right answers may be chance" in said(app)
    results, settings = (table.value for table in app.dataframe)
    assert results["run"].tolist()[0] == "longer"
    assert [text[:7] for text in results["test"]] == ["★ 83.3%"] * 2
    assert settings.to_numpy().tolist() == [["Epochs at most", "200", "300"]]
    curves = json.loads(drawn(app, "compared-accuracy")["figure"])
    assert [trace["y"] for trace in curves["data"]] == [[80.0]]  # the other left no curve


def test_runs_that_agree_on_the_leading_class_differ_by_nothing(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """Both find every picture of class “2”; each is wrong on another picture of the other classes."""
    make_run(project, "run-2", JobState.FINISHED, evaluated=True)
    dataset = open_dataset(project)
    evaluated_run(project, dataset, "run-1", dataset.rows(Split.TEST)[3:4])
    names = dataset.class_names
    choose_metric(project, LeadingMetric(kind=LeadingKind.RECALL, class_names=names, class_name="2"))
    sentences = said(open_page("evaluate", section="compare"))
    assert "Recall of “2”: 100% → 100%" in sentences
    assert "no difference on these pictures. 1 picture fixed, 1 newly broken." in sentences
    assert "interval:" not in sentences
    assert "Over all pictures, the difference in right answers may be chance" in sentences


def test_another_metric_than_the_accuracy_is_judged_by_its_interval(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """McNemar's test is about right answers to all pictures."""
    make_run(project, "run-2", JobState.FINISHED, evaluated=True)
    dataset = open_dataset(project)
    evaluated_run(project, dataset, "run-1", dataset.rows(Split.TEST)[3:4])
    choose_metric(project, LeadingMetric(kind=LeadingKind.BALANCED_ACCURACY))
    sentences = said(open_page("evaluate", section="compare"))
    assert "Balanced accuracy may differ by chance: the interval includes no difference." in sentences
    assert "Over all pictures, the difference in right answers may be chance" in sentences


def test_a_relabelled_picture_counts_the_same_in_both_sections(
    open_page: OpenPage, project: Project, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run's mistake was a wrong label: by the newer one it is right, and nothing was fixed."""
    dataset = open_dataset(project)
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    newer = relabel(project, [dataset.pictures["id"].iloc[dataset.rows(Split.TEST)[0]]], "1")

    def train(project: Project, config: object) -> JobDirectory:
        return JobDirectory(evaluated_run(project, newer, "run-2", np.array([], int)))

    monkeypatch.setattr(repeating, "start_training", train)
    repeating.train_again(run.path)
    for section in ("compare", "loop"):
        sentences = said(open_page("evaluate", section=section, run="run-2"))
        assert "Accuracy: 100% → 100%" in sentences
        assert "judged by the newer label for both: 1." in sentences


def test_a_single_run_leads_to_a_second_one(
    open_page: OpenPage, project: Project, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to choose from, so the page does not ask for a choice."""
    opened: list[str] = []
    monkeypatch.setattr(st, "switch_page", opened.append)
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate", section="compare")
    assert "This is the only run." in app.info[0].value
    app.button(key="train-second").click().run()
    assert opened == ["train.py"]
    assert app.query_params["section"] == "new"


def test_pictures_that_only_one_run_was_tested_on_are_counted(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """Since the first test one picture was excluded."""
    dataset = open_dataset(project)
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    newer = exclude(project, [dataset.pictures["id"].iloc[dataset.rows(Split.TEST)[0]]])
    evaluated_run(project, newer, "run-2", np.array([], int))
    app = open_page("evaluate", section="compare")
    assert "Compared on 5 test pictures that both have." in said(app)
    assert "because only the second was tested on them: 1." in said(app)


def test_several_runs_stand_in_one_table_with_corrected_p_values(
    open_page: OpenPage, project: Project
) -> None:
    """All six pictures wrong in the reference: mid-p 1/64 against each, doubled for two comparisons (Holm)."""
    dataset = open_dataset(project)
    for name, wrong in (("run-1", 0), ("run-2", 0), ("run-3", 6)):
        evaluated_run(project, dataset, name, dataset.rows(Split.TEST)[:wrong])
    app = open_page("evaluate", section="compare", run="run-3")
    app.pills(key="compared-run-3").set_value(["run-1", "run-2"]).run()
    assert not app.exception
    (table,) = [frame.value for frame in app.dataframe if "broken" in frame.value]
    assert (
        table[["value", "difference", "fixed", "broken", "p", "verdict"]].to_numpy().tolist()
        == [["100%", "+100.0 points", 6, 0, "0.031", "hardly chance"]] * 2
    )


def test_runs_on_changed_pictures_are_trained_again_and_compared(
    open_page: OpenPage, project: Project, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new run is right where the first was wrong; another test picture was excluded in between."""
    dataset = open_dataset(project)
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    newer = exclude(project, [dataset.pictures["id"].iloc[dataset.rows(Split.TEST)[1]]])
    app = open_page("evaluate", section="loop")
    assert "Since this run: 1 picture removed" in said(app)

    def train(project: Project, config: object) -> JobDirectory:
        return JobDirectory(evaluated_run(project, newer, "run-2", np.array([], int)))

    monkeypatch.setattr(repeating, "start_training", train)
    app.button(key="train-again").click().run()
    assert not app.exception
    assert repeating.predecessor_of(project.runs / "run-2") == run.path
    assert "1 picture fixed, 0 newly broken" in said(app)
    assert "because only the first was tested on them: 1." in said(app)
    assert not [button for button in app.button if button.key == "train-again"]


def test_an_ensemble_is_shown_with_its_members(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """It has no settings of a training, also where a member was deleted."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    dataset = open_dataset(project)
    joined = Path(evaluated_run(project, dataset, "run-2", np.array([], int)))
    config = EnsembleConfig(
        dataset_version=1,
        members=("run-1", "run-gone"),
        weights=(0.5, 0.5),
        backbones=("efficientnet_lite0",),
        input_size=224,
    )
    (joined / "config.json").unlink()
    JobDirectory.create(joined, JobKind.ENSEMBLE, config.to_json())
    write_json(joined / "status.json", {"state": "finished"})
    app = open_page("train", section="run")
    assert "The mean of the answers of these runs" in said(app)
    assert app.dataframe[0].value["run"].tolist()[1] == "run-gone"
    compared = open_page("evaluate", section="compare")
    assert [table.value["recipe"].tolist() for table in compared.dataframe if "recipe" in table.value] == [
        ["Ensemble of 2", "Quick"]
    ]
    assert "train those again" in said(open_page("evaluate", section="loop"))
    assert "no finished classifier" in said(open_page("evaluate", section="why"))
    assert "Test on more pictures" in said(open_page("evaluate", section="next"))
    assert open_page("evaluate", section="robustness").button(key="robustness-start")
    assert "the mean stranger score of its members" in said(open_page("evaluate", section="trust"))
