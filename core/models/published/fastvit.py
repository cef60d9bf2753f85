"""Pretrained image tower of MobileCLIP: its facts, and the tensors of its published file.

The tower is a FastViT (Vasu et al. 2023, arXiv 2303.14189): convolutions, and attention in the
last stage. The published file holds the parallel branches of training, which are folded into
single convolutions here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from core.messages import N_
from core.models.backbone import Preprocessing
from core.models.published.network import Shapes, convolution_tensors, dense_tensors, published_backbone

STEM_KERNEL = 3  # also of the convolution after the last stage
MIXING_KERNEL = 3
WIDE_KERNEL = 7
HEAD_WIDTH = 32  # numbers in a head of the attention
LAST_FACTOR = 2  # times as wide is the convolution after the last stage
LAST_SQUEEZE = 16  # times as narrow is the middle of its squeeze and excitation
STAGE_SQUEEZE = 4  # the same between stages
_BRANCHES = ("conv_kxk.0", "conv_scale", "identity")
_NORM = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True, kw_only=True)
class FastViT:
    """Sizes of one FastViT; its last stage mixes positions by attention."""

    depths: tuple[int, ...]  # blocks of each stage
    widths: tuple[int, ...]  # channels of each stage, each twice as many as before
    squeezing: tuple[bool, ...]  # squeeze and excitation between a stage and the one before
    mlp_factor: int = 3  # times as wide is the middle of a block
    classes: int = 512  # of the head in the published file, which is not used

    @property
    def feature_size(self) -> int:
        """Numbers in a cell of the feature map."""
        return LAST_FACTOR * self.widths[-1]

    @property
    def last_stage(self) -> int:
        """Number of the stage with attention."""
        return len(self.depths) - 1

    def tensors(self) -> Shapes:
        """Shapes of the tensors in the published file, by name."""
        first, last = self.widths[0], self.widths[-1]
        shapes = {
            **_branches("stem.0", 3, first, STEM_KERNEL, scale=True),
            **_branches("stem.1", 1, first, STEM_KERNEL, scale=True),
            **_branches("stem.2", first, first, 1, identity=True),
            **_branches("final_conv", 1, self.feature_size, STEM_KERNEL, scale=True),
            **_squeeze("final_conv.se", self.feature_size, LAST_SQUEEZE),
            **convolution_tensors(f"stages.{self.last_stage}.pos_emb.pos_enc", 1, last, WIDE_KERNEL),
            **dense_tensors("head.fc", self.feature_size, self.classes),
        }
        for stage, width in enumerate(self.widths[1:], start=1):
            shapes |= self._halving(f"stages.{stage}.downsample.proj", stage, width)
        for stage, (depth, width) in enumerate(zip(self.depths, self.widths, strict=True)):
            for number in range(depth):
                name = f"stages.{stage}.blocks.{number}"
                shapes |= (
                    self._attention_block(name, width)
                    if stage == self.last_stage
                    else self._block(name, width)
                )
        return shapes

    def parameters(self, side: int) -> int:
        """Numbers in the built network without a head, the same for all sizes of pictures."""
        first, last = self.widths[0], self.widths[-1]
        count = (
            _parameters(3, first, STEM_KERNEL)
            + _parameters(1, first, STEM_KERNEL)
            + _parameters(first, first, 1)
        )
        count += _parameters(1, self.feature_size, STEM_KERNEL) + _parameters(1, last, WIDE_KERNEL)
        count += _sum(_squeeze("", self.feature_size, LAST_SQUEEZE))
        for stage, width in enumerate(self.widths[1:], start=1):
            count += _parameters(1, width, WIDE_KERNEL) + _parameters(width, width, 1)
            count += _sum(_squeeze("", width, STAGE_SQUEEZE)) * self.squeezing[stage]
        for stage, (depth, width) in enumerate(zip(self.depths, self.widths, strict=True)):
            wide = self.mlp_factor * width
            mlp = (
                _parameters(1, width, WIDE_KERNEL) + _parameters(width, wide, 1) + _parameters(wide, width, 1)
            )
            attention = 4 * _parameters(width, width, 1)
            mixing = attention if stage == self.last_stage else _parameters(1, width, MIXING_KERNEL)
            count += depth * (mixing + mlp)
        return count

    def multiply_adds(self, side: int) -> int:
        """Multiplications with additions for a picture of ``side`` pixels, without normalisation."""
        first, rows = self.widths[0], -(-side // 2)
        work = rows**2 * 3 * first * STEM_KERNEL**2
        rows = -(-rows // 2)
        work += rows**2 * first * (STEM_KERNEL**2 + first)
        for stage, (depth, width) in enumerate(zip(self.depths, self.widths, strict=True)):
            if stage:
                rows = -(-rows // 2)
                work += rows**2 * width * (WIDE_KERNEL**2 + width)
            mixing = MIXING_KERNEL**2
            if stage == self.last_stage:
                work += rows**2 * width * WIDE_KERNEL**2
                mixing = 4 * width + 2 * rows**2
            work += depth * rows**2 * width * (mixing + WIDE_KERNEL**2 + 2 * self.mlp_factor * width)
        return work + rows**2 * self.feature_size * STEM_KERNEL**2

    def _halving(self, name: str, stage: int, width: int) -> Shapes:
        shapes = {
            **_normed(f"{name}.0.large_conv", 1, width, WIDE_KERNEL),
            **_normed(f"{name}.0.small_conv", 1, width, STEM_KERNEL),
            **_branches(f"{name}.1", width, width, 1, identity=True),
        }
        return shapes | _squeeze(f"{name}.0.se", width, STAGE_SQUEEZE) if self.squeezing[stage] else shapes

    def _block(self, name: str, width: int) -> Shapes:
        return {
            **_norm(f"{name}.token_mixer.norm.identity", width),
            **_branches(f"{name}.token_mixer.mixer", 1, width, MIXING_KERNEL, scale=True, identity=True),
            f"{name}.token_mixer.layer_scale.gamma": (width, 1, 1),
            **self._mlp(f"{name}.mlp", width),
            f"{name}.layer_scale.gamma": (width, 1, 1),
        }

    def _attention_block(self, name: str, width: int) -> Shapes:
        return {
            **_norm(f"{name}.norm", width),
            f"{name}.token_mixer.qkv.weight": (3 * width, width),
            **dense_tensors(f"{name}.token_mixer.proj", width, width),
            f"{name}.layer_scale_1.gamma": (width, 1, 1),
            **self._mlp(f"{name}.mlp", width),
            f"{name}.layer_scale_2.gamma": (width, 1, 1),
        }

    def _mlp(self, name: str, width: int) -> Shapes:
        wide = self.mlp_factor * width
        return {
            **_normed(f"{name}.conv", 1, width, WIDE_KERNEL),
            **convolution_tensors(f"{name}.fc1", width, wide, 1),
            **convolution_tensors(f"{name}.fc2", wide, width, 1),
        }


def _branches(
    name: str, inputs: int, outputs: int, kernel: int, *, scale: bool = False, identity: bool = False
) -> Shapes:
    """Tensors of parallel branches: a convolution, one of 1 × 1, and none; each with BatchNorm."""
    convolution, small, none = (f"{name}.{branch}" for branch in _BRANCHES)
    shapes = _normed(convolution, inputs, outputs, kernel)
    if scale:
        shapes |= _normed(small, inputs, outputs, 1)
    return shapes | _norm(none, outputs) if identity else shapes


def _normed(name: str, inputs: int, outputs: int, kernel: int) -> Shapes:
    """Tensors of a convolution without bias, with BatchNorm."""
    return convolution_tensors(f"{name}.conv", inputs, outputs, kernel, bias=False) | _norm(
        f"{name}.bn", outputs
    )


def _norm(name: str, width: int) -> Shapes:
    """Tensors of a BatchNorm; the file also counts its batches."""
    return {f"{name}.{part}": (width,) for part in _NORM}


def _squeeze(name: str, width: int, factor: int) -> Shapes:
    narrow = squeezed(width, factor)
    return convolution_tensors(f"{name}.fc1", width, narrow, 1) | convolution_tensors(
        f"{name}.fc2", narrow, width, 1
    )


def squeezed(width: int, factor: int) -> int:
    """Channels in the middle of squeeze and excitation; between stages a multiple of 8."""
    return width // factor if factor == LAST_SQUEEZE else max(8, (width // factor + 4) // 8 * 8)


def _parameters(inputs: int, outputs: int, kernel: int) -> int:
    return outputs * (inputs * kernel**2 + 1)


def _sum(shapes: Shapes) -> int:
    return sum(map(prod, shapes.values()))


FASTVITS = {
    "mobileclip2_s0": FastViT(
        depths=(2, 6, 10, 2), widths=(64, 128, 256, 512), squeezing=(False, False, True, True)
    ),
}

FASTVIT_BACKBONES = (
    published_backbone(
        "mobileclip2_s0",
        FASTVITS["mobileclip2_s0"],
        name="MobileCLIP2-S0",
        family="MobileCLIP",
        source="Faghri et al. 2025, arXiv 2508.20691; MobileCLIP: Vasu et al. 2024, arXiv 2311.17049",
        published="fastvit_mci0.apple_mclip2_dfndr2b",
        top1=None,
        licence="Apple AMLR",
        commercial_use=False,
        good_for=N_(
            "Learnt from pictures with their captions, as SigLIP did, for a seventh of its work. "
            "Its licence allows research alone, no commercial use."
        ),
        preprocessing=Preprocessing.UNIT,
        size=256,
        smallest_size=33,
        mixes_positions=True,
    ),
)
