"""Messages write their values for people."""

from __future__ import annotations

import pytest

from core.messages import Message


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("from {value}", -1000, "from −1000"),
        ("by {value:.2f}", -0.126, "by −0.13"),
        ("by {value:.1f}", -0.01, "by 0.0"),
        ("{value:,} pictures", 1200, "1,200 pictures"),
        ("file {value}", "-rf", "file -rf"),
        ("{value}", Message("{n}", {"n": -1.5}), "−1.5"),
    ],
)
def test_negative_numbers_have_a_minus_sign(template: str, value: object, text: str) -> None:
    assert str(Message(template, {"value": value})) == text
