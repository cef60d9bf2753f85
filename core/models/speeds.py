"""How fast each backbone proved to be on this machine."""

from __future__ import annotations

import statistics

from core.files import read_json, write_json
from core.models.backbones import BACKBONES, Backbone
from core.models.work import multiply_adds
from core.processes import usable_cores
from core.workspace import backbones_folder

# Before a backbone was ever timed here. Networks of very different kinds came to 60 to 95 billion
# multiply-adds a second on two cores (Lite0, ResNet50, InceptionV3, VGG16; benchmarks/feature_extraction.py).
_GUESSED_WORK_A_CORE = 4e10  # multiply-adds a second
_FIRST_GUESS_PER_SECOND = 20.0  # pictures, of a backbone whose work is not known
_AT = "@"  # before the size, in the names of speeds with pictures of another size than the backbone's own


def measured_speeds() -> dict[str, float]:
    """Pictures per second of each backbone that ran on this machine with pictures of its own size, by its key."""
    return {name: speed for name, speed in _all_speeds().items() if _AT not in name}


def measured_speed(backbone: Backbone) -> float | None:
    """Pictures per second of a backbone with pictures of its ``input_size``, if that was ever measured."""
    return _all_speeds().get(speed_key(backbone))


def speed_key(backbone: Backbone) -> str:
    """The name under which a speed is remembered: the backbone's, with the size where that is not its own."""
    if backbone.input_size == _own_size(backbone):
        return backbone.key
    return f"{backbone.key}{_AT}{backbone.input_size}"


def remember_speed(key: str, pictures_per_second: float) -> None:
    write_json(backbones_folder() / "speeds.json", _all_speeds() | {key: round(pictures_per_second, 2)})


def expected_seconds(backbone: Backbone, pictures: int) -> float:
    """About how long the features of so many pictures take here.

    A size that was never timed is reckoned from the backbone's own: the work grows with the pixels.
    A backbone that never was, from its work and how fast others proved to be.
    """
    speed = measured_speed(backbone)
    if speed is None:
        at_own_size = measured_speeds().get(backbone.key) or _guessed_speed(backbone.key)
        speed = at_own_size / times_the_work(backbone)
    return pictures / speed


def _guessed_speed(key: str) -> float:
    """Pictures per second of a backbone that was never timed here."""
    work = multiply_adds(key)
    if work is None:
        return _FIRST_GUESS_PER_SECOND
    known = ((speed, multiply_adds(name)) for name, speed in measured_speeds().items())
    rates = [speed * its_work for speed, its_work in known if its_work]
    rate = statistics.median(rates) if rates else _GUESSED_WORK_A_CORE * usable_cores()
    return rate / work


def times_the_work(backbone: Backbone) -> float:
    """How many times the work of a picture of the backbone's own size one of its ``input_size`` is."""
    return (backbone.input_size / _own_size(backbone)) ** 2


def _own_size(backbone: Backbone) -> int:
    return BACKBONES.get(backbone.key, backbone).input_size


def _all_speeds() -> dict[str, float]:
    file = backbones_folder() / "speeds.json"
    return dict(read_json(file)) if file.exists() else {}
