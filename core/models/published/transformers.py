"""Pretrained vision transformers: facts of each, and the tensors of its published file.

Accuracies are from the publications: on ImageNet, of a linear head on frozen features for
DINOv2, of the whole network for DeiT.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from core.messages import N_
from core.models.backbone import Backbone, Preprocessing
from core.models.published.network import Shapes, dense_tensors, norm_tensors, published_backbone

_DINOV2 = "Oquab et al. 2023, arXiv 2304.07193"
_REGISTERS = "Darcet et al. 2023, arXiv 2309.16588"
# Tensors of the first tokens and positions, which become one table, and of the head.
_NOT_BUILT = ("cls_token", "reg_token", "pos_embed", "head.")


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """Sizes of one vision transformer."""

    patch_size: int  # pixels a side
    width: int  # numbers in a token
    heads: int
    grid: int  # patches a side in the pictures of pretraining
    blocks: int = 12
    class_token: bool = True
    registers: int = 0  # tokens that stand for no patch and are not part of the features
    places_class_token: bool = True  # the class token has a position embedding of its own
    scales_residuals: bool = False  # LayerScale
    pools_by_attention: bool = False  # an attention layer with one learnt query gives the picture's token
    tanh_gelu: bool = False  # GELU by its approximation
    classes: int = 0  # of the head in the published file, which is not used

    @property
    def prefix(self) -> int:
        """Tokens that stand before those of the patches."""
        return self.class_token + self.registers

    @property
    def feature_size(self) -> int:
        """Numbers in a cell of the feature map: the token of a patch, and that of the picture."""
        return 2 * self.width

    def tensors(self) -> Shapes:
        """Shapes of the tensors in the published file, by name."""
        width, patch = self.width, self.patch_size
        shapes: Shapes = {
            "patch_embed.proj.weight": (width, 3, patch, patch),
            "patch_embed.proj.bias": (width,),
            "pos_embed": (1, self.grid**2 + (self.class_token and self.places_class_token), width),
            **norm_tensors("norm", width),
        }
        if self.class_token:
            shapes["cls_token"] = (1, 1, width)
        if self.registers:
            shapes["reg_token"] = (1, self.registers, width)
        for number in range(self.blocks):
            shapes |= self._block(f"blocks.{number}")
        if self.pools_by_attention:
            shapes |= self._attention_pooling("attn_pool")
        if self.classes:
            shapes |= dense_tensors("head", width, self.classes)
        return shapes

    def parameters(self, side: int) -> int:
        """Numbers in the built network for pictures of ``side`` pixels, without a head.

        The scales of the residuals are folded into the layers before them, and the first
        tokens into the position embeddings.
        """
        tensors = self.tensors()
        used = sum(prod(shape) for name, shape in tensors.items() if not name.startswith(_NOT_BUILT))
        scales = 2 * self.blocks * self.width * self.scales_residuals
        positions = ((side // self.patch_size) ** 2 + self.prefix) * self.width
        return used - scales + positions

    def multiply_adds(self, side: int) -> int:
        """Multiplications with additions for a picture of ``side`` pixels, without normalisation."""
        patches = (side // self.patch_size) ** 2
        tokens = patches + self.prefix
        block = 12 * tokens * self.width**2 + 2 * tokens**2 * self.width
        pooling = 2 * tokens * self.width**2 + 10 * self.width**2 + 2 * tokens * self.width
        embedding = patches * self.width * 3 * self.patch_size**2
        return embedding + self.blocks * block + self.pools_by_attention * pooling

    def _block(self, name: str) -> Shapes:
        width = self.width
        shapes = {
            **norm_tensors(f"{name}.norm1", width),
            **dense_tensors(f"{name}.attn.qkv", width, 3 * width),
            **dense_tensors(f"{name}.attn.proj", width, width),
            **norm_tensors(f"{name}.norm2", width),
            **dense_tensors(f"{name}.mlp.fc1", width, 4 * width),
            **dense_tensors(f"{name}.mlp.fc2", 4 * width, width),
        }
        if self.scales_residuals:
            shapes |= {f"{name}.ls1.gamma": (width,), f"{name}.ls2.gamma": (width,)}
        return shapes

    def _attention_pooling(self, name: str) -> Shapes:
        width = self.width
        return {
            f"{name}.latent": (1, 1, width),
            **dense_tensors(f"{name}.q", width, width),
            **dense_tensors(f"{name}.kv", width, 2 * width),
            **dense_tensors(f"{name}.proj", width, width),
            **norm_tensors(f"{name}.norm", width),
            **dense_tensors(f"{name}.mlp.fc1", width, 4 * width),
            **dense_tensors(f"{name}.mlp.fc2", 4 * width, width),
        }


def _dino(width: int, heads: int, registers: int = 0) -> Transformer:
    return Transformer(
        patch_size=14,
        width=width,
        heads=heads,
        grid=37,
        registers=registers,
        places_class_token=not registers,
        scales_residuals=True,
    )


TRANSFORMERS = {
    "dinov2_vits14": _dino(384, 6),
    "dinov2_vits14_reg": _dino(384, 6, registers=4),
    "dinov2_vitb14": _dino(768, 12),
    "dinov2_vitb14_reg": _dino(768, 12, registers=4),
    "vit_b16_augreg": Transformer(patch_size=16, width=768, heads=12, grid=14, tanh_gelu=True, classes=21_843),
    "deit3_s16": Transformer(
        patch_size=16, width=384, heads=6, grid=14, places_class_token=False, scales_residuals=True, classes=1000
    ),
    "siglip_b16": Transformer(
        patch_size=16, width=768, heads=12, grid=14, class_token=False, pools_by_attention=True, tanh_gelu=True
    ),
}  # fmt: skip


def _backbone(
    key: str,
    name: str,
    family: str,
    source: str,
    published: str,
    top1: float | None,
    good_for: str,
    preprocessing: Preprocessing = Preprocessing.TORCH,
) -> Backbone:
    network = TRANSFORMERS[key]
    return published_backbone(
        key,
        network,
        name=name,
        family=family,
        source=source,
        published=published,
        top1=top1,
        good_for=good_for,
        preprocessing=preprocessing,
        smallest_size=2 * network.patch_size,
        size_step=network.patch_size,
        mixes_positions=True,
    )


TRANSFORMER_BACKBONES = (
    _backbone(
        "dinov2_vits14",
        "DINOv2 ViT-S/14",
        "DINOv2",
        _DINOV2,
        "vit_small_patch14_dinov2.lvd142m",
        81.1,
        N_("Learnt from 142 million pictures without labels; its features suit almost any pictures."),
    ),
    _backbone(
        "dinov2_vits14_reg",
        "DINOv2 ViT-S/14 with registers",
        "DINOv2",
        f"{_DINOV2}; {_REGISTERS}",
        "vit_small_patch14_reg4_dinov2.lvd142m",
        80.9,
        N_("DINOv2 ViT-S/14 with four more tokens that keep the features of empty areas clean."),
    ),
    _backbone(
        "dinov2_vitb14",
        "DINOv2 ViT-B/14",
        "DINOv2",
        _DINOV2,
        "vit_base_patch14_dinov2.lvd142m",
        84.5,
        N_("A larger DINOv2: more accurate on ImageNet, for four times the work."),
    ),
    _backbone(
        "dinov2_vitb14_reg",
        "DINOv2 ViT-B/14 with registers",
        "DINOv2",
        f"{_DINOV2}; {_REGISTERS}",
        "vit_base_patch14_reg4_dinov2.lvd142m",
        84.6,
        N_("DINOv2 ViT-B/14 with four more tokens that keep the features of empty areas clean."),
    ),
    _backbone(
        "deit3_s16",
        "DeiT-III-S/16",
        N_("Vision transformers"),
        "Touvron et al. 2022, arXiv 2204.07118",
        "deit3_small_patch16_224.fb_in22k_ft_in1k",
        83.1,
        N_("A small transformer that learnt from labelled photographs; the fastest of the pretrained ones."),
    ),
    _backbone(
        "vit_b16_augreg",
        "ViT-B/16",
        N_("Vision transformers"),
        "Dosovitskiy et al. 2021, arXiv 2010.11929; AugReg: Steiner et al. 2022, arXiv 2106.10270",
        "vit_base_patch16_224.augreg_in21k",
        None,
        N_("The classic vision transformer, learnt from 14 million pictures of 21,843 kinds."),
        Preprocessing.MINUS_ONE_TO_ONE,
    ),
    _backbone(
        "siglip_b16",
        "SigLIP B/16",
        N_("Vision transformers"),
        "Zhai et al. 2023, arXiv 2303.15343",
        "vit_base_patch16_siglip_224.webli",
        None,
        N_("Learnt from pictures with their captions, so it knows products, logos and writing well."),
        Preprocessing.MINUS_ONE_TO_ONE,
    ),
)
