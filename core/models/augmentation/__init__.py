"""Augmentation: random changes of training pictures, and pictures mixed with one another.

``table`` lists the augmentations, ``config`` holds their strengths, ``presets`` suit kinds
of pictures. ``sampling`` draws transform parameters from a seed, with NumPy alone, so that
every engine changes a picture in the same way: ``pictures`` with Pillow, on the processor
and in the preview; ``tensors`` with Keras operations, on the device that holds the batch.
"""

from core.models.augmentation.config import FLIPS, LIMITS, MIXING, AugmentationConfig, Flip
from core.models.augmentation.mixing import mix
from core.models.augmentation.pictures import augment
from core.models.augmentation.tensors import augment_tensor, mix_tensor

__all__ = [
    "FLIPS",
    "LIMITS",
    "MIXING",
    "AugmentationConfig",
    "Flip",
    "augment",
    "augment_tensor",
    "mix",
    "mix_tensor",
]
