"""Names of recipes and settings in the reader's language, and sentences about runs."""

from __future__ import annotations

from typing import Any

from core.messages import N_
from core.models.backbones import get_backbone
from core.runs import setting_names
from core.runs.setting_names import RECIPE_NAMES
from core.training.config import Recipe, TrainingConfig
from pages.ui.text import _, ngettext, number

RECIPE_SENTENCES = {
    Recipe.QUICK: N_("Leaves the backbone as it is and trains the head, the part that decides. Start here."),
    Recipe.BALANCED: N_("Also fine-tunes the last blocks of the backbone on your pictures."),
    Recipe.BEST: N_(
        "Fine-tunes the whole backbone, in two stages and for longer. Needs a graphics card or much time."
    ),
    Recipe.SCRATCH: N_(
        "Trains every weight on your pictures alone. For many pictures that are unlike photographs."
    ),
}


def setting_name(path: str) -> str:
    """Name a setting by its path, such as ``head.l2``."""
    return setting_names.setting_name(path, _)


def setting_value(path: str, value: Any) -> str:
    """Format a setting's value."""
    return setting_names.setting_value(path, value, _)


def config_sentence(config: TrainingConfig) -> str:
    """Summarise a run's configuration in one line of plain text."""
    parts = [
        _(RECIPE_NAMES[config.recipe]),
        _format_backbone(config),
        _("with augmentation") if config.augmentation.is_active else _("no augmentation"),
        _("pictures of version {n}").format(n=config.dataset_version),
    ]
    return " · ".join(parts)


def run_sentence(config: TrainingConfig, pictures: int) -> str:
    """Summarise a new run in one line of plain text."""
    parts = [
        ngettext("{n} picture", "{n} pictures", pictures).format(n=number(pictures)),
        _format_backbone(config),
        _(RECIPE_NAMES[config.recipe]),
        _("with augmentation") if config.augmentation.is_active else _("no augmentation"),
    ]
    return " · ".join(parts)


def _format_backbone(config: TrainingConfig) -> str:
    """Name the backbone, with the picture size where it is not the default."""
    backbone = get_backbone(config.backbone)
    size = config.sized_backbone.input_size
    if size == backbone.input_size:
        return backbone.name
    return _("{backbone} at {size} pixels").format(backbone=backbone.name, size=size)
