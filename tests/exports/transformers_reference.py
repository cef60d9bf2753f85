"""Answers of Hugging Face's transformers with the weights that ``timm_reference`` wrote.

``python transformers_reference.py FOLDER KEY …`` runs in the same environment. For each network it
reads ``KEY.safetensors`` and the pictures of ``KEY.npz``, and writes ``KEY-transformers.npz`` with
the tokens that transformers gives. Two things are set as the published weights need them, against
the defaults of transformers: the approximation of GELU by tanh in ViT, and the epsilon of
LayerNorm. Positions are resampled by timm, since transformers resamples them in another way.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file
from timm_reference import NETWORKS, timm  # without its stand-in for torchvision, timm is not to be had

_EPSILON = 1e-6
_DINO = (
    (r"blocks\.(\d+)\.attn\.(q|k|v)\.", r"encoder.layer.\1.attention.\2_proj."),
    (r"blocks\.(\d+)\.attn\.proj\.", r"encoder.layer.\1.attention.o_proj."),
    (r"blocks\.(\d+)\.ls(\d)\.gamma", r"encoder.layer.\1.layer_scale\2.lambda1"),
    (r"blocks\.", "encoder.layer."),
    (r"^norm\.", "layernorm."),
    (r"patch_embed\.proj\.", "embeddings.patch_embeddings.projection."),
    (r"pos_embed", "embeddings.position_embeddings"),
    (r"cls_token", "embeddings.cls_token"),
    (r"reg_token", "embeddings.register_tokens"),
)
_VIT = (
    (r"blocks\.(\d+)\.attn\.(q|k|v)\.", r"layers.\1.attention.\2_proj."),
    (r"blocks\.(\d+)\.attn\.proj\.", r"layers.\1.attention.o_proj."),
    (r"blocks\.(\d+)\.norm1\.", r"layers.\1.layernorm_before."),
    (r"blocks\.(\d+)\.norm2\.", r"layers.\1.layernorm_after."),
    (r"blocks\.", "layers."),
    *_DINO[4:],
)
_SIGLIP = (
    (r"blocks\.(\d+)\.attn\.(q|k|v)\.", r"encoder.layers.\1.self_attn.\2_proj."),
    (r"blocks\.(\d+)\.attn\.proj\.", r"encoder.layers.\1.self_attn.out_proj."),
    (r"blocks\.(\d+)\.norm(\d)\.", r"encoder.layers.\1.layer_norm\2."),
    (r"blocks\.", "encoder.layers."),
    (r"^norm\.", "post_layernorm."),
    (r"patch_embed\.proj\.", "embeddings.patch_embedding."),
    (r"pos_embed", "embeddings.position_embedding.weight"),
    (r"attn_pool\.latent", "head.probe"),
    (r"attn_pool\.in\.", "head.attention.in_proj_"),
    (r"attn_pool\.proj\.", "head.attention.out_proj."),
    (r"attn_pool\.norm\.", "head.layernorm."),
    (r"attn_pool\.mlp\.", "head.mlp."),
)
_CONVNEXT = (
    (r"stem\.0\.", "embeddings.patch_embeddings."),
    (r"stem\.1\.", "embeddings.layernorm."),
    (r"head\.norm\.", "layernorm."),
    (r"stages\.(\d+)\.downsample\.", r"encoder.stages.\1.downsampling_layer."),
    (r"stages\.(\d+)\.blocks\.(\d+)\.", r"encoder.stages.\1.layers.\2."),
    (r"conv_dw\.", "dwconv."),
    (r"(layers\.\d+)\.norm\.", r"\1.layernorm."),
    (r"mlp\.fc(\d)\.", r"pwconv\1."),
    (r"mlp\.grn\.", "grn."),
)


def write_reference(folder: Path, key: str) -> None:
    answers = np.load(folder / f"{key}.npz")
    pictures = torch.from_numpy(answers["pictures"].astype(np.float32)).permute(0, 3, 1, 2)
    tensors = load_file(folder / f"{key}.safetensors")
    model, renaming = _network(key, pictures.shape[-1], tensors)
    renamed = dict(_renamed(tensors, renaming, model.state_dict()))
    unset = set(model.state_dict()) - set(renamed) - {"embeddings.mask_token"}
    if unset:
        raise RuntimeError(f"no tensor for {sorted(unset)}")
    model.load_state_dict(renamed, strict=False)
    with torch.no_grad():
        given = model.eval()(pictures)
    tokens = given.last_hidden_state
    if tokens.dim() == 4:
        patch_tokens, picture_token = tokens.flatten(2).transpose(1, 2), given.pooler_output
    else:
        patch_tokens = tokens[:, tokens.shape[1] - answers["patch_tokens"].shape[1] :]
        picture_token = given.pooler_output if key == "siglip_b16" else tokens[:, 0]
    np.savez(
        folder / f"{key}-transformers.npz",
        patch_tokens=patch_tokens.numpy(),
        picture_token=picture_token.numpy(),
    )


def _network(
    key: str, side: int, tensors: dict[str, torch.Tensor]
) -> tuple[Any, tuple[tuple[str, str], ...]]:
    """An empty model of transformers, with the names of its tensors from those of timm."""
    if key == "convnext_v2_tiny":
        # Its defaults are the sizes of the tiny one.
        config = transformers.ConvNextV2Config(layer_norm_eps=_EPSILON)
        return transformers.ConvNextV2Model(config), _CONVNEXT
    patch = NETWORKS[key].patch
    width = tensors["norm.weight"].shape[0]
    sizes: dict[str, Any] = {
        "hidden_size": width,
        "num_attention_heads": width // 64,
        "num_hidden_layers": 12,
        "image_size": side,
        "patch_size": patch,
        "layer_norm_eps": _EPSILON,
    }
    if key == "siglip_b16":
        config = transformers.SiglipVisionConfig(**sizes, intermediate_size=4 * width)
        return transformers.SiglipVisionModel(config), _SIGLIP
    if key == "vit_b16_augreg":
        config = transformers.ViTConfig(**sizes, intermediate_size=4 * width, hidden_act="gelu_pytorch_tanh")
        return transformers.ViTModel(config, add_pooling_layer=False), _VIT
    if key.endswith("_reg"):
        config = transformers.Dinov2WithRegistersConfig(**sizes, num_register_tokens=4)
        return transformers.Dinov2WithRegistersModel(config), _DINO
    return transformers.Dinov2Model(transformers.Dinov2Config(**sizes)), _DINO


def _renamed(
    tensors: dict[str, torch.Tensor],
    renaming: tuple[tuple[str, str], ...],
    wanted: dict[str, torch.Tensor],
) -> Iterator[tuple[str, torch.Tensor]]:
    for name, tensor in _parted(tensors):
        for pattern, replacement in renaming:
            name = re.sub(pattern, replacement, name)
        name = name.replace("in_proj_.", "in_proj_")
        if name not in wanted:
            continue
        shape = wanted[name].shape
        if "position_embedding" in name and tensor.shape[-2] != shape[-2]:
            tensor = _resampled(tensor, shape)
        yield name, tensor.reshape(shape)


def _parted(tensors: dict[str, torch.Tensor]) -> Iterator[tuple[str, torch.Tensor]]:
    """Part the queries, keys and values, which timm keeps in one tensor; join those of the pooling."""
    for name, tensor in tensors.items():
        if ".attn.qkv." in name:
            for part, third in zip("qkv", tensor.chunk(3), strict=True):
                yield name.replace("qkv", part), third
        elif name.startswith("attn_pool.kv."):
            query = tensors[name.replace(".kv.", ".q.")]
            yield name.replace(".kv.", ".in."), torch.cat([query, tensor])
        elif name == "pos_embed" and "reg_token" in tensors:
            # timm leaves the position of the class token out where there are registers.
            nowhere = torch.zeros_like(tensor[:, :1])
            yield name, torch.cat([nowhere, tensor], dim=1)
        else:
            yield name, tensor


def _resampled(positions: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    count = shape[-2]
    side = int(count**0.5)
    prefix = count - side**2
    return timm.layers.resample_abs_pos_embed(positions, (side, side), num_prefix_tokens=prefix)


if __name__ == "__main__":
    target, *keys = sys.argv[1:]
    for key in keys:
        write_reference(Path(target), key)
