"""Sections of the Model page: recommendation, bake-off, catalogue, weights files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from core.data.dataset import open_dataset
from core.files import write_json
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE, get_backbone
from core.models.weights.store import WeightsState, weights_state
from core.runs.control import wait_for
from core.statistics import wilson_interval
from core.training.bakeoff.results import BakeOff, Entry, Sample, write_bake_off
from core.workspace import Project, jobs_folder, project_settings, remember_setting
from pages.ui.settings import next_config
from pages.ui.text import escape
from tests.support.page_queries import parts, said

OpenPage = Callable[..., AppTest]
VALIDATION = 200


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may depend on this machine's network."""
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: False)


def titles(app: AppTest) -> list[str]:
    return [part.value for part in parts(app, "subheader")]


def buttons(app: AppTest) -> list[str]:
    return [button.key for button in parts(app, "button")]


def primary_buttons(app: AppTest) -> list[str]:
    return [button.key for button in parts(app, "button") if button.proto.type == "primary"]


def chart(app: AppTest) -> dict[str, Any]:
    """Figure of the bake-off as Plotly gets it."""
    (element,) = [one for one in app.get("bidi_component") if one.proto.id.endswith("-bakeoff-chart")]
    return dict(json.loads(json.loads(element.proto.json)["figure"]))


def entry(backbone: str, right: int, milliseconds: float) -> Entry:
    return Entry(
        backbone=backbone,
        job="bakeoff-1",
        validation_accuracy=right / VALIDATION,
        interval=wilson_interval(right, VALIDATION),
        validation_loss=0.4,
        milliseconds=milliseconds,
        bytes=13_000_000,
        seconds=12.0,
    )


def tried(project: Project, *entries: Entry, version: int = 1) -> None:
    """Results of a finished bake-off."""
    counts = {"training": 900, "all_training": 900, "validation": VALIDATION, "all_validation": VALIDATION}
    write_bake_off(
        project, BakeOff(sample=Sample(digest="d", version=version, **counts), entries=tuple(entries))
    )


def bakeoff_job(project: Project, state: JobState, **result: Any) -> JobDirectory:
    config = {"version": open_dataset(project).version, "backbones": [DEFAULT_BACKBONE]}
    job = JobDirectory.create(project.jobs / "bakeoff-1", JobKind.BAKEOFF, config)
    write_json(job.path / "process.json", {"pid": 2**22 + 1, "started": 0.0})  # above every real pid
    write_json(job.path / "status.json", {"state": state})
    write_json(job.path / "result.json", result)
    return job


def test_the_recommendation_comes_first_with_its_reason(open_page: OpenPage, project: Project) -> None:
    app = open_page("model")
    assert titles(app)[0] == "EfficientNet\\-Lite0"
    assert "For your 36 pictures on this computer:" in said(app)
    assert "as far as 36 pictures can tell" in said(app)
    assert "about 12 pictures a class" in said(app)
    assert primary_buttons(app) == []  # it is chosen already


def test_another_goal_changes_the_recommendation_and_is_stored(open_page: OpenPage, project: Project) -> None:
    """Of the three bundled, Lite2 is the most accurate: 77.6 percent on ImageNet."""
    app = open_page("model")
    parts(app, "button_group")[0].set_value("accurate").run()
    assert titles(app)[0] == "EfficientNet\\-Lite2"
    assert project_settings(project)["wish"] == "accurate"
    assert titles(open_page("model"))[0] == "EfficientNet\\-Lite2"


def test_one_button_accepts_the_recommendation(open_page: OpenPage, project: Project) -> None:
    remember_setting(project, "backbone", "small_cnn")
    app = open_page("model")
    assert primary_buttons(app) == ["take-advice"]
    assert "You have chosen Small CNN, recipe: From scratch." in said(app)
    app.button(key="take-advice").click().run()
    assert project_settings(project)["backbone"] == DEFAULT_BACKBONE
    assert project_settings(project)["recipe"] == "quick"
    assert primary_buttons(app) == []


def test_a_chosen_backbone_is_stored(open_page: OpenPage, project: Project) -> None:
    app = open_page("model")
    app.button(key="choose-small_cnn").click().run()
    assert project_settings(project)["backbone"] == "small_cnn"
    assert "choose-small_cnn" not in buttons(app)


def test_a_new_backbone_appears_on_the_page_and_in_the_command_line(
    open_page: OpenPage, project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its row in the table is all that it takes."""
    row = replace(
        get_backbone("small_cnn"), key="throwaway", name="Throwaway CNN", good_for="A row for a test."
    )
    monkeypatch.setitem(BACKBONES, row.key, row)
    app = open_page("model")
    assert "**Throwaway CNN**" in said(app)
    assert "A row for a test." in said(app)
    app.button(key="choose-throwaway").click().run()
    assert "You have chosen Throwaway CNN, recipe: From scratch." in said(app)
    assert main(["backbones", "--json"]) == 0
    listed = {one["key"]: one for one in json.loads(capsys.readouterr().out)["backbones"]}
    assert (listed["throwaway"]["name"], listed["throwaway"]["ready"]) == ("Throwaway CNN", True)
    assert next_config(project).backbone == "throwaway"


def test_without_a_network_missing_weights_must_be_supplied(open_page: OpenPage, project: Project) -> None:
    """A download that cannot work is not offered."""
    app = open_page("model")
    assert not [key for key in buttons(app) if key.startswith("download-")]
    assert "There is no connection to the servers" in said(app)
    assert get_backbone("efficientnet_b0").weights_url in [code.value for code in parts(app, "code")]


def test_only_one_family_is_shown_at_a_time(
    open_page: OpenPage, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: True)
    app = open_page("model")
    assert "download-efficientnet_b1" in buttons(app)
    assert "download-vgg19" not in buttons(app)
    choose_family(app, "VGG")
    assert "download-vgg19" in buttons(app)
    assert "download-efficientnet_b1" not in buttons(app)
    assert "Download 58\\.9 MB" in [button.label for button in parts(app, "button")]


WELL_KNOWN = ("vgg16", "resnet50", "inception_v3", "efficientnet_b0")


@pytest.mark.parametrize("backbone", WELL_KNOWN)
@pytest.mark.parametrize("is_connected", [True, False])
def test_well_known_backbones_are_outside_the_folded_list(
    open_page: OpenPage, project: Project, monkeypatch: pytest.MonkeyPatch, backbone: str, is_connected: bool
) -> None:
    """One press away with a connection; without one its card tells how to bring the file."""
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: is_connected)
    app = open_page("model")
    name = f"**{escape(get_backbone(backbone).name)}**"
    assert name in [part.value for part in app.main.markdown]
    assert name not in [part.value for folded in app.expander for part in folded.markdown]
    assert (f"download-{backbone}" in buttons(app)) is is_connected
    urls = [part.value for part in parts(app, "code")]
    assert (get_backbone(backbone).weights_url in urls) is not is_connected


def choose_family(app: AppTest, family: str) -> None:
    (group,) = [one for one in parts(app, "button_group") if one.proto.id.endswith("-family")]
    group.set_value(family).run()


def test_a_failed_download_offers_ways_without_a_network(
    open_page: OpenPage, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A raw URL error does not help the user; two alternatives do."""
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: True)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # a port that nobody listens on
    app = open_page("model")
    choose_family(app, "VGG")
    app.button(key="download-vgg16").click().run()
    assert wait_for(list_jobs(jobs_folder())[0]) is JobState.FAILED
    app.run()
    assert "There is no connection" in app.error[0].value
    assert "URL" not in app.error[0].value
    app.button(key="instead-small_cnn").click().run()
    assert project_settings(project)["backbone"] == "small_cnn"


def test_a_download_that_serves_the_goal_better_is_offered(
    open_page: OpenPage, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: True)
    remember_setting(project, "wish", "accurate")
    app = open_page("model")
    assert "would suit this goal even better" in said(app)
    assert "download-better" in buttons(app)


def test_before_a_bake_off_its_button_shows_the_expected_time(open_page: OpenPage, project: Project) -> None:
    app = open_page("model")
    assert app.button(key="start-bakeoff").label == "Try them on my pictures"
    assert "3 pretrained backbones are on this computer: about" in said(app)
    assert not [one for one in app.get("bidi_component") if one.proto.id.endswith("-bakeoff-chart")]


def test_results_have_error_bars_and_a_marked_choice(open_page: OpenPage, project: Project) -> None:
    """171 of 200 lie within what may be chance of 180, and are reached seven times as fast."""
    tried(project, entry("efficientnet_lite2", 180, 56.0), entry("efficientnet_lite1", 171, 8.0))
    app = open_page("model")
    plain, marked = chart(app)["data"]
    assert (plain["x"], plain["y"]) == ([56.0], [90.0])
    assert (marked["x"], marked["y"], marked["marker"]["symbol"]) == ([8.0], [85.5], "star")
    assert marked["text"] == ["<b>EfficientNet-Lite1</b>"]
    low, high = wilson_interval(171, VALIDATION)
    assert marked["error_y"]["arrayminus"] == [pytest.approx(85.5 - 100 * low)]
    assert marked["error_y"]["array"] == [pytest.approx(100 * high - 85.5)]
    assert "7.0 times as fast as EfficientNet" in said(app)
    assert "Trained on 900 pictures, validated on 200 others." in said(app)
    app.button(key="take-choice").click().run()
    assert project_settings(project)["backbone"] == "efficientnet_lite1"
    assert "take-choice" not in buttons(app)


def test_of_many_entries_only_the_most_important_have_labels(open_page: OpenPage, project: Project) -> None:
    """The choice, the most accurate, the fastest and the slowest: labels of all would overlap."""
    tried(
        project,
        entry("mobilenet_v3_large", 150, 5.0),
        entry("efficientnet_lite0", 175, 8.0),
        entry("efficientnet_lite1", 176, 12.0),
        entry("efficientnet_lite2", 180, 17.0),
        entry("vgg16", 150, 180.0),
    )
    named = [name for trace in chart(open_page("model"))["data"] for name in trace["text"] if name]
    assert named == ["MobileNetV3Large", "EfficientNet-Lite2", "VGG16", "<b>EfficientNet-Lite0</b>"]


def test_results_on_earlier_pictures_are_marked_as_outdated(open_page: OpenPage, project: Project) -> None:
    tried(project, entry(DEFAULT_BACKBONE, 180, 8.0), version=7)
    assert "Your pictures have changed since" in said(open_page("model"))


def test_a_backbone_that_could_not_be_tried_is_named(open_page: OpenPage, project: Project) -> None:
    reason = {"template": "{file} is damaged.", "values": {"file": "vgg16.h5"}}
    bakeoff_job(project, JobState.FINISHED, left_out=[{"backbone": "vgg16", "reason": reason}])
    (warning,) = open_page("model").warning
    assert "VGG16 could not be measured" in warning.value
    assert "is damaged" in warning.value


def test_an_interrupted_bake_off_can_continue(open_page: OpenPage, project: Project) -> None:
    bakeoff_job(project, JobState.RUNNING)  # by a process that is gone
    app = open_page("model")
    assert "its measurements are kept" in said(app)
    assert "resume-bakeoff" in buttons(app)


def test_the_bake_off_button_starts_a_job(open_page: OpenPage, project: Project) -> None:
    app = open_page("model")
    app.button(key="start-bakeoff").click().run()
    (job,) = list_jobs(project.jobs)
    assert job.config()["backbones"] == [
        "efficientnet_lite0",
        "efficientnet_lite1",
        "efficientnet_lite2",
        "efficientnet_lite0+efficientnet_lite2",
    ]
    assert "start-bakeoff" not in buttons(app)
    job.request_stop()
    assert wait_for(job) is JobState.STOPPED


def test_a_file_without_weights_is_refused_with_its_reason(open_page: OpenPage, project: Project) -> None:
    app = open_page("model")
    app.file_uploader[0].upload("holiday.h5", b"no weights").run()
    assert "is not a weight file that Darkroom knows" in app.error[0].value
    assert "holiday" in app.error[0].value
    assert parts(app, "expander")[-2].proto.expanded


def test_an_official_weights_file_is_imported(open_page: OpenPage, project: Project) -> None:
    """A file with an unknown checksum: recognised by name and length, verified by the first job that needs it."""
    backbone = next(b for b in BACKBONES.values() if b.download_bytes and not b.weights_hash)
    app = open_page("model")
    app.file_uploader[0].upload(backbone.weights_file, bytes(backbone.download_bytes)).run()
    assert not app.exception
    assert weights_state(backbone) is WeightsState.DOWNLOADED
    assert "is ready to use now" in app.success[0].value
    app.button(key="use-imported").click().run()
    assert project_settings(project)["backbone"] == backbone.key


BOTH = "efficientnet_lite0+efficientnet_lite2"


def test_two_at_once_are_one_choice_that_says_what_it_costs(open_page: OpenPage, project: Project) -> None:
    remember_setting(project, "recipe", "balanced")
    app = open_page("model")
    assert "More accurate: two at once" in titles(app)
    assert escape(get_backbone(BOTH).name) in said(app)
    assert "to compute the features of your pictures · " in said(app)
    assert f"{escape('33.1 MB')} on the disk of who uses it" in said(app)
    app.button(key="choose-committee").click().run()
    assert next_config(project).backbone == BOTH
    assert next_config(project).recipe.value == "quick", "its backbones stay as they are"
    assert "choose-committee" not in buttons(app)


def test_the_recommendation_offers_two_at_once(open_page: OpenPage, project: Project) -> None:
    app = open_page("model")
    assert f"Usually more accurate still: {escape(get_backbone(BOTH).name)} at once" in said(app)
    app.button(key="take-committee").click().run()
    assert project_settings(project)["backbone"] == BOTH
    assert "take-committee" not in buttons(app)


def test_any_backbones_here_can_be_combined(open_page: OpenPage, project: Project) -> None:
    app = open_page("model")
    (members,) = [part for part in parts(app, "multiselect") if part.key.startswith("committee-members")]
    assert members.value == ["efficientnet_lite0", "efficientnet_lite2"]
    members.set_value(["efficientnet_lite1"]).run()
    assert "Choose at least two." in said(app)
    (members,) = [part for part in parts(app, "multiselect") if part.key.startswith("committee-members")]
    members.set_value(["efficientnet_lite2", "efficientnet_lite1"]).run()
    app.button(key="choose-combination").click().run()
    assert project_settings(project)["backbone"] == "efficientnet_lite1+efficientnet_lite2"
    assert not app.exception


def test_a_bake_off_on_the_page_tries_two_at_once(open_page: OpenPage, project: Project) -> None:
    assert "Two at once are tried as well." in said(open_page("model"))
    tried(project, entry(DEFAULT_BACKBONE, 170, 8.0), entry(BOTH, 196, 20.0))
    app = open_page("model")
    assert f"{get_backbone(BOTH).name} has the most validation pictures right" in said(app).replace("\\", "")
    app.button(key="take-choice").click().run()
    assert project_settings(project)["backbone"] == BOTH
