"""Networks of our own with published weights in the safetensors format.

A table names the tensors of each file, so a file is recognised by their names and shapes: no
checksums of these files are published. The files are those of timm (Wightman 2019, timm 1.0.31).
"""

from __future__ import annotations

from math import prod
from typing import Protocol

from core.models.backbone import Backbone, Preprocessing, WeightsSource

_SERVER = "https://huggingface.co/timm"
_BYTES_OF_NUMBER = 4  # float32

Shapes = dict[str, tuple[int, ...]]


class PublishedNetwork(Protocol):
    """Sizes of a network, which name its tensors and count its work."""

    @property
    def feature_size(self) -> int:
        """Numbers in a cell of the feature map."""

    def tensors(self) -> Shapes:
        """Shapes of the tensors in the published file, by name; the file may hold others."""

    def parameters(self, side: int) -> int:
        """Numbers in the built network for pictures of ``side`` pixels, without a head."""

    def multiply_adds(self, side: int) -> int:
        """Multiplications with additions for a picture of ``side`` pixels, without normalisation."""


def published_backbone(
    key: str,
    network: PublishedNetwork,
    *,
    name: str,
    family: str,
    source: str,
    published: str,
    top1: float | None,
    good_for: str,
    preprocessing: Preprocessing = Preprocessing.TORCH,
    licence: str = "Apache-2.0",
    commercial_use: bool = True,
    size: int = 224,
    smallest_size: int,
    size_step: int = 1,
    mixes_positions: bool = False,
) -> Backbone:
    """Row of the table of backbones for a network of timm, whose name there is ``published``."""
    return Backbone(
        key=key,
        name=name,
        family=family,
        source=source,
        builder=key,
        input_size=size,
        feature_size=network.feature_size,
        parameters=network.parameters(size),
        download_bytes=sum(map(prod, network.tensors().values())) * _BYTES_OF_NUMBER,
        imagenet_top1=top1,
        billion_multiply_adds=round(network.multiply_adds(size) / 1e9, 1),
        preprocessing=preprocessing,
        weights=WeightsSource.DOWNLOAD,
        weights_file=f"{published}.safetensors",
        weights_url=f"{_SERVER}/{published}/resolve/main/model.safetensors",
        weights_hash="",
        licence=licence,
        commercial_use=commercial_use,
        good_for=good_for,
        smallest_size=smallest_size,
        size_step=size_step,
        mixes_positions=mixes_positions,
    )


def dense_tensors(name: str, inputs: int, outputs: int) -> Shapes:
    """Tensors of a dense layer."""
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def norm_tensors(name: str, width: int) -> Shapes:
    """Tensors of a LayerNorm."""
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def convolution_tensors(name: str, inputs: int, outputs: int, kernel: int, *, bias: bool = True) -> Shapes:
    """Tensors of a convolution; of a depthwise one ``inputs`` is 1."""
    shapes: Shapes = {f"{name}.weight": (outputs, inputs, kernel, kernel)}
    return shapes | {f"{name}.bias": (outputs,)} if bias else shapes
