"""Charts of a report as SVG: readable without JavaScript, sharp on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np

from core.formatting import percent, percent_interval

_WIDTH, _ROW, _LABEL = 640, 22, 190
_PLOT = 300  # height of a chart with two axes
_MARGIN = {"left": 64, "right": 16, "top": 12, "bottom": 40}
_LONGEST_LABEL = 28
_LETTER = 7  # pixels
_CELL, _MOST_CELL_TEXT = 26, 30  # pixels; classes


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One row of a bar chart: a fraction with its interval."""

    label: str
    value: float
    interval: tuple[float, float] | None = None
    is_reference: bool = False


def bars(rows: Sequence[Bar]) -> str:
    """Draw fractions as horizontal bars with their 95% intervals."""
    svg = _canvas(_WIDTH, _ROW * len(rows) + 4)
    left, width = _LABEL, _WIDTH - _LABEL - 130
    for index, row in enumerate(rows):
        middle = index * _ROW + _ROW / 2
        _text(svg, left - 8, middle, _short(row.label), anchor="end", title=row.label)
        kind = "reference" if row.is_reference else "bar"
        _rectangle(svg, left, middle - 7, width * row.value, 14, kind)
        if row.interval:
            low, high = (left + width * end for end in row.interval)
            _line(svg, (low, middle), (high, middle), "whisker")
        text = f"{percent(row.value)}  {percent_interval(row.interval) if row.interval else ''}"
        _text(svg, left + width + 8, middle, text.strip())
    return _written(svg)


def matrix(counts: np.ndarray, names: Sequence[str]) -> str:
    """Draw a confusion matrix: int (classes, classes), shaded by the fraction of its row."""
    classes = len(names)
    margin = min(_LABEL, _LETTER * max(len(_short(name)) for name in names) + 24)
    cell = min(_CELL, (_WIDTH - margin) / classes)
    svg = _canvas(max(margin + cell * classes, _WIDTH / 2), margin + cell * classes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for true, name in enumerate(names):
        middle = margin + cell * (true + 0.5)
        _text(svg, margin - 6, middle, _short(name), anchor="end", title=name)
        _text(svg, middle, margin - 6, _short(name), turn=-60, title=name)
        for answer in range(classes):
            count = int(counts[true, answer])
            left, top = margin + cell * answer, margin + cell * true
            kind = "right" if true == answer else "wrong"
            box = _rectangle(svg, left, top, cell - 1, cell - 1, kind)
            box.set("fill-opacity", f"{0.06 + 0.8 * shares[true, answer]:.3f}")
            _title(box, f"{name} → {names[answer]}: {count}")
            if count and classes <= _MOST_CELL_TEXT:
                _text(svg, left + cell / 2, top + cell / 2, str(count), anchor="middle")
    return _written(svg)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Points joined by a line."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    intervals: Sequence[tuple[float, float]] = ()
    kind: str = "first"  # class of its style: "first", "second" or "reference"
    has_points: bool = False


def curves(
    drawn: Sequence[Curve], *, x_title: str, y_title: str, x_range: tuple[float, float], is_percent: bool
) -> str:
    """Draw curves of fractions, 0 to 1, over ``x_range``; ``is_percent`` formats the x axis."""
    svg = _canvas(_WIDTH, _PLOT)
    area = _Area(x_range)
    _axes(svg, area, is_percent=is_percent)
    for curve in drawn:
        points = [area.at(x, y) for x, y in zip(curve.x, curve.y, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        ET.SubElement(svg, "polyline", {"points": path, "class": f"curve {curve.kind}"})
        for x, y in points if curve.has_points else ():
            ET.SubElement(svg, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "4", "class": "point"})
        for (x, _), (low, high) in zip(points, curve.intervals, strict=False):
            _line(svg, (x, area.at(0, low)[1]), (x, area.at(0, high)[1]), "whisker")
    _legend(svg, drawn)
    _text(svg, _WIDTH / 2, _PLOT - 8, x_title, anchor="middle")
    _text(svg, 12, _PLOT / 2, y_title, anchor="middle", turn=-90)
    return _written(svg)


class _Area:
    """Position of values in a chart with two axes, both in pixels."""

    def __init__(self, x_range: tuple[float, float]) -> None:
        self.low, self.high = x_range

    def at(self, x: float, y: float) -> tuple[float, float]:
        width = _WIDTH - _MARGIN["left"] - _MARGIN["right"]
        height = _PLOT - _MARGIN["top"] - _MARGIN["bottom"]
        share = (x - self.low) / (self.high - self.low or 1)
        return _MARGIN["left"] + width * share, _MARGIN["top"] + height * (1 - y)


def _axes(svg: ET.Element, area: _Area, *, is_percent: bool) -> None:
    for share in np.linspace(0, 1, 6).tolist():
        _line(svg, area.at(area.low, share), area.at(area.high, share), "grid")
        left, top = area.at(area.low, share)
        _text(svg, left - 6, top, percent(share), anchor="end")
        value = area.low + share * (area.high - area.low)
        text = percent(value) if is_percent else f"{value:.0f}"
        _text(svg, area.at(value, 0)[0], _PLOT - _MARGIN["bottom"] + 14, text, anchor="middle")


def _legend(svg: ET.Element, drawn: Sequence[Curve]) -> None:
    for index, curve in enumerate(drawn):
        top = _PLOT - _MARGIN["bottom"] - 16 - 16 * (len(drawn) - 1 - index)
        right = _WIDTH - _MARGIN["right"]
        _line(svg, (right - 190, top), (right - 170, top), f"curve {curve.kind}")
        _text(svg, right - 164, top, curve.name)


def _canvas(width: float, height: float) -> ET.Element:
    box = f"0 0 {width:.0f} {height:.0f}"
    return ET.Element(
        "svg", {"viewBox": box, "style": f"max-width:{width:.0f}px", "role": "img", "xmlns": _NAMESPACE}
    )


_NAMESPACE = "http://www.w3.org/2000/svg"


def _rectangle(
    svg: ET.Element, left: float, top: float, width: float, height: float, kind: str
) -> ET.Element:
    numbers = {"x": left, "y": top, "width": max(0.0, width), "height": height}
    return ET.SubElement(
        svg, "rect", {name: f"{value:.1f}" for name, value in numbers.items()} | {"class": kind}
    )


def _line(svg: ET.Element, start: tuple[float, float], end: tuple[float, float], kind: str) -> None:
    (x1, y1), (x2, y2) = start, end
    numbers = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    ET.SubElement(svg, "line", {name: f"{value:.1f}" for name, value in numbers.items()} | {"class": kind})


def _text(
    svg: ET.Element,
    left: float,
    middle: float,
    text: str,
    *,
    anchor: str = "start",
    turn: int = 0,
    title: str = "",
) -> None:
    attributes = {"x": f"{left:.1f}", "y": f"{middle:.1f}", "text-anchor": anchor, "dy": "0.35em"}
    if turn:
        attributes["transform"] = f"rotate({turn} {left:.1f} {middle:.1f})"
    element = ET.SubElement(svg, "text", attributes)
    element.text = text
    if title and title != text:
        _title(element, title)


def _title(element: ET.Element, text: str) -> None:
    ET.SubElement(element, "title").text = text


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def _written(svg: ET.Element) -> str:
    return ET.tostring(svg, encoding="unicode")
