"""What a run is asked to do. Written once to its directory, read by every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from core.errors import ConfigError
from core.messages import N_
from core.models.augmentation import AugmentationConfig
from core.models.backbones import DEFAULT_BACKBONE, WeightsSource, get_backbone


class Recipe(StrEnum):
    """How a classifier is trained."""

    QUICK = "quick"  # frozen pretrained backbone, a head on its features
    SCRATCH = "scratch"  # every weight from random


DEFAULT_EPOCHS = {Recipe.QUICK: 200, Recipe.SCRATCH: 30}
MAX_EPOCHS = 10_000
MAX_VIEWS = 20


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The settings of one run.

    ``epochs`` is the most passes over the training pictures, and as many again for
    a hidden layer; the best of them, on validation, is delivered.
    """

    dataset_version: int
    backbone: str = DEFAULT_BACKBONE
    recipe: Recipe = Recipe.QUICK
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    augmented_views: int = 2  # changed copies of each training picture, where augmentation is on
    hidden_units: int = 0  # also try a head with one hidden layer of so many units; 0: linear only
    dropout_rate: float = 0.2  # of the hidden layer
    epochs: int = DEFAULT_EPOCHS[Recipe.QUICK]
    seed: int = 0

    def __post_init__(self) -> None:
        backbone = get_backbone(self.backbone)
        if self.recipe is Recipe.QUICK and backbone.weights is WeightsSource.NONE:
            raise ConfigError(
                N_(
                    "{backbone} has no pretrained weights, so the recipe “quick” cannot use it. Choose “scratch”."
                ),
                backbone=backbone.name,
            )
        if self.recipe is Recipe.SCRATCH and backbone.weights is not WeightsSource.NONE:
            raise ConfigError(
                N_(
                    "The recipe “scratch” trains the small network, not {backbone}. Choose “quick”, or the backbone small_cnn."
                ),
                backbone=backbone.name,
            )
        self._require("epochs", self.epochs, 1, MAX_EPOCHS)
        self._require("augmented_views", self.augmented_views, 1, MAX_VIEWS)
        self._require("hidden_units", self.hidden_units, 0, 4096)
        self._require("dropout_rate", self.dropout_rate, 0.0, 0.9)
        self._require("seed", self.seed, 0, 2**31 - 1)

    @staticmethod
    def _require(name: str, value: float, low: float, high: float) -> None:
        if not low <= value <= high:
            raise ConfigError(
                N_("{name} is {value}; it must lie between {low} and {high}."),
                name=name,
                value=value,
                low=low,
                high=high,
            )

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"augmentation": self.augmentation.to_json()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> TrainingConfig:
        """Raises ConfigError on a key, or a name, that is not known."""
        known = {item.name for item in fields(cls)}
        if unknown := set(record) - known:
            raise ConfigError(N_("Unknown training setting: {names}."), names=", ".join(sorted(unknown)))
        values = dict(record)
        values["recipe"] = _recipe_called(values.get("recipe", Recipe.QUICK))
        values["augmentation"] = AugmentationConfig.from_json(values.get("augmentation", {}))
        return cls(**values)


def recipe_for(backbone: str) -> Recipe:
    """The recipe that fits a backbone: quick where it is pretrained, else from scratch."""
    return Recipe.SCRATCH if get_backbone(backbone).weights is WeightsSource.NONE else Recipe.QUICK


def _recipe_called(name: str) -> Recipe:
    if name not in set(Recipe):
        raise ConfigError(
            N_("There is no recipe called “{name}”. Choose from: {known}."),
            name=name,
            known=", ".join(Recipe),
        )
    return Recipe(name)
