"""Display names of augmentations."""

from __future__ import annotations

from core.models.augmentation import AugmentationConfig, table
from pages.ui.text import _


def active_names(config: AugmentationConfig) -> str:
    """List the labels of the active augmentations: ``Flip, Rotation, MixUp``."""
    flip = [_("Flip")] if config.flip != "none" else []
    return ", ".join(flip + [_(row.label) for row in table.AUGMENTATIONS if config[row.name]])
