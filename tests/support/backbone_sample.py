"""Backbones that tests build: cheap ones, of every way to be built and to be preprocessed.

All that are trained from scratch are among them: each is built by code of ours.
``python -m benchmarks backbones_sweep`` builds and converts all of them.
"""

from core.models.backbones import BACKBONES, WeightsSource

SAMPLE = (
    "efficientnet_lite0",
    "efficientnet_b0",
    "mobilenet_v3_small",
    *(key for key, backbone in BACKBONES.items() if backbone.weights is WeightsSource.NONE),
)
