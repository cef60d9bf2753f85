"""Text of Plotly figures with its colour and ground, as a browser draws it in each theme."""

from __future__ import annotations

import base64
import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from plotly.graph_objects import Figure

Colour = tuple[float, float, float]  # sRGB, each 0 to 1
CONFIG = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours of a page that a chart takes over."""

    name: str
    text: Colour
    ground: Colour


@dataclass(frozen=True, kw_only=True)
class ChartText:
    """A piece of text in a chart."""

    text: str
    colour: Colour
    ground: Colour


def hex_colour(text: str) -> Colour:
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _themes() -> list[Theme]:
    theme = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"]
    return [
        Theme(name=name, text=hex_colour(theme[name]["textColor"]), ground=hex_colour(theme[name][key]))
        for name in ("light", "dark")
        for key in ("backgroundColor", "secondaryBackgroundColor")
    ]


THEMES = _themes()


def theme_colours(name: str) -> dict[str, Any]:
    """Colours of the light or dark theme by their names in ``config.toml``."""
    return dict(tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"][name])


def style_texts(css: str, name: str) -> Iterator[ChartText]:
    """Text of a component's style sheet: each rule's text colour on every ground of the page, in one theme.

    A rule without a colour that makes its text translucent counts with the page's colours of text.
    """
    colours = theme_colours(name)
    grounds = [hex_colour(colours[key]) for key in ("backgroundColor", "secondaryBackgroundColor")]
    for selector, declarations in re.findall(
        r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    ):
        rule = dict(re.findall(r"(?:^|;)\s*([\w-]+)\s*:\s*([^;]+)", declarations))
        opacity = float(rule.get("opacity", 1.0))
        texts = [rule["color"]] if "color" in rule else []
        if not texts and opacity < 1.0 and not re.search(r"(img|svg|polygon|\bi)\s*$", selector):
            texts = ["var(--st-text-color)", "var(--st-gray-text-color)"]
        for text in texts:
            variable = re.fullmatch(r"var\(--st-([\w-]+)\)", text.strip())
            if variable is None:
                assert text.strip() == "inherit", f"{selector.strip()}: {text} is no colour of the theme"
                continue
            first, *others = variable[1].split("-")
            colour = hex_colour(colours[first + "".join(word.capitalize() for word in others)])
            for ground in grounds:
                yield ChartText(text=selector.strip(), colour=mixed(colour, ground, opacity), ground=ground)


def contrast_ratio(one: Colour, other: Colour) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def texts_of(figure: object, theme: Theme) -> Iterator[ChartText]:
    """Text on marks, bars and cells, of annotations, axes, colour bars and the legend."""
    drawing = figure.to_plotly_json() if isinstance(figure, Figure) else figure
    assert isinstance(drawing, Mapping)
    grounds = _cell_grounds(drawing["data"], theme)
    for trace in drawing["data"]:
        if trace["type"] == "heatmap":
            assert "texttemplate" not in trace, "a heatmap's own text has a colour that Plotly picks"
        elif trace["type"] == "bar":
            yield from _bar_texts(trace, theme)
        elif "text" in trace.get("mode", ""):
            yield from _mark_texts(trace, grounds, theme)
    for note in drawing["layout"].get("annotations", ()):
        ground = _over(note.get("bgcolor", "rgba(0,0,0,0)"), theme.ground)
        colour = _colour(note.get("font", {}).get("color"), theme)
        yield ChartText(
            text=note["text"], colour=mixed(colour, ground, note.get("opacity", 1.0)), ground=ground
        )
    yield from _axis_texts(drawing["layout"], theme)
    yield from _legend_texts(drawing, theme)


def _luminance(colour: Colour) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mixed(colour: Colour, ground: Colour, opacity: float) -> Colour:
    """Colour of a translucent mark on its ground."""
    red, green, blue = (opacity * c + (1 - opacity) * g for c, g in zip(colour, ground, strict=True))
    return red, green, blue


def _rgba(text: str) -> tuple[Colour, float]:
    if text.startswith("#"):
        return hex_colour(text), 1.0
    numbers = [float(number) for number in re.findall(r"[\d.]+", text)]
    red, green, blue = (number / 255 for number in numbers[:3])
    return (red, green, blue), numbers[3] if len(numbers) > 3 else 1.0


def _over(text: str, ground: Colour) -> Colour:
    colour, opacity = _rgba(text)
    return mixed(colour, ground, opacity)


def _colour(text: str | None, theme: Theme) -> Colour:
    return theme.text if text is None else _rgba(text)[0]


def _cell_grounds(traces: Sequence[Mapping[str, Any]], theme: Theme) -> dict[tuple[float, float], Colour]:
    """Colours of the cells of a heatmap, by column and row."""
    grounds = {}
    for trace in traces:
        if trace["type"] == "heatmap" and "colorscale" in trace:
            least, most = trace.get("zmin", 0), trace.get("zmax", 1)
            for (row, column), value in np.ndenumerate(_values(trace["z"])):
                if not np.isnan(value):
                    place = min(1.0, max(0.0, (value - least) / (most - least)))
                    grounds[column, row] = _over(_scaled(trace["colorscale"], place), theme.ground)
    return grounds


def _values(values: Any) -> np.ndarray:
    """Numbers of a trace, also as the typed array in which Plotly sends NumPy's."""
    if isinstance(values, Mapping):
        shape = [int(length) for length in str(values["shape"]).split(",")]
        values = np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).reshape(shape)
    return np.asarray(values, dtype=float)


def _scaled(scale: Sequence[tuple[float, str]], place: float) -> str:
    """Colour of a colour scale at a place from 0 to 1, between its nearest stops."""
    (start, low), (end, high) = next(
        pair for pair in itertools.pairwise(scale) if place <= pair[1][0] or pair[1][0] == scale[-1][0]
    )
    (one, thin), (other, thick) = _rgba(low), _rgba(high)
    share = (place - start) / (end - start)
    red, green, blue = (255 * part for part in mixed(other, one, share))
    return f"rgba({red},{green},{blue},{thin + share * (thick - thin)})"


def _mark_texts(
    trace: Mapping[str, Any], grounds: Mapping[tuple[float, float], Colour], theme: Theme
) -> Iterator[ChartText]:
    """Text at points: on the cell below it, else on the page."""
    colour = _colour(trace.get("textfont", {}).get("color"), theme)
    for x, y, text in zip(trace["x"], trace["y"], trace["text"], strict=True):
        if text:
            yield ChartText(text=str(text), colour=colour, ground=grounds.get((x, y), theme.ground))


def _axis_texts(layout: Mapping[str, Any], theme: Theme) -> Iterator[ChartText]:
    """Titles and tick labels of visible axes and colour bars; tick labels of Plotly's own choice as ``0``."""
    for name, axis in layout.items():
        if name.startswith(("xaxis", "yaxis")) and axis.get("visible", True):
            scale = axis
        elif name == "coloraxis":
            scale = axis["colorbar"]
        else:
            continue
        title = scale.get("title") or {}
        title = title if isinstance(title, Mapping) else {"text": title}
        ticks = [(text, scale.get("tickfont", {})) for text in scale.get("ticktext", ["0"])]
        for text, font in [(title.get("text"), title.get("font", {})), *ticks]:
            if text:
                yield ChartText(text=str(text), colour=_colour(font.get("color"), theme), ground=theme.ground)


def _legend_texts(drawing: Mapping[str, Any], theme: Theme) -> Iterator[ChartText]:
    if not drawing["layout"].get("showlegend", len(drawing["data"]) > 1):
        return
    font = drawing["layout"].get("legend", {}).get("font", {})
    for trace in drawing["data"]:
        if trace.get("name"):
            yield ChartText(text=trace["name"], colour=_colour(font.get("color"), theme), ground=theme.ground)


def _bar_texts(trace: Mapping[str, Any], theme: Theme) -> Iterator[ChartText]:
    """Text of bars, which stands inside or outside by the room there is."""
    if "text" not in trace:
        return
    inside, outside = (trace.get(f"{side}textfont", {}).get("color") for side in ("inside", "outside"))
    is_outside = trace.get("textposition") == "outside"
    assert inside or is_outside, "text inside a bar has a colour that Plotly picks"
    colours = trace["marker"]["color"]
    bars = [colours] * len(trace["text"]) if isinstance(colours, str) else colours
    for text, bar in zip(trace["text"], bars, strict=True):
        if not is_outside:
            yield ChartText(text=text, colour=_rgba(inside)[0], ground=_over(bar, theme.ground))
        yield ChartText(text=text, colour=_colour(outside, theme), ground=theme.ground)
