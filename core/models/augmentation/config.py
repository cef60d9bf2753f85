"""Settings of augmentation: the strength of every row of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from core.errors import ConfigError
from core.messages import N_
from core.models.augmentation import table
from core.records import JsonObject

Flip = Literal["none", "horizontal", "vertical", "both"]
FLIPS: tuple[str, ...] = get_args(Flip)

# The largest sensible strength of each augmentation.
LIMITS: dict[str, float] = {row.name: row.limit for row in table.AUGMENTATIONS}
# These join two pictures and their labels; the others change one picture.
MIXING = tuple(row.name for row in table.AUGMENTATIONS if row.is_mixing)


class AugmentationConfig:
    """Strengths of the augmentations, by name; the default changes nothing. Immutable.

    Three kinds of number: *how far* (each picture gets its own change, up to this
    strength), *how often* (the fraction of pictures that are changed), and, for mixing,
    the alpha of the Beta distribution of the proportions. All of a picture's movements
    share one resampling.

    Of Keras's layers, these are left out: ColorDegeneration and ColorJitter (saturation
    and the other colours do the same, both ways), AugMix (its chain of operations is
    frozen when it is traced), CLAHE (equalization of tiles; no learner needs both).

    Raises:
        ConfigError: a name is unknown or a value outside its range.
    """

    __slots__ = ("_strengths", "flip")
    flip: Flip
    _strengths: Mapping[str, float]

    def __init__(self, *, flip: Flip = "none", **strengths: float) -> None:
        if flip not in FLIPS:
            raise ConfigError(
                N_("Flip cannot be {value}. Choose one of: {known}."),
                value=repr(flip),
                known=", ".join(FLIPS),
            )
        for name in strengths:
            _require_known(name)
        object.__setattr__(self, "flip", flip)
        object.__setattr__(
            self,
            "_strengths",
            {row.name: _checked(row, strengths.get(row.name, 0.0)) for row in table.AUGMENTATIONS},
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __getitem__(self, name: str) -> float:
        """Strength of the augmentation of this name; 0 is off."""
        return self._strengths.get(name, 0.0)

    def __getattr__(self, name: str) -> float:
        if name.startswith("_") or name not in self._strengths:
            raise AttributeError(name)
        return self._strengths[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AugmentationConfig) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.flip, *self._strengths.items()))

    def __repr__(self) -> str:
        on = {name: strength for name, strength in self._strengths.items() if strength}
        settings = "".join(f", {name}={strength}" for name, strength in on.items())
        return f"AugmentationConfig(flip={self.flip!r}{settings})"

    def __reduce__(self) -> tuple[Any, ...]:
        return AugmentationConfig.from_json, (self.to_json(),)

    @property
    def is_active(self) -> bool:
        """True if single pictures are changed; see ``is_mixing`` for mixed ones."""
        return self.flip != "none" or any(self[row.name] for row in table.AUGMENTATIONS if not row.is_mixing)

    @property
    def is_mixing(self) -> bool:
        """True if pictures, and their labels, are mixed with one another."""
        return any(self[row.name] for row in table.AUGMENTATIONS if row.is_mixing)

    def to_json(self) -> JsonObject:
        return {"flip": self.flip, **self._strengths}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> AugmentationConfig:
        """Read the settings of ``to_json``; what is missing is off.

        Raises:
            ConfigError: a name is unknown or a value outside its range.
        """
        return cls(**record)

    @classmethod
    def parse(cls, text: str) -> AugmentationConfig:
        """Read settings as typed on the command line: ``flip,rotation=0.1,mixup=0.2``.

        ``flip`` alone swaps left and right; an empty text changes nothing.

        Raises:
            ConfigError: a name is unknown or a value is not possible.
        """
        record: JsonObject = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = (text.strip() for text in part.partition("="))
            _require_known(name)
            if name == "flip":
                record[name] = value if equals else "horizontal"
            else:
                record[name] = _number(name, value)
        return cls.from_json(record)


def _checked(row: table.Augmentation, value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= float(value) <= row.limit:  # type: ignore[arg-type]
        raise _value_error(row.name, value)
    return float(value)  # type: ignore[arg-type]


def _require_known(name: str) -> None:
    known = ["flip", *(row.name for row in table.AUGMENTATIONS)]
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
        raise _value_error(name, text) from None


def _value_error(name: str, value: object) -> ConfigError:
    row = table.find_augmentation(name)
    return ConfigError(
        N_("The augmentation {name} is {value}; choose a number from 0 to {limit}."),
        name=name,
        value=repr(value),
        limit=row.limit if row else 0.0,
    )
