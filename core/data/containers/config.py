"""Settings for taking pictures out of documents, videos and volumes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from core.errors import ConfigError
from core.messages import N_
from core.records import Record


class ContainerKind(StrEnum):
    """Code of a kind of file that holds many pictures."""

    PDF = "pdf"
    VIDEO = "video"
    NIFTI = "nifti"


class Plane(StrEnum):
    """Direction in which a volume is cut into slices."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


@dataclass(frozen=True, kw_only=True)
class ContainerConfig(Record):
    """Choices of an import for files that hold many pictures."""

    # Kinds of which no picture is taken.
    left_out: tuple[ContainerKind, ...] = ()
    # Seconds from one picture of a video to the next.
    frame_seconds: float = 1.0
    plane: Plane = Plane.AXIAL

    def __post_init__(self) -> None:
        if not (isfinite(self.frame_seconds) and self.frame_seconds > 0):
            raise ConfigError(
                N_("A picture every {seconds} seconds is not possible. Choose a number above 0."),
                seconds=self.frame_seconds,
            )
