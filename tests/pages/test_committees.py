"""Pages of a project whose chosen backbone is a committee."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.models.backbones import get_backbone
from core.search.space import Speed
from core.workspace import Project, remember_setting
from pages.ui.text import escape
from tests.support.page_queries import parts, said

OpenPage = Callable[..., AppTest]
BOTH = "efficientnet_lite0+efficientnet_lite2"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may depend on this machine's network."""
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: False)


def test_a_search_of_whole_networks_says_that_a_committee_trains_heads(
    open_page: OpenPage, project: Project
) -> None:
    """There is no network whose training could be timed."""
    remember_setting(project, "backbone", BOTH)
    app = open_page("search")
    app.radio(key="speed").set_value(Speed.FULL).run()
    assert not app.exception
    assert "The backbones of a committee stay as they are, so trials train heads only." in said(app)
    assert "Training a whole network takes about" not in said(app)


def test_a_committee_with_a_member_that_is_not_on_this_computer_can_be_changed(
    open_page: OpenPage, project: Project
) -> None:
    """As in a project that another computer saved."""
    chosen = "efficientnet_lite0+vgg16"
    remember_setting(project, "backbone", chosen)
    app = open_page("model")
    assert not app.exception
    assert escape(get_backbone(chosen).name) in said(app)
    (members,) = [part for part in parts(app, "multiselect") if part.key.startswith("committee-members")]
    assert members.value == ["efficientnet_lite0"]
