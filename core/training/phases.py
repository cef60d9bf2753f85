"""Phases of a training run, and the codes of them that checkpoints and metrics store."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Part of a run that trains one model on one kind of input."""

    # Linear heads on frozen features, by the pooling of the feature map.
    GLOBAL_POOLING = "global_pooling"  # averages over the whole map
    GRID_POOLING = "grid_pooling"  # averages over its 2 x 2 cells
    MAX_POOLING = "max_pooling"
    # A head trained by gradient descent on frozen features.
    HIDDEN_LAYERS = "hidden_layers"
    # Networks.
    LAST_BLOCKS = "last_blocks"  # the backbone's last blocks, on cached outputs of the frozen stem
    ALL_BLOCKS = "all_blocks"
    SCRATCH = "scratch"  # every weight from random

    @classmethod
    def _missing_(cls, value: object) -> Phase | None:
        """Read the codes of version 0.1.0."""
        return next((phase for phase, code in CODES_OF_0_1_0.items() if code == value), None)

    @property
    def is_linear_head(self) -> bool:
        """True for heads fitted by L-BFGS, whose epochs follow a path of falling penalties."""
        return self in {Phase.GLOBAL_POOLING, Phase.GRID_POOLING, Phase.MAX_POOLING}

    @property
    def trains_network(self) -> bool:
        """True if weights of the backbone change."""
        return self in {Phase.LAST_BLOCKS, Phase.ALL_BLOCKS, Phase.SCRATCH}

    @property
    def has_frozen_stem(self) -> bool:
        """True if the first blocks stay frozen, so that their outputs can be cached."""
        return self is Phase.LAST_BLOCKS

    @property
    def is_pretrained(self) -> bool:
        """True if training starts from pretrained weights."""
        return self is not Phase.SCRATCH

    @property
    def seed_offset(self) -> int:
        """Number added to the run's seed, so that each phase draws its batches in another order.

        It never changes: a run that is resumed draws the batches it began with.
        """
        return len(CODES_OF_0_1_0[self])


CODES_OF_0_1_0 = {
    Phase.GLOBAL_POOLING: "whole",
    Phase.GRID_POOLING: "quarters",
    Phase.MAX_POOLING: "max",
    Phase.HIDDEN_LAYERS: "hidden",
    Phase.LAST_BLOCKS: "tail",
    Phase.ALL_BLOCKS: "all",
    Phase.SCRATCH: "scratch",
}
