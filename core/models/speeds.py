"""How fast each backbone proved to be on this machine."""

from __future__ import annotations

from core.files import read_json, write_json
from core.workspace import backbones_folder

_FIRST_GUESS_PER_SECOND = 20.0  # pictures, before a backbone was ever timed here


def measured_speeds() -> dict[str, float]:
    """Pictures per second of each backbone that ran on this machine, by its key."""
    file = backbones_folder() / "speeds.json"
    return dict(read_json(file)) if file.exists() else {}


def remember_speed(backbone: str, pictures_per_second: float) -> None:
    write_json(
        backbones_folder() / "speeds.json", measured_speeds() | {backbone: round(pictures_per_second, 2)}
    )


def expected_seconds(backbone: str, pictures: int) -> float:
    """About how long the features of so many pictures take here."""
    return pictures / measured_speeds().get(backbone, _FIRST_GUESS_PER_SECOND)
