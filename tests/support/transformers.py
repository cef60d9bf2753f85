"""Narrow transformers of two blocks in the place of the published ones, with files as timm writes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.models import backbones
from core.models.backbones import Backbone, get_backbone
from core.models.transformers import TRANSFORMERS, Transformer

# Written by ``tests/exports/timm_reference.py --small``.
REFERENCE = Path(__file__).parents[1] / "data" / "transformers"


def narrow(key: str) -> Transformer:
    """The network of the reference files."""
    full = TRANSFORMERS[key]
    return replace(full, width=24, heads=3, blocks=2, grid=5, classes=7 if full.classes else 0)


def use_narrow(monkeypatch: pytest.MonkeyPatch, key: str) -> Backbone:
    """Let the narrow network be the published one; returns its record."""
    transformer = narrow(key)
    size = 4 * transformer.patch_size
    record = replace(
        get_backbone(key),
        input_size=size,
        feature_size=2 * transformer.width,
        parameters=transformer.parameters(size),
        download_bytes=1,
    )
    monkeypatch.setitem(TRANSFORMERS, key, transformer)
    monkeypatch.setitem(backbones.BACKBONES, key, record)
    return record
