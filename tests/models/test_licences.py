"""Limits that licences set are said."""

from __future__ import annotations

from core.models.backbones import BACKBONES, get_backbone
from core.models.licences import commercial_limit


def test_weights_that_forbid_commercial_use_are_named_with_their_licence() -> None:
    committee = get_backbone("convnext_v2_tiny+efficientnet_lite0")
    assert not committee.commercial_use
    assert str(commercial_limit([committee, get_backbone("mobileclip2_s0")])) == (
        "The licence of these weights forbids commercial use, also of what is trained from them: "
        "ConvNeXtV2-T (CC-BY-NC-4.0), MobileCLIP2-S0 (Apple AMLR)."
    )


def test_nothing_is_said_of_the_others() -> None:
    free = [backbone for backbone in BACKBONES.values() if backbone.commercial_use]
    assert len(free) == len(BACKBONES) - 2
    assert commercial_limit(free) is None
