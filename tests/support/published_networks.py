"""Narrow networks in the place of the published ones, with files as timm writes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.models import backbones
from core.models.backbones import Backbone, get_backbone
from core.models.published.convnext import CONVNEXTS
from core.models.published.fastvit import FASTVITS
from core.models.published.network import PublishedNetwork
from core.models.published.table import PUBLISHED_NETWORKS
from core.models.published.transformers import TRANSFORMERS, Transformer

# Written by ``tests/exports/timm_reference.py --small``.
REFERENCE = Path(__file__).parents[1] / "data" / "published_networks"
# Each way in which the networks differ; the others differ in width alone.
KINDS = (
    *("dinov2_vits14", "dinov2_vits14_reg", "deit3_s16", "vit_b16_augreg", "siglip_b16"),
    *("convnext_v2_tiny", "mobileclip2_s0"),
)
_SIDES = {"convnext_v2_tiny": 72, "mobileclip2_s0": 46}  # of the reference's pictures


def narrow_transformer(key: str) -> Transformer:
    """The transformer of the reference files."""
    full = TRANSFORMERS[key]
    return replace(full, width=24, heads=3, blocks=2, grid=5, classes=7 if full.classes else 0)


def narrow(key: str) -> PublishedNetwork:
    """The network of the reference files."""
    if key in CONVNEXTS:
        return replace(CONVNEXTS[key], depths=(1, 1, 2, 1), widths=(4, 8, 12, 16), classes=7)
    if key in FASTVITS:
        return replace(FASTVITS[key], depths=(1, 1, 2, 1), widths=(8, 16, 32, 64), mlp_factor=1, classes=7)
    return narrow_transformer(key)


def use_narrow(monkeypatch: pytest.MonkeyPatch, key: str) -> Backbone:
    """Let the narrow network be the published one; returns its record."""
    network, published = narrow(key), get_backbone(key)
    size = _SIDES.get(key, 4 * published.size_step)
    record = replace(
        published,
        input_size=size,
        feature_size=network.feature_size,
        parameters=network.parameters(size),
        download_bytes=1,
    )
    monkeypatch.setitem(PUBLISHED_NETWORKS, key, network)
    monkeypatch.setitem(backbones.BACKBONES, key, record)
    return record
