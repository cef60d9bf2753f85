"""Table of the networks with published weights in the safetensors format, by their builders' keys."""

from __future__ import annotations

from core.models.published.convnext import CONVNEXT_BACKBONES, CONVNEXTS
from core.models.published.fastvit import FASTVIT_BACKBONES, FASTVITS
from core.models.published.network import PublishedNetwork
from core.models.published.transformers import TRANSFORMER_BACKBONES, TRANSFORMERS

PUBLISHED_NETWORKS: dict[str, PublishedNetwork] = {**TRANSFORMERS, **CONVNEXTS, **FASTVITS}
PUBLISHED_BACKBONES = (*CONVNEXT_BACKBONES, *TRANSFORMER_BACKBONES, *FASTVIT_BACKBONES)
