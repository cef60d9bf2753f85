"""Recommended backbone and recipe for a dataset on this machine, by ``core.models.guidance``."""

from __future__ import annotations

import numpy as np

from core.data.dataset import Dataset
from core.devices import devices_to_show
from core.models.backbones import BACKBONES, WeightsSource
from core.models.guidance import Recommendation, Situation, Wish, recommend
from core.models.speeds import measured_speeds
from core.models.weights.store import WeightsState, weights_state


def advise(dataset: Dataset, wish: Wish = Wish.BALANCED) -> Recommendation:
    """Recommend a backbone and a recipe; checks over the network if weights can be downloaded."""
    devices, _ = devices_to_show()
    states = {
        key: weights_state(backbone)
        for key, backbone in BACKBONES.items()
        if backbone.weights is not WeightsSource.NONE
    }
    return recommend(
        Situation(
            pictures=len(dataset.pictures),
            classes=len(dataset.class_names),
            picture_side=typical_side(dataset),
            device=devices[0].key if devices else "cpu",
            ready=[
                key
                for key, state in states.items()
                if state in {WeightsState.BUNDLED, WeightsState.DOWNLOADED}
            ],
            downloadable=[key for key, state in states.items() if state is WeightsState.DOWNLOADABLE],
            speeds=measured_speeds(),
        ),
        wish,
    )


def typical_side(dataset: Dataset) -> int:
    """Return the median of the pictures' shorter sides in pixels; 0 without pictures."""
    sides = np.minimum(dataset.pictures["width"], dataset.pictures["height"])
    return int(np.median(sides)) if len(sides) else 0
