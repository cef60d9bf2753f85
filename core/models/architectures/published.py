"""Builders of the networks with published weights, by the kind of their sizes.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np

from core.models.architectures.convnext import build_convnext
from core.models.architectures.fastvit import build_fastvit
from core.models.architectures.vit import build_transformer
from core.models.published.convnext import ConvNeXt
from core.models.published.fastvit import FastViT
from core.models.published.network import PublishedNetwork
from core.models.published.transformers import Transformer


def build_published(
    network: PublishedNetwork, tensors: Mapping[str, np.ndarray] | None, *, size: int, name: str
) -> keras.Model:
    """Build a network: preprocessed pictures (B, size, size, 3) in, feature map out.

    Args:
        tensors: those of the published file by name; None for random weights.
    """
    match network:
        case Transformer():
            return build_transformer(network, tensors, size=size, name=name)
        case ConvNeXt():
            return build_convnext(network, tensors, size=size, name=name)
        case FastViT():
            return build_fastvit(network, tensors, size=size, name=name)
        case _:
            raise TypeError(f"no builder for {type(network).__name__}")
