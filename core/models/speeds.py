"""Measured speeds of backbones on this machine."""

from __future__ import annotations

from core.files import read_json, write_json
from core.models.backbones import BACKBONES, Backbone
from core.models.costs import own_size, pictures_per_second, times_the_work
from core.workspace import backbones_folder

_AT = "@"  # before the size, in the names of speeds with pictures of another size than the backbone's own


def measured_speeds() -> dict[str, float]:
    """Pictures per second of each backbone that ran on this machine with pictures of its own size, by its key."""
    return {name: speed for name, speed in _all_speeds().items() if _AT not in name}


def measured_speed(backbone: Backbone) -> float | None:
    """Pictures per second of a backbone with pictures of its ``input_size``; None if never measured.

    A committee takes the time of all its members.
    """
    speeds = _all_speeds()
    parts = [speeds.get(speed_key(part)) for part in backbone.parts]
    measured = [speed for speed in parts if speed is not None]
    return 1 / sum(1 / speed for speed in measured) if len(measured) == len(parts) else None


def speed_key(backbone: Backbone) -> str:
    """Key of a stored speed: that of the backbone's architecture, with the size where it is not its own."""
    key = backbone.parent or backbone.key
    return key if backbone.input_size == own_size(backbone) else f"{key}{_AT}{backbone.input_size}"


def remember_speed(key: str, speed: float) -> None:
    """Store a speed, in pictures per second, under :func:`speed_key`."""
    write_json(backbones_folder() / "speeds.json", _all_speeds() | {key: round(speed, 2)})


def expected_seconds(backbone: Backbone, pictures: int) -> float:
    """Estimate the seconds that features of so many pictures take here.

    A size that was never timed is estimated from the backbone's own: the work grows with the pixels.
    A backbone that was never timed is estimated from its work and the speeds of others.
    """
    if backbone.members:
        return sum(expected_seconds(member, pictures) for member in backbone.members)
    speed = measured_speed(backbone)
    if speed is None:
        at_own_size = pictures_per_second(BACKBONES.get(backbone.key, backbone), measured_speeds())
        speed = at_own_size / times_the_work(backbone)
    return pictures / speed


def _all_speeds() -> dict[str, float]:
    file = backbones_folder() / "speeds.json"
    return dict(read_json(file)) if file.exists() else {}
