"""Names of slices of a measured property."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.slices.slicing import by_quantile


@pytest.mark.parametrize(
    ("cuts", "names"),
    [
        ((85.3, 99.6, 120.0), ["below 85", "85 to 100", "100 to 120", "120 or more"]),
        ((0.981, 0.984, 1.02), ["below 0.981", "0.981 to 0.984", "0.984 to 1.02", "1.02 or more"]),
        ((0.031, 0.5, 12.4), ["below 0.031", "0.031 to 0.5", "0.5 to 12", "12 or more"]),
        ((640.0, 1280.0, 2048.0), ["below 640", "640 to 1,280", "1,280 to 2,048", "2,048 or more"]),
    ],
)
def test_ranges_are_written_such_that_they_differ(cuts: tuple[float, ...], names: list[str]) -> None:
    """No power of ten stands between plain numbers, and no range runs from a number to itself."""
    values = np.array([cuts[0] / 2, cuts[0], cuts[1], cuts[2], cuts[2] + 1])
    slicing = by_quantile(values, np.arange(5))
    assert slicing is not None
    assert [str(name) for name in slicing.names] == names
