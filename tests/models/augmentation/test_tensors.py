"""Pictures are changed on a device as they are on the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import keras
import numpy as np
import pytest

from core.models.augmentation import LIMITS, MIXING, AugmentationConfig, augment, augment_tensor

# Mean and largest difference, of 255. Pillow rounds down where it resamples, and makes three box blurs of a Gaussian.
CLOSE = (0.6, 2.0)
LOOSE = {"sharpness": (1.0, 25.0), "blur": (1.0, 40.0), "randaugment": (1.0, 40.0), "erasing": (0.6, 3.0)}
CHANGES = ["flip", *(name for name in LIMITS if name not in MIXING)]


@pytest.fixture(scope="module")
def pictures(photographs: Callable[[str], np.ndarray]) -> np.ndarray:
    """Six cuts of a photograph, higher than wide: uint8 RGB (6, 64, 48, 3)."""
    cat = photographs("chelsea")
    return np.stack([cat[40 + 9 * cut : 104 + 9 * cut, 60 : 60 + 48] for cut in range(6)])


def difference(pictures: np.ndarray, config: AugmentationConfig, seed: int) -> np.ndarray:
    changed = augment_tensor(keras.ops.convert_to_tensor(pictures.astype(np.float32)), config, seed)
    array = keras.ops.convert_to_numpy(changed)
    assert array.shape == pictures.shape
    assert array.dtype == np.float32
    assert np.isfinite(array).all()
    assert array.min() >= -1e-3
    assert array.max() <= 255.001
    return np.abs(array - augment(pictures, config, seed))


@pytest.mark.parametrize("name", CHANGES)
def test_a_tensor_is_changed_as_an_array_is(name: str, pictures: np.ndarray) -> None:
    config = AugmentationConfig.from_json({name: "both" if name == "flip" else LIMITS[name]})
    found = difference(pictures, config, seed=3)
    mean, most = LOOSE.get(name, CLOSE)
    assert found.mean() < mean
    assert found.max() < most


def test_many_changes_at_once_come_in_the_same_order(pictures: np.ndarray) -> None:
    config = AugmentationConfig.parse(
        "flip=both,rotation=.1,crop=.3,perspective=.1,elastic=.02,contrast=.4,hue=.1,invert=.5,solarization=.5,erasing=.5"
    )
    assert difference(pictures, config, seed=4).mean() < 1.5


def test_each_seed_and_each_batch_size_is_its_own(pictures: np.ndarray) -> None:
    """The compiled function is kept; what it draws is not."""
    config = AugmentationConfig(brightness=0.3)
    for seed, count in ((1, 6), (2, 6), (1, 3)):
        assert difference(pictures[:count], config, seed).max() <= 0.51


def test_nothing_chosen_changes_nothing(pictures: np.ndarray) -> None:
    x = keras.ops.convert_to_tensor(pictures.astype(np.float32))
    assert augment_tensor(x, AugmentationConfig(mixup=0.2), seed=1) is x


@pytest.mark.parametrize("backend", ["numpy"])
def test_another_backend_changes_pictures_as_well(backend: str) -> None:
    """Only TensorFlow has a kernel of its own for moving; the others sample point by point."""
    program = (
        "import numpy as np\n"
        "from core.models.augmentation import LIMITS, MIXING, AugmentationConfig, augment, augment_tensor\n"
        "pictures = np.random.default_rng(0).integers(0, 256, (4, 8, 6, 3), dtype=np.uint8)\n"
        "pictures = pictures.repeat(6, axis=1).repeat(6, axis=2)\n"
        "for name in LIMITS:\n"
        "    if name in MIXING: continue\n"
        "    config = AugmentationConfig.from_json({name: LIMITS[name]})\n"
        "    changed = np.asarray(augment_tensor(pictures.astype(np.float32), config, 3))\n"
        "    print(name, changed.shape == pictures.shape, np.abs(changed - augment(pictures, config, 3)).mean() < 1)\n"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend}
    outcome = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    lines = outcome.stdout.splitlines()
    assert len(lines) == len(LIMITS) - len(MIXING), outcome.stderr
    assert [line for line in lines if not line.endswith("True True")] == []
