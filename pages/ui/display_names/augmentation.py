"""Display names of augmentations."""

from __future__ import annotations

from core.messages import N_
from core.models.augmentation import table

AUGMENTATION_LABELS = {"flip": N_("Flip"), **{row.name: row.label for row in table.AUGMENTATIONS}}
