"""Why? section of the Evaluate page, and the same on the Predict page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.labels.layout import Split
from core.delivery import explaining
from core.delivery.files import parity_file
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.verdict import Ground, Verdict

OpenPage = Callable[..., AppTest]
CURVE = (0.9, 0.8, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1)


@pytest.fixture(autouse=True)
def quick_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The 300 forward passes of a real one are tested elsewhere."""
    verdict = Verdict(
        ground=Ground.PASSED,
        beaten=19,
        head_similarity=0.1,
        weights_similarity=0.2,
        deletion=CURVE,
        insertion=CURVE[::-1],
        random_deletion=CURVE,
        random_insertion=CURVE[::-1],
    )
    monkeypatch.setattr(explaining, "judge", lambda *arguments: verdict)


def test_the_page_explains_the_worst_mistake_and_any_class_of_a_chosen_picture(
    open_page: OpenPage, finished_run: Path
) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    app = open_page("evaluate", project="digits", section="why")
    (table,) = app.dataframe
    assert len(table.value) == len(evaluated.rows(Split.TEST))
    wrong = (table.value["label"] != table.value["predicted"]).tolist()
    assert wrong == sorted(wrong, reverse=True)
    assert "may be trusted" in app.success[0].value
    picture = evaluated.dataset.pictures.iloc[int(evaluated.rows(Split.TEST)[-1])]
    app = open_page("evaluate", project="digits", section="why", picture=picture["id"])
    (choice,) = [box for box in app.selectbox if box.label == "Class to explain"]
    assert choice.key.startswith(f"why-{picture['id']}")
    choice.set_value("8").run()
    assert not app.exception
    assert any("speaks for 8" in caption.value for caption in app.caption)


def test_a_run_without_a_finished_classifier_says_so(open_page: OpenPage, finished_run: Path) -> None:
    parity_file(finished_run).unlink()
    app = open_page("evaluate", project="digits", section="why")
    assert "no finished classifier" in app.info[0].value
