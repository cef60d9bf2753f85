"""Colours of a picture's own space (ICC profile, PNG's cICP and gAMA) converted to sRGB with LittleCMS.

A profile that means sRGB, or nearly so, changes nothing: its pixels stay bit for bit. Damaged
profiles are ignored. Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

import numpy as np
from PIL import Image

try:
    from PIL import ImageCms
except ImportError:
    # A Pillow without LittleCMS.
    ImageCms = None  # type: ignore[assignment]

# Levels of 255 by which a profile may differ from sRGB and still counts as sRGB.
_TOLERANCE = 3
# LittleCMS's flag; older versions of Pillow have no name for it.
_BLACK_POINT_COMPENSATION = 0x2000
# Bytes. Profiles of printers have up to 2 MB.
_MAX_PROFILE_BYTES = 4 << 20
# Modes that a profile of a colour space belongs to. Others are converted first.
_MODES = {"RGB ": ("RGB", "RGBA"), "GRAY": ("L",), "CMYK": ("CMYK",)}
# Key of ``Image.info`` with the numbers of a cICP chunk: primaries and transfer function.
CICP = "cicp"
_CHUNKS_END = 1 << 16

Curve = Callable[[np.ndarray], np.ndarray]
# x and y of red, green, blue and white, by their number in ITU-T H.273.
_D65 = (0.3127, 0.3290)
_PRIMARIES = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    5: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
# Candela per square metre of the brightest value of PQ, and of white in ordinary pictures (BT.2408).
_PQ_PEAK, _PQ_WHITE = 10_000, 203
# Share of HLG's light that is white in ordinary pictures (BT.2408: 75 % of the signal).
_HLG_WHITE = 0.2650
_CURVE_POINTS = 1024


def _srgb_light(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _pq_light(values: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084, with the white of ordinary pictures as 1."""
    root = values ** (1 / 78.84375)
    light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
    return light * _PQ_PEAK / _PQ_WHITE


def _hlg_light(values: np.ndarray) -> np.ndarray:
    """ARIB STD-B67, with the white of ordinary pictures as 1."""
    bright = (np.exp((values - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return np.where(values <= 0.5, values**2 / 3, bright) / _HLG_WHITE


def _power(exponent: float) -> Curve:
    return lambda values: values**exponent


# By number in H.273. Those of video (1, 6, 14, 15) are shown as sRGB is.
_TRANSFERS: dict[int, Curve] = {
    **dict.fromkeys((1, 6, 13, 14, 15), _srgb_light),
    4: _power(2.2),
    5: _power(2.8),
    8: _power(1.0),
    16: _pq_light,
    18: _hlg_light,
}
# PNG's gamma of ordinary pictures, and by how much it may differ.
_ORDINARY_GAMMA, _GAMMA_TOLERANCE = 1 / 2.2, 0.05


def read_cicp(data: bytes) -> tuple[int, int] | None:
    """Read primaries and transfer function from the cICP chunk of a PNG, which Pillow ignores."""
    offset = 8
    while offset + 12 <= min(len(data), _CHUNKS_END):
        size, name = struct.unpack_from(">I4s", data, offset)
        if name == b"cICP" and size == 4:
            return data[offset + 8], data[offset + 9]
        if name == b"IDAT":
            return None
        offset += 12 + size
    return None


def to_srgb(
    image: Image.Image, info: Mapping[Any, Any], at_least: tuple[int, int] | None = None
) -> Image.Image:
    """Convert a loaded picture of 8 bits to sRGB; the same object where there is nothing to convert.

    Args:
        info: ``Image.info`` of the picture as it was opened.
        at_least: width and height to which the caller will shrink. A picture that is converted is
            reduced to at least twice that first, because LittleCMS takes longer than decoding.
    """
    profile = _profile_of(info)
    if profile is None or ImageCms is None or len(profile) > _MAX_PROFILE_BYTES:
        return image
    space = profile[16:20].decode("latin-1")
    image = _in_mode_of(space, image, has_own_profile="icc_profile" in info)
    if image.mode not in _MODES.get(space, ()):
        return image
    transform = _transform(profile, image.mode)
    if transform is None:
        return image
    if at_least is not None:
        factors = max(1, image.width // (2 * at_least[0])), max(1, image.height // (2 * at_least[1]))
        image = image.reduce(factors) if factors != (1, 1) else image
    converted = cast("Image.Image", ImageCms.applyTransform(image, transform))
    converted.info = {name: value for name, value in image.info.items() if name != "icc_profile"}
    return converted


def is_converted(mode: str, info: Mapping[Any, Any]) -> bool:
    """True if ``to_srgb`` converts pictures of this mode with this ``Image.info``."""
    probe = Image.new(mode, (1, 1))
    return to_srgb(probe, info) is not probe


def _profile_of(info: Mapping[Any, Any]) -> bytes | None:
    """Return the ICC profile of a picture, made from its numbers if it has no ICC profile; None for sRGB."""
    cicp = info.get(CICP)
    if cicp is not None:
        return _profile_of_numbers(*cicp)
    profile = info.get("icc_profile")
    if isinstance(profile, bytes) and len(profile) > 128:
        return profile
    nclx = info.get("nclx_profile")
    if isinstance(nclx, dict):
        primaries, transfer = nclx.get("color_primaries"), nclx.get("transfer_characteristics")
        return _profile_of_numbers(int(primaries or 0), int(transfer or 0))
    gamma = info.get("gamma")
    if isinstance(gamma, float) and "srgb" not in info:
        return _profile_of_gamma(gamma, info.get("chromaticity"))
    return None


def _in_mode_of(space: str, image: Image.Image, *, has_own_profile: bool) -> Image.Image:
    """Unfold palettes, transparent colours and grey into a mode that profiles of this space have."""
    is_grey = image.mode in {"L", "LA", "1"}
    if space != "RGB " or (is_grey and has_own_profile):
        return image
    if has_transparency(image):
        return image.convert("RGBA")
    return image.convert("RGB") if is_grey or image.mode == "P" else image


def has_transparency(image: Image.Image) -> bool:
    """True if any pixel may be transparent; ``Image.has_transparency_data`` of Pillow 10.1."""
    if image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        return True
    return image.mode == "P" and image.palette is not None and image.palette.mode.endswith("A")


def _profile_of_gamma(gamma: float, chromaticity: Any) -> bytes | None:
    """Make the profile of PNG's gAMA and cHRM; None for ordinary ones."""
    if gamma <= 0.05 or gamma > 5 or abs(gamma / _ORDINARY_GAMMA - 1) <= _GAMMA_TOLERANCE:
        return None
    primaries = _PRIMARIES[1]
    if isinstance(chromaticity, tuple) and len(chromaticity) == 8:
        white, *colours = (chromaticity[i : i + 2] for i in (0, 2, 4, 6))
        primaries = (colours[0], colours[1], colours[2], white)
    return _made_profile(primaries, round(1 / gamma, 4))


def _profile_of_numbers(primaries: int, transfer: int) -> bytes | None:
    """Make the profile of H.273's numbers; None for sRGB, video's usual numbers and unknown ones."""
    curve = _TRANSFERS.get(transfer)
    if curve is None or primaries not in _PRIMARIES:
        return None
    if primaries in {1, 5, 6} and curve is _srgb_light:
        return None
    return _made_profile(_PRIMARIES[primaries], transfer)


@lru_cache(maxsize=32)
def _made_profile(primaries: tuple[tuple[float, float], ...], transfer: int | float) -> bytes | None:
    """Make an ICC profile (version 2) of chromaticities and a curve: H.273's number, or a float, its exponent."""
    curve = _TRANSFERS[transfer] if isinstance(transfer, int) else _power(transfer)
    try:
        red, green, blue = _adapted_columns(primaries)
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None
    levels = np.rint(np.clip(curve(np.linspace(0, 1, _CURVE_POINTS)), 0, 1) * 65535).astype(">u2")
    trc = b"curv" + bytes(4) + struct.pack(">I", _CURVE_POINTS) + levels.tobytes()
    white = (0.9642, 1.0, 0.8249)
    tags = {
        b"rXYZ": _xyz(red),
        b"gXYZ": _xyz(green),
        b"bXYZ": _xyz(blue),
        b"wtpt": _xyz(white),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), trc),
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 2) + b"p\x00" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\x00",
    }
    return _packed(tags)


def _adapted_columns(primaries: tuple[tuple[float, float], ...]) -> list[np.ndarray]:
    """Compute X, Y, Z of red, green and blue, adapted from their white to D50 by Bradford."""
    *colours, white = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in primaries)
    matrix = np.stack(colours, axis=1)
    matrix = matrix * np.linalg.solve(matrix, white)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    scale = (bradford @ np.array([0.9642, 1.0, 0.8249])) / (bradford @ white)
    adapted = np.linalg.inv(bradford) @ np.diag(scale) @ bradford @ matrix
    return [adapted[:, column] for column in range(3)]


def _xyz(values: Any) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def _packed(tags: dict[bytes, bytes]) -> bytes:
    """Lay out a monitor's RGB profile: header, table of tags, contents."""
    table, content = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(content), len(value))
        content += value.ljust(-(-len(value) // 4) * 4, b"\x00")
    size = start + len(content)
    header = struct.pack(">I4sI4s4s4s", size, b"\x00" * 4, 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + _xyz((0.9642, 1.0, 0.8249))[8:]
    return header.ljust(128, b"\x00") + struct.pack(">I", len(tags)) + table + content


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> Any:
    """Make the transform of a profile to sRGB; None if it is damaged, or changes nothing that is seen."""
    try:
        source = ImageCms.getOpenProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(
            *(source, ImageCms.createProfile("sRGB"), mode, "RGBA" if mode == "RGBA" else "RGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=_BLACK_POINT_COMPENSATION,  # type: ignore[arg-type]
        )
        if mode in {"RGB", "RGBA", "L"} and _changes_nothing(transform, mode):
            return None
    except (ImageCms.PyCMSError, ImportError, OSError, ValueError, TypeError):
        return None
    return transform


def _changes_nothing(transform: Any, mode: str) -> bool:
    """Convert a grid of colours to see by how much they change."""
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    if mode == "L":
        grid = np.stack([levels] * 3, axis=-1)[np.newaxis]
        probe = Image.fromarray(levels[np.newaxis])
    else:
        grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
        probe = Image.fromarray(grid).convert(mode)
    converted = cast("Image.Image", ImageCms.applyTransform(probe, transform)).convert("RGB")
    return bool(np.abs(np.asarray(converted, np.int16) - grid).max() <= _TOLERANCE)
