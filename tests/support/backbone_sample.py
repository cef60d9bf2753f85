"""Backbones that tests build: cheap ones, of every way to be built and to be preprocessed.

``python -m benchmarks backbones_sweep`` builds and converts all of them.
"""

SAMPLE = (
    "efficientnet_lite0",
    "efficientnet_b0",
    "mobilenet_v3_small",
    "small_cnn",
    "vit",
)
