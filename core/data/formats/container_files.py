"""Documents, videos and volumes in a reading: those of which the user wants no pictures are left out."""

from __future__ import annotations

from dataclasses import replace

from core.data.containers.config import ContainerConfig
from core.data.containers.table import container_of
from core.data.formats.import_format import FormatReading
from core.data.skip_reasons import Reason, SkipReason


def without_unwanted(reading: FormatReading, config: ContainerConfig) -> FormatReading:
    """Leave out the files of kinds that the config leaves out, with the reason."""
    if not config.left_out:
        return reading
    rows = [container_of(member.parts[-1]) for member, _ in reading.pictures]
    is_wanted = [row is None or row.kind not in config.left_out for row in rows]
    pairs = list(zip(reading.pictures, is_wanted, strict=True))
    reason = Reason(code=SkipReason.NOT_TAKEN_APART)
    left_out = [(member.name, reason) for (member, _), wanted in pairs if not wanted]
    return replace(
        reading,
        pictures=[pair for pair, wanted in pairs if wanted],
        left_out=[*reading.left_out, *left_out],
    )
