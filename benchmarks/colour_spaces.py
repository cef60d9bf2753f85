"""Colour spaces of photographs: their ICC profiles, and pictures of sRGB expressed in them.

Source: Bruce Lindbloom, "RGB Working Space Matrices", adapted to D50; Display P3: Apple's profile.
"""

from __future__ import annotations

import struct

import numpy as np

_CURVE_POINTS = 1024
_SRGB = (
    (0.4360747, 0.3850649, 0.1430804),
    (0.2225045, 0.7168786, 0.0606169),
    (0.0139322, 0.0971045, 0.7141733),
)
# Matrix from the space's light to X, Y, Z, and the exponent of its curve; 0: that of sRGB.
SPACES = {
    "Display P3": (((0.5151, 0.2920, 0.1571), (0.2412, 0.6922, 0.0666), (-0.0011, 0.0419, 0.7841)), 0.0),
    "Adobe RGB": (
        (
            (0.6097559, 0.2052401, 0.1492240),
            (0.3111242, 0.6256560, 0.0632197),
            (0.0194811, 0.0608902, 0.7448387),
        ),
        563 / 256,
    ),
    "ProPhoto RGB": (
        ((0.7976749, 0.1351917, 0.0313534), (0.2880402, 0.7118741, 0.0000857), (0.0, 0.0, 0.8252100)),
        1.8,
    ),
    "linear sRGB": (_SRGB, 1.0),
}


def in_space(pixels: np.ndarray, space: str) -> np.ndarray:
    """The values by which a space shows the colours of sRGB; both uint8 RGB."""
    matrix, exponent = SPACES[space]
    light = _light(pixels / 255, 0.0) @ np.array(_SRGB).T @ np.linalg.inv(np.array(matrix)).T
    return np.rint(255 * _curve(np.clip(light, 0, 1), exponent)).astype(np.uint8)


def profile_of(space: str) -> bytes:
    """An ICC profile (version 2) of a space."""
    matrix, exponent = SPACES[space]
    levels = np.rint(65535 * _light(np.linspace(0, 1, _CURVE_POINTS), exponent)).astype(">u2")
    curve = b"curv" + bytes(4) + struct.pack(">I", _CURVE_POINTS) + levels.tobytes()
    columns = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), np.array(matrix).T, strict=True))
    tags = {name: _xyz(column) for name, column in columns.items()}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    tags |= {
        b"wtpt": _xyz((0.9642, 1.0, 0.8249)),
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 2) + b"p\x00" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\x00",
    }
    offset = 128 + 4 + 12 * len(tags)
    table, contents = b"", b""
    for name, content in tags.items():
        table += name + struct.pack(">II", offset + len(contents), len(content))
        contents += content + bytes(-len(content) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12x4s", offset + len(contents), b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp"
    )
    return (
        header.ljust(68, b"\0")
        + _xyz((0.9642, 1.0, 0.8249))[8:]
        + bytes(48)
        + struct.pack(">I", len(tags))
        + table
        + contents
    )


def _light(values: np.ndarray, exponent: float) -> np.ndarray:
    if exponent:
        return values**exponent
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _curve(light: np.ndarray, exponent: float) -> np.ndarray:
    if exponent:
        return light ** (1 / exponent)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _xyz(values: tuple[float, ...] | np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)
