"""The web process gets Keras without JAX; what augmentation needs of it works."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import numpy as np
from core.models.augmentation import AugmentationConfig, augment_tensor
strong = AugmentationConfig(flip="both", rotation=0.2, zoom=0.2, shift=0.2, brightness=0.3, contrast=0.3)
pictures = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
changed = augment_tensor(pictures, strong, seed=1)
assert changed.shape == pictures.shape and (changed != pictures).mean() > 0.5
loaded = {name.split(".")[0] for name in sys.modules}
assert not loaded & {"jax", "jaxlib", "sklearn", "tensorflow"}, loaded & {"jax", "sklearn", "tensorflow"}
import keras
try:
    keras.ops.conv(np.zeros((1, 4, 4, 1), "float32"), np.zeros((1, 1, 1, 1), "float32"))
except ImportError as error:
    print(error)
import sklearn.base
"""


def test_the_preview_works_without_jax_and_says_what_is_missing_elsewhere() -> None:
    """160 MB of the web process's memory; and scikit-learn is only hidden, not broken."""
    environment = {"KERAS_BACKEND": "numpy", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "left out of the web process" in done.stdout
