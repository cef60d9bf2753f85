"""Figures compare the right way round, and say honestly whether a target is met."""

from __future__ import annotations

import json

import pytest

from benchmarks.figures import Figure, Reference, Target, format_table


def speed(measured: float, target: Target | None = None) -> Figure:
    reference = Reference(name="Keras", value=20.0)
    return Figure(name="speed", measured=measured, unit="pictures/s", reference=reference, target=target)


def duration(measured: float, target: Target | None = None) -> Figure:
    reference = Reference(name="tutorial", value=600.0)
    return Figure(
        name="training", measured=measured, unit="s", reference=reference, less_is_better=True, target=target
    )


def test_a_ratio_above_one_is_always_better() -> None:
    """Otherwise a reader must know of every row which way it counts."""
    assert speed(100.0).ratio == 5.0
    assert duration(60.0).ratio == 10.0


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (speed(80.0, Target(of="ratio", at_least=4.0)), True),
        (speed(79.0, Target(of="ratio", at_least=4.0)), False),
        (duration(60.0, Target(at_most=60.0)), True),
        (duration(60.1, Target(at_most=60.0)), False),
        (speed(20.0, Target(of="difference", at_least=0.0)), True),
        (speed(19.9, Target(of="difference", at_least=0.0)), False),
        (speed(1.0), None),
        (Figure(name="alone", measured=1.0, unit="s", target=Target(of="ratio", at_least=1.0)), None),
    ],
)
def test_a_target_is_met_at_its_bound_and_not_beyond(figure: Figure, met: bool | None) -> None:
    assert figure.is_met is met


def test_a_figure_without_a_reference_has_no_ratio() -> None:
    alone = Figure(name="files", measured=0, unit="files", target=Target(at_most=0))
    assert (alone.ratio, alone.difference, alone.is_met) == (None, None, True)


def test_the_table_shows_units_reference_and_verdict() -> None:
    slow = speed(79.0, Target(of="ratio", at_least=4.0))
    line = format_table([slow]).splitlines()[-1]
    expected = ["speed", "79 pictures/s", "20 pictures/s: Keras", "3.95×", "≥ 4×", "NO"]
    assert [cell.strip() for cell in line.split("  ") if cell.strip()] == expected


def test_a_quick_run_gives_no_verdict() -> None:
    """Its sizes are too small for its figures to mean anything."""
    line = format_table([duration(1.0, Target(at_most=60.0))], judged=False).splitlines()[-1]
    assert line.endswith("≤ 60 s")


def test_figures_become_json() -> None:
    record = json.loads(json.dumps(duration(60.0, Target(at_most=60.0)).to_json()))
    assert (record["ratio"], record["is_met"], record["reference"]["name"]) == (10.0, True, "tutorial")
