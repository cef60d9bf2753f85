"""Range job: the step that a worker runs."""

from __future__ import annotations

from pathlib import Path

from core.data.editing.ranges import RangeChoice, change_range
from core.progress import Progress
from core.records import JsonObject
from core.workspace import project_of


def change_pixel_range(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: change the range of a project's pictures (``RangeChoice``)."""
    dataset = change_range(project_of(directory), RangeChoice.from_json(config), progress)
    return {"version": dataset.version}
