"""Without --json an answer is written for people."""

from __future__ import annotations

import pytest

from core import __main__ as program


def test_negative_numbers_have_a_minus_sign(capsys: pytest.CaptureFixture[str]) -> None:
    program._print_readable(
        {"difference": -0.25, "interval": [-0.5, 0.1], "file": "-rf", "names": ["-1", "cat"], "none": None}
    )
    assert capsys.readouterr().out.splitlines() == [
        "difference: −0.25",
        "interval: [−0.5, 0.1]",
        "file: -rf",
        "names: ['-1', 'cat']",
        "none: None",
    ]


def test_a_terminal_without_a_minus_sign_gets_a_hyphen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "_can_print", lambda text: False)
    program._print_readable({"difference": -0.25, "interval": (-0.5, 0.1)})
    assert capsys.readouterr().out.splitlines() == ["difference: -0.25", "interval: [-0.5, 0.1]"]
