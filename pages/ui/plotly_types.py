"""Types of Plotly figures that are plain data, for charts redrawn too often for Plotly's own classes."""

from __future__ import annotations

from typing import Any, TypeAlias

# A trace, an axis, a shape, a layout or a whole figure, as plotly.js takes it.
PlotlyObject: TypeAlias = dict[str, Any]
