"""Names of slices on the Evaluate page."""

from __future__ import annotations

from core.evaluation.slices.measuring import SliceScore
from pages.ui.text import _, show


def slice_name(score: SliceScore) -> str:
    """Name a slice by its kind and value, as plain text: “Brightness: below 34”."""
    value = show(score.name, markdown=False)
    return f"{_(score.kind.label)}: {value}" if score.kind.label else value
