"""Pictures section: gallery, filters and edits that can be undone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset, thumbnail_path
from core.data.editing.labels import exclude, relabel
from core.data.import_config import ImportConfig
from core.data.importing import create_project, import_dataset
from core.doctor.findings import Finding, Remedy, Suspect
from core.doctor.report import Report, write_report
from core.doctor.sentences import FindingKind
from core.http.pages import dataset_address
from core.jobs.directory import list_jobs
from core.jobs.status import JobState
from core.runs.control import wait_for
from core.workspace import Project
from tests.support.http_client import ask
from tests.support.page_queries import act, drawn, offered, parts, said, shown
from tests.support.pictures import class_folders, write_folder

OpenPage = Callable[..., AppTest]
GRID = "gallery-Pets"


@pytest.fixture
def pets(tmp_path: Path) -> Project:
    """Thirty cats and thirty dogs, more than one page."""
    source = write_folder(tmp_path / "pets", class_folders({"cats": 30, "dogs": 30}))
    return import_dataset(source, "Pets").project


def opened(open_page: OpenPage, project: Project) -> AppTest:
    return open_page("data", project=project.name, section="browse")


def pictures(project: Project) -> dict[str, tuple[str, bool]]:
    """Label and exclusion of each picture, by id."""
    everything = open_dataset(project).all_pictures
    values = zip(everything["label"], everything["excluded"], strict=True)
    return dict(zip(everything["id"], values, strict=True))


def test_the_gallery_shows_every_picture(open_page: OpenPage, pets: Project) -> None:
    """Excluded ones too, because they can be included again."""
    ids = list(pictures(pets))
    exclude(pets, ids[:1])
    relabel(pets, ids[1:2], "")
    app = opened(open_page, pets)
    tiles = shown(app, GRID)
    app.pagination[0].set_value(2).run()
    tiles += shown(app, GRID)
    assert {tile["id"] for tile in tiles} == set(ids)
    badges = {tile["id"]: (tile["badge"], tile.get("dimmed", False)) for tile in tiles if "badge" in tile}
    assert badges == {ids[0]: ("Excluded", True), ids[1]: ("No label", False)}


def test_filters_select_pictures_and_one_button_clears_them(open_page: OpenPage, pets: Project) -> None:
    app = opened(open_page, pets)
    app.selectbox(key="filter-class-Pets-0").set_value("dogs").run()
    assert "30 of 60 pictures" in said(app)
    app.text_input(key="filter-name-Pets-0").set_value("/2").run()
    names = [dict(tile["facts"])["File name at import"] for tile in shown(app, GRID)]
    assert names == ["dogs/2.png", *(f"dogs/{number}.png" for number in range(20, 30))]
    app.selectbox(key="filter-excluded-Pets-0").set_value("excluded").run()
    assert "No picture is excluded" in said(app)
    app.button(key="clear-filters").click().run()
    assert len(shown(app, GRID)) == 48
    assert app.selectbox(key="filter-class-Pets-1").value != "dogs"


def test_the_sort_order_spans_all_pages(open_page: OpenPage, pets: Project) -> None:
    app = opened(open_page, pets)
    app.selectbox(key="gallery-order-Pets").set_value("darkest").run()
    by_brightness = open_dataset(pets).all_pictures.sort_values("brightness", kind="stable")["id"].tolist()
    first = [tile["id"] for tile in shown(app, GRID)]
    app.pagination[0].set_value(2).run()
    assert first + [tile["id"] for tile in shown(app, GRID)] == by_brightness


def test_the_gallery_filters_by_finding(open_page: OpenPage, pets: Project) -> None:
    blurred = list(pictures(pets))[3:5]
    suspects = tuple(Suspect(id=one, name=one, label="cats", score=1.0) for one in blurred)
    finding = Finding(
        kind=FindingKind.BLURRED, values={"total": 60}, suspects=suspects, remedy=Remedy.EXCLUDE
    )
    app = opened(open_page, pets)
    assert "filter-finding-Pets-0" not in [box.key for box in app.selectbox]
    write_report(pets, Report(version=1, findings=(finding,), pictures=60, seconds=1.0, with_features=False))
    app.run()
    app.selectbox(key="filter-finding-Pets-0").set_value("blurred").run()
    assert [tile["id"] for tile in shown(app, GRID)] == blurred


def test_a_new_label_can_be_undone(open_page: OpenPage, pets: Project) -> None:
    app = opened(open_page, pets)
    ids = list(pictures(pets))
    act(app, GRID, "label", ids[:3], "birds")
    assert [pictures(pets)[one][0] for one in ids[:4]] == ["birds"] * 3 + ["cats"]
    assert drawn(app, GRID)["actions"][0]["choices"] == ["birds", "cats", "dogs"]
    assert "Labelled “birds”. Pictures: 3" in said(app)
    act(app, GRID, "undo")
    assert [pictures(pets)[one][0] for one in ids[:3]] == ["cats"] * 3


def test_a_label_is_removed(open_page: OpenPage, pets: Project) -> None:
    app = opened(open_page, pets)
    act(app, GRID, "unlabel", [shown(app, GRID)[0]["id"]])
    assert next(iter(pictures(pets).values())) == ("", False)


def test_excluded_pictures_can_be_included_again(open_page: OpenPage, pets: Project) -> None:
    app = opened(open_page, pets)
    ids = list(pictures(pets))
    assert "include" not in offered(app, GRID)
    act(app, GRID, "exclude", ids[:2])
    assert [pictures(pets)[one][1] for one in ids[:3]] == [True, True, False]
    act(app, GRID, "include", ids[:1])
    assert [pictures(pets)[one][1] for one in ids[:3]] == [False, True, False]


def test_deleting_asks_for_confirmation(open_page: OpenPage, pets: Project) -> None:
    app = opened(open_page, pets)
    ids = list(pictures(pets))
    act(app, GRID, "erase", ids[:2])
    assert any("cannot be undone" in markdown.value for markdown in app.markdown)
    assert list(pictures(pets)) == ids


def test_deleted_pictures_are_gone_without_undo(pets: Project) -> None:
    """The dialog by itself: AppTest draws the whole page afresh after a press in it."""

    def script(name: str, ids: list[str]) -> None:
        from core.workspace import get_project
        from pages.ui.data.browse import confirm_erasing

        confirm_erasing(get_project(name), ids)

    ids = list(pictures(pets))
    thumbnail = thumbnail_path(pets.dataset, open_dataset(pets).all_pictures["sha256"][0])
    app = AppTest.from_function(script, default_timeout=300, kwargs={"name": "Pets", "ids": ids[:2]}).run()
    app.button(key="erase-not").click().run()
    assert list(pictures(pets)) == ids
    app.button(key="erase").click().run()
    assert not app.exception
    assert list(pictures(pets)) == ids[2:]
    assert not thumbnail.exists()
    assert "last-change" not in app.session_state


def test_the_page_before_is_shown_if_the_last_one_becomes_empty(open_page: OpenPage, pets: Project) -> None:
    app = opened(open_page, pets)
    app.selectbox(key="page-size-Pets").set_value(24).run()
    app.selectbox(key="filter-excluded-Pets-0").set_value("in use").run()
    app.pagination[0].set_value(3).run()
    act(app, GRID, "exclude", [tile["id"] for tile in shown(app, GRID)])
    assert app.pagination[0].value == 2
    assert len(shown(app, GRID)) == 24


def test_a_project_without_pictures_links_to_the_add_section(open_page: OpenPage) -> None:
    app = opened(open_page, create_project("Bare"))
    assert "There are no pictures yet" in said(app)
    app.button(key="go-add").click().run()
    assert not app.exception
    assert app.query_params["section"] == "add"


def test_unlabelled_pictures_are_shown_and_labelled(open_page: OpenPage, tmp_path: Path) -> None:
    source = write_folder(tmp_path / "pets", class_folders({"all": 12}))
    project = import_dataset(source, "Pets", ImportConfig(unlabelled=True)).project
    app = opened(open_page, project)
    assert len(shown(app, GRID)) == 12
    assert "unlabel" not in offered(app, GRID)
    act(app, GRID, "label", [tile["id"] for tile in shown(app, GRID)], "cats")
    app.selectbox(key="filter-class-Pets-0").set_value("").run()
    assert "Every picture has a label" in said(app)


def tool(app: AppTest, name: str) -> AppTest:
    (control,) = [group for group in parts(app, "button_group") if group.key == "class-tool"]
    control.set_value(name)
    return app.run()


def classes(project: Project) -> dict[str, int]:
    dataset = open_dataset(project)
    counts = dataset.all_pictures["label"].value_counts()
    return {name: int(counts.get(name, 0)) for name in dataset.all_class_names}


def test_classes_are_added_renamed_moved_merged_and_removed(open_page: OpenPage, pets: Project) -> None:
    app = opened(open_page, pets)
    app.text_input(key="new-class-0").set_value("apes").run()
    app.button(key="add-class").click().run()
    assert classes(pets) == {"apes": 0, "cats": 30, "dogs": 30}
    app.selectbox(key="edited-class-Pets").set_value("dogs").run()
    app.text_input(key="rename-2-dogs").set_value("wolves").run()
    app.button(key="rename-class").click().run()
    assert classes(pets) == {"apes": 0, "cats": 30, "wolves": 30}
    tool(app, "move")
    app.selectbox(key="edited-class-Pets").set_value("wolves").run()
    app.number_input(key="place-3-wolves").set_value(1).run()
    app.button(key="move-class").click().run()
    assert list(classes(pets)) == ["wolves", "apes", "cats"]
    app.button(key="sort-classes").click().run()
    assert list(classes(pets)) == ["apes", "cats", "wolves"]
    tool(app, "merge")
    app.selectbox(key="merge-wolves").set_value("cats").run()
    app.button(key="merge-classes").click().run()
    assert classes(pets) == {"apes": 0, "cats": 60}
    tool(app, "remove")
    app.selectbox(key="edited-class-Pets").set_value("cats").run()
    app.button(key="remove-class").click().run()
    assert classes(pets) == {"apes": 0}
    assert len(pictures(pets)) == 60
    assert not app.exception


def test_a_duplicate_class_name_is_refused_with_its_reason(open_page: OpenPage, pets: Project) -> None:
    app = opened(open_page, pets)
    app.text_input(key="new-class-0").set_value("Cats").run()
    app.button(key="add-class").click().run()
    assert "already a class called “cats”" in app.error[0].value
    assert open_dataset(pets).version == 1


def test_an_export_of_the_dataset_can_be_downloaded(open_page: OpenPage, pets: Project) -> None:
    """By a real worker; the link leads to a zip of what is learnt from."""
    exclude(pets, list(pictures(pets))[:1])
    address = "/" + dataset_address("Pets", 2)
    assert ask(address).status == 404
    app = opened(open_page, pets)
    app.button(key="pack-dataset").click().run()
    assert wait_for(list_jobs(pets.jobs)[0]) is JobState.FINISHED
    app.run()
    (link,) = app.get("link_button")
    assert link.proto.url == address
    reply = ask(address)
    assert reply.headers["content-disposition"] == 'attachment; filename="Pets-2.zip"'
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        assert len([name for name in archive.namelist() if name.endswith(".png")]) == 59


@pytest.mark.parametrize("section", ["browse", "split", "history"])
def test_names_are_escaped(open_page: OpenPage, tmp_path: Path, section: str) -> None:
    """A class called <script> must be a class called <script>."""
    names = ("<script>alert(1)<", "**bold** [x](http:")
    source = write_folder(tmp_path / "source", class_folders(dict.fromkeys(names, 8)))
    project = import_dataset(source, "Hostile").project
    relabel(project, list(pictures(project))[:1], names[0])
    app = open_page("data", project=project.name, section=section)
    if section == "browse":
        assert {tile["strong"] for tile in shown(app, "gallery-Hostile")} == set(names)
        tool(app, "remove")
    labels = [button.label for button in app.button] + [expander.label for expander in app.expander]
    everything = "\n".join([said(app), *labels])
    assert "<script>" not in everything
    assert "**bold**" not in everything
