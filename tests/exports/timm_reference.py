"""Answers of timm's vision transformers with random weights, for comparison with ours.

``python timm_reference.py FOLDER [--small] [KEY …]`` runs in an environment with torch and
timm, without Darkroom. For each network it writes ``KEY.safetensors``, a file as timm
publishes them, and ``KEY.npz``: preprocessed pictures (2, S, S, 3), the tokens of their
patches and of the pictures. The networks of ``--small`` are as deep and wide as a test needs.
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from collections.abc import MutableSequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file


class _NamesItself(type):
    """Class that has every attribute: its name."""

    def __getattr__(cls, name: str) -> str:
        return name


class _Absent(types.ModuleType):
    """Module of torchvision. Its names are imported by timm, and vision transformers use none of them."""

    __path__: MutableSequence[str] = []  # noqa: RUF012 - as a package has it

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _NamesItself(name, (), {})


class _AbsentFinder:
    """Finds every module of torchvision, which does not fit the CPU build of torch."""

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        is_wanted = name.partition(".")[0] == "torchvision"
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if is_wanted else None  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Absent(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


sys.meta_path.append(_AbsentFinder())
import timm  # noqa: E402

NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "dinov2_vits14": ("vit_small_patch14_dinov2", {"num_classes": 0}),
    "dinov2_vits14_reg": ("vit_small_patch14_reg4_dinov2", {"num_classes": 0}),
    "dinov2_vitb14": ("vit_base_patch14_dinov2", {"num_classes": 0}),
    "dinov2_vitb14_reg": ("vit_base_patch14_reg4_dinov2", {"num_classes": 0}),
    "deit3_s16": ("deit3_small_patch16_224", {"num_classes": 1000}),
    "vit_b16_augreg": ("vit_base_patch16_224", {"num_classes": 21_843}),
    # Trained with GELU's approximation, which timm's table leaves out.
    "siglip_b16": ("vit_base_patch16_siglip_224", {"num_classes": 0, "act_layer": "gelu_tanh"}),
}
SMALL = {"embed_dim": 24, "num_heads": 3, "depth": 2}
SMALL_GRID = 5  # patches a side that the small networks were "pretrained" with
SMALL_CLASSES = 7
SIDES = {"full": 12, "small": 4}  # patches a side of the pictures, so that positions are interpolated


def write_reference(folder: Path, key: str, *, small: bool) -> None:
    name, options = NETWORKS[key]
    if small:
        patch = 14 if "patch14" in name else 16
        options = options | SMALL | {"img_size": SMALL_GRID * patch}
        options["num_classes"] = SMALL_CLASSES if options["num_classes"] else 0
    torch.manual_seed(len(key))
    model = timm.create_model(name, dynamic_img_size=True, **options).eval()
    with torch.no_grad():
        for tensor_name, tensor in model.named_parameters():
            # Values that a half-precision file holds without loss.
            noise = torch.randn_like(tensor).mul(1 / (2 * tensor.shape[-1] ** 0.5)).half().float()
            is_scale = tensor_name.endswith((".gamma", "norm.weight", "norm1.weight", "norm2.weight"))
            tensor.copy_((1 + noise).half().float() if is_scale else noise)
        side = SIDES["small" if small else "full"] * model.patch_embed.patch_size[0]
        pictures = torch.randn(2, 3, side, side).half().float()
        tokens = model.forward_features(pictures)
        picture_token = model.forward_head(tokens, pre_logits=True)
    kind = torch.float16 if small else torch.float32
    save_file(
        {name: tensor.to(kind).contiguous() for name, tensor in model.state_dict().items()},
        folder / f"{key}.safetensors",
    )
    np.savez_compressed(
        folder / f"{key}.npz",
        pictures=pictures.permute(0, 2, 3, 1).numpy().astype(np.float16),
        patch_tokens=tokens[:, model.num_prefix_tokens :].numpy(),
        picture_token=picture_token.numpy(),
    )


if __name__ == "__main__":
    target, *keys = [argument for argument in sys.argv[1:] if argument != "--small"]
    Path(target).mkdir(parents=True, exist_ok=True)
    for key in keys or NETWORKS:
        write_reference(Path(target), key, small="--small" in sys.argv)
