"""Phases of a training run: the values that checkpoints, metrics and measured speeds name them by."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """A stretch of training with one model and one kind of input.

    Values stand on disk (``metrics.jsonl``, checkpoints, measured throughput) and never change.
    """

    # Linear heads on frozen features, by the pooling of the feature map.
    GLOBAL_POOLING = "whole"  # the mean of the whole map
    GRID_POOLING = "quarters"  # the means of its 2 x 2 cells
    MAX_POOLING = "max"
    # A head trained by gradients on frozen features.
    HIDDEN_LAYERS = "hidden"
    # Networks.
    LAST_BLOCKS = "tail"  # the backbone's last blocks, on cached outputs of the frozen stem
    ALL_BLOCKS = "all"
    SCRATCH = "scratch"  # every weight from random

    @property
    def is_linear_head(self) -> bool:
        """True for heads fitted by L-BFGS, whose epochs follow a path of falling penalties."""
        return self in {Phase.GLOBAL_POOLING, Phase.GRID_POOLING, Phase.MAX_POOLING}

    @property
    def trains_network(self) -> bool:
        """True where weights of the backbone change."""
        return self in {Phase.LAST_BLOCKS, Phase.ALL_BLOCKS, Phase.SCRATCH}

    @property
    def has_frozen_stem(self) -> bool:
        """True where the first blocks stay frozen, so that their outputs can be cached."""
        return self is Phase.LAST_BLOCKS

    @property
    def is_pretrained(self) -> bool:
        """True where training starts from pretrained weights."""
        return self is not Phase.SCRATCH
