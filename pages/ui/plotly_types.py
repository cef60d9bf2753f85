"""Types of Plotly figures as plain data, for charts that are redrawn often."""

from __future__ import annotations

from typing import Any, TypeAlias

# A trace, an axis, a shape, a layout or a whole figure, as plotly.js takes it.
PlotlyObject: TypeAlias = dict[str, Any]
