"""Settings of an adaptation, and what is recorded of it."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ConfigError
from core.messages import N_
from core.models.augmentation import AugmentationConfig
from core.models.backbones import DEFAULT_BACKBONE, Backbone, WeightsSource, at_size, get_backbone
from core.records import Record
from core.training.config import require_integer, require_number

DEFAULT_EPOCHS, MAX_EPOCHS = 10, 1000
METHOD = "VICReg"
# As self-supervised methods use it, but without mirroring, which changes digits and letters.
AUGMENTATION = AugmentationConfig(
    crop=0.5,
    rotation=0.03,
    zoom=0.1,
    shift=0.05,
    brightness=0.2,
    contrast=0.4,
    saturation=0.4,
    hue=0.05,
    grayscale=0.1,
    blur=0.006,
)


@dataclass(frozen=True, kw_only=True)
class AdaptationConfig(Record):
    """Settings of one adaptation."""

    dataset_version: int
    backbone: str = DEFAULT_BACKBONE
    epochs: int = DEFAULT_EPOCHS
    copies: int = 4  # augmented copies of each picture, whose frozen stem's outputs are cached
    picture_size: int = 0  # side in pixels of the network's input; 0: the backbone's own
    batch_size: int = 64  # pictures; deviations and covariances are those of a batch
    unfreeze: float = 0.3  # fraction of the backbone's depth, from its end, that is trained
    learning_rate: float = 3e-4
    seed: int = 0

    def __post_init__(self) -> None:
        require_adaptable(get_backbone(self.backbone))
        for name, value, low, high in (
            ("epochs", self.epochs, 1, MAX_EPOCHS),
            ("copies", self.copies, 1, 16),
            ("batch_size", self.batch_size, 2, 1024),
            ("seed", self.seed, 0, 2**31 - 1),
        ):
            require_number(name, value, low, high)
            require_integer(name, value)
        self.sized_backbone  # noqa: B018 - raises ConfigError for a size that it cannot take
        require_number("unfreeze", self.unfreeze, 0.05, 1.0)
        require_number("learning_rate", self.learning_rate, 1e-7, 1.0)

    @property
    def sized_backbone(self) -> Backbone:
        """The backbone at the picture size of these settings."""
        return at_size(get_backbone(self.backbone), self.picture_size)


@dataclass(frozen=True, kw_only=True)
class AdaptationSummary(Record):
    """Result of the training step: ``adaptation`` in ``result.json``."""

    pictures: int  # that take part
    left_out: int  # because they resemble test or validation pictures
    epochs: int  # done
    loss: float  # mean of the last epoch


@dataclass(frozen=True, kw_only=True)
class AdaptationEpoch(Record):
    """One line of ``metrics.jsonl``."""

    epoch: int
    loss: float
    seconds: float
    time: float = 0.0  # seconds since 1970, added by the reporter


@dataclass(frozen=True, kw_only=True)
class AdaptationPoint(Record):
    """Position in an adaptation at its last checkpoint."""

    epoch: int  # epochs done
    step: int  # steps of the next epoch done
    loss: float  # mean of the last whole epoch
    seconds: float  # spent on the next epoch


def can_adapt(backbone: Backbone) -> bool:
    """True for a single pretrained convolutional network that was not adapted before."""
    is_published = backbone.weights in {WeightsSource.BUNDLED, WeightsSource.DOWNLOAD}
    return is_published and not backbone.members and not backbone.mixes_positions


def require_adaptable(backbone: Backbone) -> None:
    """Raise ConfigError unless a backbone can be adapted."""
    if not can_adapt(backbone):
        raise ConfigError(
            N_(
                "{name} cannot be adapted: only single convolutional networks with published weights can. "
                "Choose another one, such as EfficientNet-Lite0."
            ),
            name=backbone.name,
        )
