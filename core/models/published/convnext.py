"""Pretrained ConvNeXt V2: its facts, and the tensors of its published file.

Woo et al. 2023, arXiv 2301.00808; accuracy and licence from its repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod

from core.messages import N_
from core.models.published.network import (
    Shapes,
    convolution_tensors,
    dense_tensors,
    norm_tensors,
    published_backbone,
)

PATCH_SIZE = 4  # pixels a side, of the first convolution
KERNEL = 7  # of the depthwise convolutions
WIDER = 4  # times as wide is the middle of a block


@dataclass(frozen=True, kw_only=True)
class ConvNeXt:
    """Sizes of one ConvNeXt V2."""

    depths: tuple[int, ...]  # blocks of each stage
    widths: tuple[int, ...]  # channels of each stage
    classes: int = 1000  # of the head in the published file, which is not used

    @property
    def feature_size(self) -> int:
        """Numbers in a cell of the feature map."""
        return self.widths[-1]

    def tensors(self) -> Shapes:
        """Shapes of the tensors in the published file, by name."""
        return self._body() | dense_tensors("head.fc", self.widths[-1], self.classes)

    def parameters(self, side: int) -> int:
        """Numbers in the built network without a head, the same for all sizes of pictures.

        The biases of Global Response Normalization are folded into the layers after them.
        """
        return sum(prod(shape) for name, shape in self._body().items() if not name.endswith("grn.bias"))

    def multiply_adds(self, side: int) -> int:
        """Multiplications with additions for a picture of ``side`` pixels, without normalisation."""
        rows = side // PATCH_SIZE
        work = rows**2 * self.widths[0] * 3 * PATCH_SIZE**2
        for stage, (depth, width) in enumerate(zip(self.depths, self.widths, strict=True)):
            if stage:
                rows //= 2
                work += rows**2 * width * self.widths[stage - 1] * 2**2
            work += depth * rows**2 * width * (KERNEL**2 + 2 * WIDER * width)
        return work

    def _body(self) -> Shapes:
        shapes = {
            **convolution_tensors("stem.0", 3, self.widths[0], PATCH_SIZE),
            **norm_tensors("stem.1", self.widths[0]),
            **norm_tensors("head.norm", self.widths[-1]),
        }
        for stage, (before, width) in enumerate(pairwise(self.widths), start=1):
            shapes |= norm_tensors(f"stages.{stage}.downsample.0", before)
            shapes |= convolution_tensors(f"stages.{stage}.downsample.1", before, width, 2)
        for stage, (depth, width) in enumerate(zip(self.depths, self.widths, strict=True)):
            for number in range(depth):
                shapes |= _block(f"stages.{stage}.blocks.{number}", width)
        return shapes


def _block(name: str, width: int) -> Shapes:
    wide = WIDER * width
    return {
        **convolution_tensors(f"{name}.conv_dw", 1, width, KERNEL),
        **norm_tensors(f"{name}.norm", width),
        **dense_tensors(f"{name}.mlp.fc1", width, wide),
        f"{name}.mlp.grn.weight": (wide,),
        f"{name}.mlp.grn.bias": (wide,),
        **dense_tensors(f"{name}.mlp.fc2", wide, width),
    }


CONVNEXTS = {"convnext_v2_tiny": ConvNeXt(depths=(3, 3, 9, 3), widths=(96, 192, 384, 768))}

CONVNEXT_BACKBONES = (
    published_backbone(
        "convnext_v2_tiny",
        CONVNEXTS["convnext_v2_tiny"],
        name="ConvNeXtV2-T",
        family="ConvNeXt V2",
        source="Woo et al. 2023, arXiv 2301.00808",
        published="convnextv2_tiny.fcmae_ft_in22k_in1k",
        top1=83.9,
        licence="CC-BY-NC-4.0",
        commercial_use=False,
        good_for=N_(
            "As large as ConvNeXtTiny and more accurate: it learnt to complete masked pictures first. "
            "Its licence forbids commercial use."
        ),
        smallest_size=64,
    ),
)
