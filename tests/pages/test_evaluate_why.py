"""Section “Why?” of the Evaluate page, and the same on the Predict page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.labels.layout import Split
from core.delivery import explaining
from core.delivery.files import parity_file
from core.delivery.formats.litert.tflite_format import TFLITE
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.mean_heatmaps import FILE, MeanHeatmap, MeanHeatmaps
from core.evaluation.explanations.network import Method
from core.evaluation.explanations.shortcuts import Position, Shortcut
from core.evaluation.explanations.verdict import Ground, Verdict
from core.records import write_record
from tests.support.certificates import certified

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
    assert str(choice.key).startswith(f"why-{picture['id']}")
    choice.set_value("8").run()
    assert not app.exception
    assert any("speaks for 8" in caption.value for caption in app.caption)
    app.toggle(key="why-inside").set_value(True).run()
    assert not app.exception
    assert any("bmatrix" in formula.value for formula in app.latex)
    (dense,) = [frame.value for frame in app.dataframe if "product" in frame.value.columns]
    assert dense["input"].iloc[-1] == "bias"


def test_a_class_recognised_by_one_spot_is_named(open_page: OpenPage, finished_run: Path) -> None:
    """The other classes' means are drawn as well, and a confusion."""
    even = ((0.25, 0.25), (0.25, 0.25))
    spot = Shortcut(
        class_name="3",
        position=Position.TOP_LEFT,
        share=0.83,
        pictures=12,
        mass=0.7,
        pasted=24,
        flipped=0.75,
        flipped_by_chance=0.0,
    )
    means = MeanHeatmaps(
        method=Method.CAM,
        pictures=13,
        means=(
            MeanHeatmap(true_class="3", answer="3", pictures=12, values=even),
            MeanHeatmap(true_class="5", answer="3", pictures=1, values=even),
        ),
        shortcuts=(spot,),
    )
    write_record(EvaluatedRun.open(finished_run).file(FILE), means)
    app = open_page("evaluate", project="digits", section="why")
    (warning,) = [box.value for box in app.warning if "same spot" in box.value]
    assert "top left" in warning
    assert "83%" in warning
    assert app.button(key="why-start").label == "Make them again"


def test_a_withheld_classifier_is_not_looked_into(open_page: OpenPage, finished_run: Path) -> None:
    """A heatmap of another network's answer would explain nothing that was evaluated."""
    open_page("evaluate", project="digits", section="why")
    certified(finished_run, TFLITE, dogs_lost=3)
    app = open_page("evaluate", project="digits", section="why")
    (error,) = [box.value for box in app.error]
    assert "answers 3 of 100 test pictures differently" in error
    assert not [box for box in app.selectbox if box.label == "Class to explain"]


def test_a_run_without_a_finished_classifier_says_so(open_page: OpenPage, finished_run: Path) -> None:
    parity_file(finished_run).unlink()
    app = open_page("evaluate", project="digits", section="why")
    assert "no finished classifier" in app.info[0].value
