"""Weights of the layers of a pretrained ViT, from the tensors of its published file.

The published networks scale each residual (LayerScale); here the scale is folded into the
layer before it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from core.models.architectures.torch_layout import attention, dense, pair
from core.models.published.transformers import Transformer

_Weights = dict[str, list[np.ndarray]]


def layer_weights(transformer: Transformer, tensors: Mapping[str, np.ndarray], side: int) -> _Weights:
    """Weights of each layer of ``vit.build_transformer``, by its name, for ``side`` patches a side."""
    kernel = tensors["patch_embed.proj.weight"]
    weights = {
        "patches": [kernel.transpose(2, 3, 1, 0), tensors["patch_embed.proj.bias"]],
        "positions": [_first_tokens_and_positions(transformer, tensors, side)],
        "norm": list(pair(tensors, "norm")),
    }
    for number in range(transformer.blocks):
        weights |= _block(transformer, tensors, f"blocks.{number}", f"block{number + 1}")
    if transformer.pools_by_attention:
        weights |= _attention_pooling(transformer, tensors)
    return weights


def _first_tokens_and_positions(
    transformer: Transformer, tensors: Mapping[str, np.ndarray], side: int
) -> np.ndarray:
    """Vectors that are added to the tokens, float32 (prefix + side², width)."""
    positions = tensors["pos_embed"][0]
    first = []
    if transformer.class_token:
        class_token = tensors["cls_token"][0]
        if transformer.places_class_token:
            class_token, positions = class_token + positions[:1], positions[1:]
        first.append(class_token)
    if transformer.registers:
        first.append(tensors["reg_token"][0])
    return np.concatenate([*first, _resized(positions, side)])


def _resized(positions: np.ndarray, side: int) -> np.ndarray:
    """Interpolate the embeddings of a square grid to another one, as timm does: bicubic, antialiased."""
    own_side = round(len(positions) ** 0.5)
    if own_side == side:
        return positions
    channels = positions.reshape(own_side, own_side, -1).transpose(2, 0, 1)
    resized = [
        np.asarray(Image.fromarray(channel).resize((side, side), Image.Resampling.BICUBIC))
        for channel in np.ascontiguousarray(channels, np.float32)
    ]
    return np.stack(resized, axis=-1).reshape(side * side, -1)


def _block(transformer: Transformer, tensors: Mapping[str, np.ndarray], source: str, name: str) -> _Weights:
    scales = (
        tensors[f"{source}.{layer}.gamma"] if transformer.scales_residuals else None
        for layer in ("ls1", "ls2")
    )
    attention_scale, mlp_scale = scales
    queries_keys_values = _thirds(*pair(tensors, f"{source}.attn.qkv"))
    return {
        f"{name}_attention_norm": list(pair(tensors, f"{source}.norm1")),
        f"{name}_attention": attention(
            transformer.heads, queries_keys_values, pair(tensors, f"{source}.attn.proj"), attention_scale
        ),
        f"{name}_mlp_norm": list(pair(tensors, f"{source}.norm2")),
        f"{name}_mlp_wide": dense(tensors, f"{source}.mlp.fc1"),
        f"{name}_mlp_narrow": dense(tensors, f"{source}.mlp.fc2", mlp_scale),
    }


def _attention_pooling(transformer: Transformer, tensors: Mapping[str, np.ndarray]) -> _Weights:
    query = pair(tensors, "attn_pool.q")
    keys_values = zip(*(np.split(array, 2) for array in pair(tensors, "attn_pool.kv")), strict=True)
    return {
        "query": [tensors["attn_pool.latent"][0]],
        "pooling_attention": attention(
            transformer.heads, [query, *keys_values], pair(tensors, "attn_pool.proj")
        ),
        "pooling_mlp_norm": list(pair(tensors, "attn_pool.norm")),
        "pooling_mlp_wide": dense(tensors, "attn_pool.mlp.fc1"),
        "pooling_mlp_narrow": dense(tensors, "attn_pool.mlp.fc2"),
    }


def _thirds(kernel: np.ndarray, bias: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip(np.split(kernel, 3), np.split(bias, 3), strict=True))
