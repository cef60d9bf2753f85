"""Map section: selection, coordinates, categories and marks."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.editing.labels import exclude, relabel
from core.doctor.features.projection import write_map
from core.doctor.findings import Finding, Remedy, Suspect
from core.doctor.report import Report, write_report
from core.doctor.sentences import FindingKind
from core.models.backbones import DEFAULT_BACKBONE
from core.workspace import Project
from pages.ui.components.feature_map import MapPoints, _coordinates, selected_rows
from pages.ui.data.map import categories, category_of, rings_of

OpenPage = Callable[..., AppTest]


def sent(rows: list[int], count: int, points: str = "these") -> dict[str, str]:
    """Message of the browser for these rows: one bit a row, the first in the lowest bit."""
    bits = np.zeros(count, np.bool_)
    bits[rows] = True
    return {
        "points": points,
        "rows": base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode(),
    }


@given(count=st.integers(1, 300), data=st.data())
def test_rows_enclosed_by_the_lasso_are_selected(count: int, data: st.DataObject) -> None:
    rows = sorted(data.draw(st.sets(st.integers(0, count - 1))))
    assert selected_rows(sent(rows, count), "these", count).tolist() == rows


def test_a_selection_of_outdated_points_is_empty() -> None:
    """Row numbers refer to other pictures after an addition or deletion."""
    assert selected_rows(sent([1], 8, points="others"), "these", 8).tolist() == []


def test_malformed_messages_of_the_map_select_nothing() -> None:
    """Messages of a browser are not trusted."""
    for seen in ({}, {"points": "these"}, {"points": "these", "rows": 3}):
        assert selected_rows(seen, "these", 8).tolist() == []
    for rows in ("", "not base64!", "ä", base64.b64encode(b"\xff").decode()):
        assert selected_rows({"points": "these", "rows": rows}, "these", 9).tolist() == []


def test_coordinates_keep_the_shape_of_the_map() -> None:
    """Stretching to a square would distort distances."""
    coordinates = _coordinates(np.array([[-10.0, 1.0], [10.0, 1.0], [0.0, 6.0]], np.float32)).astype(int)
    assert coordinates[:, 0].tolist() == [0, 65535, 32768]
    assert abs((coordinates[2, 1] - coordinates[0, 1]) * 4 - 65535) <= 4  # a quarter as high as wide
    assert abs(coordinates[:, 1].min() + coordinates[:, 1].max() - 65535) <= 1  # in the middle


def test_a_single_picture_has_coordinates() -> None:
    assert _coordinates(np.array([[3.0, 4.0]])).tolist() == [[32768, 32768]]


def test_the_digest_of_points_covers_coordinates_and_pictures() -> None:
    """By the digest the browser recognises points that it already has."""
    sha = ["a" * 64, "b" * 64]
    names = ["a.png", "b.png"]
    here = np.array([[0.0, 0.0], [1.0, 1.0]])
    digest = MapPoints(positions=here, sha256=sha, names=names).digest
    assert MapPoints(positions=here * 3, sha256=sha, names=names).digest == digest  # the unit does not matter
    assert MapPoints(positions=here[::-1], sha256=sha, names=names).digest != digest
    assert MapPoints(positions=here, sha256=sha[::-1], names=names).digest != digest


def draw_map(project: Project, count: int) -> None:
    """A map of the first ``count`` pictures."""
    ids = open_dataset(project).all_pictures["id"].to_numpy(np.str_)[:count]
    coordinates = np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)
    write_map(project.dataset, DEFAULT_BACKBONE, ids, coordinates)


def page_text(app: AppTest) -> str:
    elements: list[Any] = [
        element for kind in ("markdown", "caption", "info") for element in app.main.get(kind)
    ]
    return "\n".join(str(element.value) for element in elements)


def test_without_a_map_the_section_links_to_the_check(open_page: OpenPage, project: Project) -> None:
    app = open_page("data", section="map")
    assert "There is no map yet" in page_text(app)
    app.button(key="go-check").click().run()
    assert app.button(key="check").label == "Check the pictures"


def test_pictures_without_coordinates_are_counted(open_page: OpenPage, project: Project) -> None:
    draw_map(project, 34)
    assert "2 pictures were added since the map was drawn" in page_text(open_page("data", section="map"))


def test_excluded_and_unlabelled_pictures_have_their_own_categories(project: Project) -> None:
    ids = open_dataset(project).all_pictures["id"].tolist()
    relabel(project, ids[:1], "")
    dataset = exclude(project, ids[1:2])
    names = [category.name for category in categories(dataset)]
    drawn_as = [names[index] for index in category_of(dataset, dataset.all_pictures)]
    labels = dataset.all_pictures["label"].tolist()
    assert drawn_as == ["Without label", "Excluded", *labels[2:]]


def test_only_open_suspects_are_marked(project: Project) -> None:
    """A corrected picture needs no mark."""
    dataset = open_dataset(project)
    pictures = dataset.all_pictures
    suspects = tuple(
        Suspect(id=pictures["id"].iloc[row], name="", label="0", suggested="1", score=1.0) for row in (0, 3)
    )
    wrong = Finding(
        kind=FindingKind.WRONG_LABELS,
        values={"total": 36},
        suspects=suspects,
        remedy=Remedy.RELABEL,
    )
    write_report(project, Report(version=1, findings=(wrong,), pictures=36, seconds=1.0, with_features=True))
    assert np.argwhere(rings_of(project, dataset, pictures)).tolist() == [[0, 0], [3, 0]]
    changed = relabel(project, [suspects[0].id], "1")
    assert np.argwhere(rings_of(project, changed, changed.all_pictures)).tolist() == [[3, 0]]
