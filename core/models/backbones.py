"""Table of the backbones: sizes, preprocessing, source of the weights.

Facts as data, for pages and workers. ``architectures`` builds the networks, ``weights``
downloads their weights. Backbones of ``keras.applications`` and pretrained transformers have
modules of their own.
This one adds the bundled backbones, with the accuracies of the EfficientNet-Lite
publication, and those that are trained from scratch.
"""

from __future__ import annotations

import difflib
from dataclasses import replace

from core.errors import ConfigError
from core.messages import N_
from core.models.adapted import adapted_from, adapted_keys, find_adapted
from core.models.backbone import Backbone, Preprocessing, WeightsSource
from core.models.committee import JOINT, committee_at_size, committee_of
from core.models.keras_backbones import KERAS_BACKBONES
from core.models.published.table import PUBLISHED_BACKBONES
from core.workspace import Project

__all__ = [
    "BACKBONES",
    "DEFAULT_BACKBONE",
    "Backbone",
    "Preprocessing",
    "WeightsSource",
    "at_size",
    "backbones_of",
    "find_backbone",
    "get_backbone",
]

_NEAREST = 5  # names that an error offers


def _lite(
    number: int,
    input_size: int,
    parameters: int,
    top1: float,
    billion_multiply_adds: float,
    file: str,
    sha256: str,
    good_for: str,
) -> Backbone:
    return Backbone(
        key=f"efficientnet_lite{number}",
        name=f"EfficientNet-Lite{number}",
        family="EfficientNet-Lite",
        source="Tan & Le 2019, arXiv 1905.11946; Lite: Liu 2020, TensorFlow Blog",
        builder=f"lite{number}",
        input_size=input_size,
        feature_size=1280,
        parameters=parameters,
        download_bytes=0,
        imagenet_top1=top1,
        billion_multiply_adds=billion_multiply_adds,
        preprocessing=Preprocessing.LITE,
        weights=WeightsSource.BUNDLED,
        weights_file=file,
        weights_url="",
        weights_hash=f"sha256:{sha256}",
        licence="Apache-2.0",
        good_for=good_for,
        smallest_size=33,
    )


def _from_scratch(
    key: str,
    name: str,
    source: str,
    feature_size: int,
    parameters: int,
    billion_multiply_adds: float,
    preprocessing: Preprocessing,
    good_for: str,
    *,
    smallest_size: int,
    size_step: int = 1,
    mixes_positions: bool = False,
) -> Backbone:
    return Backbone(
        key=key,
        name=name,
        family=N_("From scratch"),
        source=source,
        builder=key,
        input_size=96,
        feature_size=feature_size,
        parameters=parameters,
        download_bytes=0,
        imagenet_top1=None,
        billion_multiply_adds=billion_multiply_adds,
        preprocessing=preprocessing,
        weights=WeightsSource.NONE,
        weights_file="",
        weights_url="",
        weights_hash="",
        licence="",
        good_for=good_for,
        smallest_size=smallest_size,
        size_step=size_step,
        mixes_positions=mixes_positions,
    )


_BUNDLED = (
    _lite(
        0,
        224,
        3_413_024,
        75.1,
        0.41,
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        N_("The best start: already on this computer, the fastest, and accurate on most pictures."),
    ),
    _lite(
        1,
        240,
        4_189_344,
        76.7,
        0.63,
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        N_("Already on this computer; a little more accurate than EfficientNet-Lite0, and a little slower."),
    ),
    _lite(
        2,
        260,
        4_869_168,
        77.6,
        0.90,
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        N_(
            "The most accurate of those that are already on this computer; takes twice the time of the first."
        ),
    ),
)

_FROM_SCRATCH = (
    _from_scratch(
        "small_cnn",
        "Small CNN",
        "",
        256,
        389_856,
        0.05,
        Preprocessing.UNIT,
        N_(
            "Learns from your pictures alone, with no knowledge from elsewhere; "
            "needs thousands of pictures, or very simple ones."
        ),
        smallest_size=32,
    ),
    _from_scratch(
        "vit",
        "Small ViT",
        "Beyer et al. 2022, arXiv 2205.01580",
        192,
        1_847_232,
        0.31,
        Preprocessing.MINUS_ONE_TO_ONE,
        N_("A small transformer that learns from your pictures alone and wants tens of thousands of them."),
        smallest_size=16,
        size_step=8,  # ``vit.PATCH_SIZE``
        mixes_positions=True,
    ),
)

BACKBONES: dict[str, Backbone] = {
    backbone.key: backbone for backbone in (*_BUNDLED, *KERAS_BACKBONES, *PUBLISHED_BACKBONES, *_FROM_SCRATCH)
}
DEFAULT_BACKBONE = "efficientnet_lite0"


def find_backbone(key: str) -> Backbone | None:
    """Look up a backbone, or a committee, by its key; None if there is none."""
    try:
        return get_backbone(key)
    except ConfigError:
        return None


def get_backbone(key: str) -> Backbone:
    """Look up a backbone by its key, also an adapted one of any project; keys joined by “+” make a committee.

    Raises:
        ConfigError: no backbone has this key, or these cannot be a committee.
    """
    if JOINT in key:
        return committee_of([get_backbone(member.strip()) for member in key.split(JOINT)])
    if (record := find_adapted(key)) is not None:
        return adapted_from(get_backbone(record.parent), record)
    if key not in BACKBONES:
        nearest = difflib.get_close_matches(key, BACKBONES, n=_NEAREST, cutoff=0.3)
        raise ConfigError(
            N_(
                "There is no backbone called “{key}”. Choose one of: {known}. "
                "“python -m core backbones” lists them all."
            ),
            key=key,
            known=", ".join(nearest or list(BACKBONES)[:_NEAREST]),
        )
    return BACKBONES[key]


def backbones_of(project: Project) -> list[Backbone]:
    """List the backbones that were adapted to a project's pictures, the newest first."""
    backbones = (find_backbone(key) for key in adapted_keys(project))
    # A forged record makes none.
    return [backbone for backbone in backbones if backbone is not None]


def at_size(backbone: Backbone, size: int) -> Backbone:
    """Return the backbone for pictures with this side in pixels; 0 keeps its own size.

    Raises:
        ConfigError: the backbone cannot take pictures of this size.
    """
    if not size:
        return backbone
    if size < backbone.smallest_size:
        raise ConfigError(
            N_(
                "{backbone} needs pictures of at least {smallest} pixels a side, not {size}. "
                "Choose a larger size, or 0 for its own, {own}."
            ),
            backbone=backbone.name,
            smallest=backbone.smallest_size,
            size=size,
            own=backbone.input_size,
        )
    if left := size % backbone.size_step:
        raise ConfigError(
            N_(
                "{backbone} parts pictures into squares of {step} pixels, and {size} pixels a side are no multiple "
                "of that. Choose {lower} or {higher}, or 0 for its own size, {own}."
            ),
            backbone=backbone.name,
            step=backbone.size_step,
            size=size,
            lower=size - left,
            higher=size - left + backbone.size_step,
            own=backbone.input_size,
        )
    return committee_at_size(backbone, size) if backbone.members else replace(backbone, input_size=size)
