"""Answers of timm's networks with random weights, for comparison with ours.

``python timm_reference.py FOLDER [--small] [KEY …]`` runs in an environment with torch and
timm, without Darkroom. For each network it writes ``KEY.safetensors``, a file as timm
publishes them, and ``KEY.npz``: preprocessed pictures (B, S, S, 3), and what the network gives for
them: ``patch_tokens``, of a convolutional network its map row by row, and ``picture_token``, the
input of the published head. The networks of ``--small`` are as deep and wide as a test needs.
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from collections.abc import MutableSequence
from dataclasses import dataclass, field
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
    """Module of torchvision. Its names are imported by timm, and no network here uses one of them."""

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

_SMALL_VIT = {"embed_dim": 24, "num_heads": 3, "depth": 2}


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A network of timm, and its small form."""

    name: str
    classes: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    small: dict[str, Any] = field(default_factory=lambda: _SMALL_VIT)
    patch: int = 0  # pixels a side, of a transformer
    sides: tuple[int, int] = (
        12,
        4,
    )  # of the full and the small pictures, in patches, or pixels without patches
    pictures: int = 2


_TANH = {"act_layer": "gelu_tanh"}
NETWORKS = {
    "dinov2_vits14": Reference(name="vit_small_patch14_dinov2", patch=14),
    "dinov2_vits14_reg": Reference(name="vit_small_patch14_reg4_dinov2", patch=14),
    "dinov2_vitb14": Reference(name="vit_base_patch14_dinov2", patch=14),
    "dinov2_vitb14_reg": Reference(name="vit_base_patch14_reg4_dinov2", patch=14),
    "deit3_s16": Reference(name="deit3_small_patch16_224", patch=16, classes=1000),
    # Both were trained in JAX, whose GELU is the approximation by tanh; timm's table leaves it out.
    "vit_b16_augreg": Reference(name="vit_base_patch16_224", patch=16, classes=21_843, options=_TANH),
    "siglip_b16": Reference(name="vit_base_patch16_siglip_224", patch=16, options=_TANH),
    "convnext_v2_tiny": Reference(
        name="convnextv2_tiny",
        classes=1000,
        small={"depths": (1, 1, 2, 1), "dims": (4, 8, 12, 16)},
        sides=(164, 72),
        pictures=1,
    ),
    "mobileclip2_s0": Reference(
        name="fastvit_mci0",
        classes=512,
        small={"layers": (1, 1, 2, 1), "embed_dims": (8, 16, 32, 64), "mlp_ratios": (1, 1, 1, 1)},
        sides=(164, 46),
        pictures=1,
    ),
}
SMALL_GRID = 5  # patches a side that the small transformers were "pretrained" with
SMALL_CLASSES = 7
_SCALES = (".gamma", "norm.weight", "norm1.weight", "norm2.weight", "bn.weight", "identity.weight")


def write_reference(folder: Path, key: str, *, small: bool) -> None:
    reference = NETWORKS[key]
    options = {"num_classes": reference.classes, **reference.options}
    if small:
        options |= reference.small | {"num_classes": SMALL_CLASSES if reference.classes else 0}
    if reference.patch:
        options |= {"dynamic_img_size": True} | ({"img_size": SMALL_GRID * reference.patch} if small else {})
    torch.manual_seed(len(key))
    model = timm.create_model(reference.name, **options).eval()
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if tensor.is_floating_point():
                tensor.copy_(_random(name, tensor, gain=0.5 if reference.patch else 1.0))
        side = reference.sides[small] * (reference.patch or 1)
        pictures = torch.randn(reference.pictures, 3, side, side).half().float()
        tokens = model.forward_features(pictures)
        picture_token = model.forward_head(tokens, pre_logits=True)
    kind = torch.float16 if small else torch.float32
    save_file(
        {
            name: (tensor.to(kind) if tensor.is_floating_point() else tensor).contiguous()
            for name, tensor in model.state_dict().items()
        },
        folder / f"{key}.safetensors",
    )
    if reference.patch:
        tokens = tokens[:, model.num_prefix_tokens :]
    else:
        tokens = tokens.flatten(2).transpose(1, 2)
    np.savez_compressed(
        folder / f"{key}.npz",
        pictures=pictures.permute(0, 2, 3, 1).numpy().astype(np.float16),
        patch_tokens=tokens.numpy(),
        picture_token=picture_token.numpy(),
    )


def _random(name: str, tensor: torch.Tensor, *, gain: float) -> torch.Tensor:
    """Values for a tensor that a half-precision file holds without loss.

    Args:
        gain: of the kernels of convolutions, so that pictures are still seen behind many of them.
    """
    fan_in = tensor[0].numel() if tensor.dim() == 4 else tensor.shape[-1]
    scale = gain if tensor.dim() == 4 else 0.5
    noise = torch.randn_like(tensor).mul(scale / fan_in**0.5).half().float()
    if name.endswith("running_var"):
        return (1 + noise.abs()).half().float()
    return (1 + noise).half().float() if name.endswith(_SCALES) else noise


if __name__ == "__main__":
    target, *keys = [argument for argument in sys.argv[1:] if argument != "--small"]
    Path(target).mkdir(parents=True, exist_ok=True)
    for key in keys or NETWORKS:
        write_reference(Path(target), key, small="--small" in sys.argv)
