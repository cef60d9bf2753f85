"""The advice speaks of the pictures and weights that are really here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.data.dataset import Dataset
from core.models.backbones import BACKBONES
from core.models.guidance import Wish
from core.training.advice import advise, typical_side


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: False)


def test_a_bare_machine_is_advised_to_use_what_is_bundled(dataset: Dataset) -> None:
    found = advise(dataset)
    assert (found.backbone, found.recipe, found.is_ready, found.better) == (
        "efficientnet_lite0",
        "quick",
        True,
        "",
    )
    assert "as far as 13 pictures can tell" in str(found.reason)


def test_with_a_network_a_better_one_is_named(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The most accurate of all that takes pictures of ordinary size: digits are tiny."""
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: True)
    assert BACKBONES[advise(dataset, Wish.ACCURATE).better].input_size <= 260


def test_the_typical_picture_is_measured_by_its_shorter_side(dataset: Dataset) -> None:
    """Sides of three pictures: 10, 20 and 90; half are smaller than 20."""
    few = dataset.pictures.iloc[:3].assign(width=[10, 400, 90], height=[300, 20, 95])
    assert typical_side(replace(dataset, pictures=few)) == 20
    assert typical_side(replace(dataset, pictures=few.iloc[:0])) == 0
