"""The settings of augmentation: what may change, how strongly, and what is sensible."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core.errors import ConfigError
from core.messages import N_

Flip = Literal["none", "horizontal", "vertical", "both"]
FLIPS: tuple[str, ...] = get_args(Flip)

# The largest sensible strength of each change; each starts at 0, which is off.
LIMITS: dict[str, float] = {
    "rotation": 0.5,
    "zoom": 0.5,
    "shift": 0.5,
    "brightness": 0.8,
    "contrast": 0.8,
    "crop": 0.6,
    "shear": 0.3,
    "perspective": 0.4,
    "elastic": 0.08,
    "saturation": 1.0,
    "hue": 0.5,
    "grayscale": 1.0,
    "invert": 1.0,
    "autocontrast": 1.0,
    "equalization": 1.0,
    "solarization": 1.0,
    "posterization": 1.0,
    "sharpness": 1.0,
    "blur": 0.03,
    "erasing": 1.0,
    "randaugment": 1.0,
    "mixup": 1.0,
    "cutmix": 1.0,
}
MIXING = ("mixup", "cutmix")  # these join two pictures and their labels; the others change one picture


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """How strongly training pictures may be changed; the default changes nothing.

    Three kinds of number: *how far* (each picture draws its own change, up to this
    strength), *how often* (the share of pictures that are changed, the rest stay as
    they are), and, for mixing, the alpha of the Beta distribution that the shares
    come from. All of a picture's movements are done in one resampling.

    Of what Keras offers, left out: ColorDegeneration and ColorJitter (saturation and
    the other colours do the same, both ways), AugMix (its chain of operations is
    frozen when it is traced), CLAHE (equalization of tiles; no learner needs both).

    Raises:
        ConfigError: a value is outside its range.
    """

    flip: Flip = "none"
    rotation: float = 0.0  # up to this fraction of a full turn, either way
    zoom: float = 0.0  # up to this fraction nearer or farther
    shift: float = 0.0  # up to this fraction of width and height, either way
    brightness: float = 0.0  # up to this fraction of the range from black to white, either way
    contrast: float = 0.0  # distances from the mean colour times 1 - contrast to 1 + contrast
    crop: float = 0.0  # a part anywhere is shown large: up to this fraction of the sides is cut away
    shear: float = 0.0  # slanted by up to this fraction of the height, and of the width, either way
    perspective: float = 0.0  # corners move up to half this fraction of the sides, in and out
    elastic: float = 0.0  # points move, smoothly, up to this fraction of the sides
    saturation: float = 0.0  # distances from grey times 1 - saturation to 1 + saturation
    hue: float = 0.0  # up to this fraction of the colour circle, either way; brightness stays
    grayscale: float = 0.0  # how often a picture loses its colour
    invert: float = 0.0  # how often a picture becomes its negative
    autocontrast: float = 0.0  # how often each colour is stretched to the whole range
    equalization: float = 0.0  # how often each colour is spread evenly over the range
    solarization: float = 0.0  # how often what is brighter than some level becomes its negative
    posterization: float = 0.0  # how often each colour keeps 4 to 16 levels only
    sharpness: float = 0.0  # fine detail times 1 - sharpness to 1 + sharpness
    blur: float = 0.0  # Gaussian of a standard deviation up to this fraction of the shorter side
    erasing: float = 0.0  # how often a rectangle of 2% to 25% of the area gets the mean colour
    randaugment: float = 0.0  # two changes at random for each picture, at this strength of 14
    mixup: float = 0.0  # alpha: two pictures shine through one another
    cutmix: float = 0.0  # alpha: a rectangle comes from another picture

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
        """Whether single pictures are changed; mixing is told by ``is_mixing``."""
        return self.flip != "none" or any(getattr(self, name) for name in LIMITS if name not in MIXING)

    @property
    def is_mixing(self) -> bool:
        """Whether pictures are mixed with one another, and their labels with them."""
        return any(getattr(self, name) for name in MIXING)

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
        """Settings as typed on the command line: ``flip,rotation=0.1,mixup=0.2``.

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
