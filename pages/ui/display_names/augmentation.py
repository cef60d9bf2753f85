"""Display names of augmentations."""

from __future__ import annotations

from core.messages import N_
from core.models.augmentation import AugmentationConfig, table
from pages.ui.text import _

AUGMENTATION_LABELS = {"flip": N_("Flip"), **{row.name: row.label for row in table.AUGMENTATIONS}}


def active_names(config: AugmentationConfig) -> str:
    """List the labels of the active augmentations: ``Flip, Rotation, MixUp``."""
    flip = [_("Flip")] if config.flip != "none" else []
    return ", ".join(flip + [_(row.label) for row in table.AUGMENTATIONS if config[row.name]])
