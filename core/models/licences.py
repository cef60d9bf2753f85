"""Limits that the licences of pretrained weights set to a classifier."""

from __future__ import annotations

from collections.abc import Iterable

from core.messages import N_, Message, first_of
from core.models.backbone import Backbone


def commercial_limit(backbones: Iterable[Backbone]) -> Message | None:
    """Sentence on weights that may not be used commercially; None if all may."""
    parts = dict.fromkeys(part for backbone in backbones for part in backbone.parts)
    names = [f"{part.name} ({part.licence})" for part in parts if not part.commercial_use]
    return Message(_NOT_COMMERCIALLY, {"names": first_of(names)}) if names else None


_NOT_COMMERCIALLY = N_(
    "The licence of these weights forbids commercial use, also of what is trained from them: {names}."
)
