"""Heatmaps of a finished run come from the file that it delivers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.labels.layout import Split
from core.delivery import explaining
from core.delivery.explaining import Explainer
from core.delivery.files import parity_file
from core.errors import NotFoundError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.network import ExplainedNetwork, Heatmap, Method
from core.evaluation.explanations.verdict import Ground, Verdict

VERDICT = Verdict(
    ground=Ground.PASSED,
    beaten=19,
    head_similarity=0.1,
    weights_similarity=0.2,
    deletion=(0.9, 0.1),
    insertion=(0.1, 0.9),
    random_deletion=(0.9, 0.1),
    random_insertion=(0.1, 0.9),
)


def test_a_heatmap_explains_the_probability_that_was_evaluated(finished_run: Path) -> None:
    evaluated, explainer = EvaluatedRun.open(finished_run), Explainer(finished_run)
    row = int(evaluated.rows(Split.TEST)[0])
    data = evaluated.dataset.picture_bytes(row)
    heatmap = explainer.network.heatmap(explainer.prepare(data))
    stored = evaluated.test.probabilities[0]
    assert heatmap.method is Method.CAM
    assert heatmap.class_index == stored.argmax()
    assert heatmap.probability == pytest.approx(stored.max(), abs=1e-3)
    assert heatmap.support.max() == 1
    assert explainer.upright(data, 100).shape[2] == 3


def test_hidden_layers_are_explained_by_occlusion(finished_run: Path) -> None:
    """Their logits are no sums over cells; the probability is the same."""
    explainer = Explainer(finished_run)
    evaluated = EvaluatedRun.open(finished_run)
    picture = explainer.prepare(evaluated.dataset.picture_bytes(int(evaluated.rows(Split.TEST)[0])))
    network = explainer.one_network
    assert network is not None
    other = ExplainedNetwork(
        (finished_run / "model.tflite").read_bytes(), network.head, "grid", has_local_map=False
    )
    heatmap = other.heatmap(picture)
    assert heatmap.method is Method.OCCLUSION
    assert heatmap.values.shape == (8, 8)
    assert heatmap.probability == pytest.approx(explainer.network.heatmap(picture).probability, abs=1e-5)


def test_a_verdict_is_given_once_for_each_picture_class_and_classifier(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []

    def judge(network: object, picture: object, heatmap: Heatmap, on_step: object) -> Verdict:
        given.append(heatmap.class_index)
        return VERDICT

    monkeypatch.setattr(explaining, "judge", judge)
    explainer, evaluated = Explainer(finished_run), EvaluatedRun.open(finished_run)
    data = evaluated.dataset.picture_bytes(int(evaluated.rows(Split.TEST)[0]))
    for index in (0, 1, 0):
        heatmap = Heatmap(
            values=np.ones((7, 7), np.float32), class_index=index, probability=0.5, method=Method.CAM
        )
        assert explainer.verdict(data, heatmap) == VERDICT
    assert given == [0, 1]
    assert Explainer(finished_run).stored_verdict(data, 1) == VERDICT
    (finished_run / "model.tflite").touch()
    assert Explainer(finished_run).stored_verdict(data, 1) is None


def test_what_cannot_be_explained_is_said(finished_run: Path) -> None:
    with pytest.raises(NotFoundError, match="no class called “9”"):
        Explainer(finished_run).class_index("9")
    parity_file(finished_run).unlink()
    with pytest.raises(NotFoundError, match="no finished classifier"):
        Explainer(finished_run)
