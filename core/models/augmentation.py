"""Random changes to training pictures: the settings, and the Keras layers they mean.

The same layers show the preview in the web process, on Keras's NumPy backend, and
train in workers, on TensorFlow. Keras is imported inside functions only.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from core.errors import ConfigError
from core.messages import N_
from core.models.lean_keras import import_keras

if TYPE_CHECKING:
    import keras

Flip = Literal["none", "horizontal", "vertical", "both"]
FLIPS: tuple[str, ...] = get_args(Flip)

# The largest sensible strength of each change; each starts at 0, which is off.
LIMITS: dict[str, float] = {
    "rotation": 0.5,
    "zoom": 0.5,
    "shift": 0.5,
    "brightness": 0.8,
    "contrast": 0.8,
}


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """How strongly training pictures may be changed; the default changes nothing.

    Raises:
        ConfigError: a value is outside its range.
    """

    flip: Flip = "none"
    rotation: float = 0.0  # up to this fraction of a full turn, either way
    zoom: float = 0.0  # up to this fraction nearer or farther
    shift: float = 0.0  # up to this fraction of width and height, either way
    brightness: float = 0.0  # up to this fraction of the range from black to white, either way
    contrast: float = 0.0  # distances from the mean colour times 1 - contrast to 1 + contrast

    def __post_init__(self) -> None:
        if self.flip not in FLIPS:
            raise ConfigError(
                N_("Flip cannot be {value}. Choose one of: {known}."),
                value=repr(self.flip),
                known=", ".join(FLIPS),
            )
        for name, limit in LIMITS.items():
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not 0 <= value <= limit:
                raise ConfigError(
                    N_("The augmentation {name} is {value}; choose a number from 0 to {limit}."),
                    name=name,
                    value=repr(value),
                    limit=limit,
                )
            object.__setattr__(self, name, float(value))

    @property
    def is_active(self) -> bool:
        """Whether anything is changed at all."""
        return self != AugmentationConfig()

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> AugmentationConfig:
        """The settings that ``to_json`` gave; what is missing is off.

        Raises:
            ConfigError: a name is unknown or a value outside its range.
        """
        for name in record:
            _require_known(name)
        return cls(**record)

    @classmethod
    def parse(cls, text: str) -> AugmentationConfig:
        """Settings as typed on the command line: ``flip,rotation=0.1,contrast=0.2``.

        ``flip`` alone means left and right swapped; an empty text, nothing changed.

        Raises:
            ConfigError: a name is unknown or a value is not possible.
        """
        record: dict[str, Any] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            _require_known(name)
            if name == "flip":
                record[name] = value if equals else "horizontal"
            else:
                record[name] = _number(name, value)
        return cls.from_json(record)


def build_layers(config: AugmentationConfig, seed: int) -> list[keras.Layer]:
    """The Keras layers that change pictures as ``config`` says, in order.

    They take and give float32 (B, H, W, 3), 0 to 255; cast uint8 pictures before.
    Call them with ``training=True``; the same seed gives the same changes on the
    same backend. What moves out of the picture is filled with its mirror image:
    streaks or black corners would be a pattern that only training pictures have.
    """
    import_keras()
    from keras import layers

    seeds = (int(state) >> 1 for state in np.random.SeedSequence(seed).generate_state(8))
    fill = {"fill_mode": "reflect", "interpolation": "bilinear"}
    # Two layers for "both": Keras's own mode for it flips both ways or not at all.
    flips = [direction for direction in ("horizontal", "vertical") if config.flip in (direction, "both")]
    built: list[keras.Layer] = [layers.RandomFlip(direction, seed=next(seeds)) for direction in flips]
    if config.rotation:
        built.append(layers.RandomRotation(config.rotation, seed=next(seeds), **fill))
    if config.zoom:
        built.append(layers.RandomZoom(config.zoom, seed=next(seeds), **fill))
    if config.shift:
        built.append(layers.RandomTranslation(config.shift, config.shift, seed=next(seeds), **fill))
    if config.brightness:
        built.append(layers.RandomBrightness(config.brightness, value_range=(0, 255), seed=next(seeds)))
    if config.contrast:
        # A pair, because a single number would only ever raise the contrast.
        both_ways = (config.contrast, config.contrast)
        built.append(layers.RandomContrast(both_ways, value_range=(0, 255), seed=next(seeds)))
    return built


def augment(pictures: np.ndarray, config: AugmentationConfig, seed: int) -> np.ndarray:
    """Changed copies, uint8 RGB (B, H, W, 3), of pictures uint8 RGB (B, H, W, 3)."""
    if not config.is_active or not len(pictures):
        return pictures.copy()
    import_keras()
    from keras import ops

    x = ops.convert_to_tensor(pictures.astype(np.float32))  # uint8 would wrap around in brightness
    for layer in build_layers(config, seed):
        x = layer(x, training=True)
    changed: np.ndarray = np.rint(np.clip(ops.convert_to_numpy(x), 0, 255)).astype(np.uint8)
    return changed


def _require_known(name: str) -> None:
    known = [field.name for field in dataclasses.fields(AugmentationConfig)]
    if name not in known:
        raise ConfigError(
            N_("There is no augmentation called “{name}”. Choose from: {known}."),
            name=name,
            known=", ".join(known),
        )


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(
            N_("The augmentation {name} is {value}; choose a number from 0 to {limit}."),
            name=name,
            value=repr(text),
            limit=LIMITS[name],
        ) from None
