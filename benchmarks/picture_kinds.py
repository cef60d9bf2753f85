"""Pictures of every kind that instruments and programs write: which are seen as they were meant.

Twelve textures are written in each kind, imported in two classes and compared with the originals.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from benchmarks.colour_spaces import in_space, profile_of
from core.data.dataset import Dataset, open_dataset
from core.data.images.picture import load_picture
from core.data.importing import import_dataset
from core.errors import DarkroomError

_COUNT, _SIDE = 12, 48
_NO_DATA = -9999

Write = Callable[[np.ndarray], bytes]  # of uint8 RGB, shape (height, width, 3)


@dataclass(frozen=True, kw_only=True)
class PictureKind:
    """A kind of pictures, and a writer of it."""

    name: str
    # Package that writes it; "" where it is written byte by byte.
    tool: str
    write: Write
    is_grey: bool = False
    # Levels that black and white of the originals have in a range that begins at 0 and ends at 2^n - 1.
    levels: tuple[float, float] = (0, 255)
    # True for kinds that were opened before and seen wrongly.
    was_misread: bool = True


@cache
def textures() -> np.ndarray:
    """uint8 RGB, shape (12, 48, 48, 3), each from black to white."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (_COUNT, 6, 6, 3), dtype=np.uint8)
    coarse[:, 0, 0], coarse[:, -1, -1] = 0, 255
    smooth = (Image.fromarray(small).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR) for small in coarse)
    return np.stack([np.asarray(picture) for picture in smooth])


def grey(pixels: np.ndarray) -> np.ndarray:
    """float64, shape (height, width), from 0 to 255."""
    return np.asarray(Image.fromarray(pixels).convert("L"), float)


def error_of(kind: PictureKind, folder: Path) -> float | str:
    """Mean difference from the originals in levels of 255, or why the kind is refused."""
    for number, pixels in enumerate(textures()):
        path = folder / "ab"[number % 2] / f"{number}.img"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(kind.write(pixels))
    try:
        report = import_dataset(folder, f"kind-{folder.name}")
    except DarkroomError as error:
        return str(error)
    if report.skipped:
        return str(report.skipped[0].reason.message)
    return _error(open_dataset(report.project), kind)


def _error(dataset: Dataset, kind: PictureKind) -> float:
    errors = []
    black, white = kind.levels
    for row, name in enumerate(dataset.pictures["name"]):
        shown = load_picture(dataset.picture_bytes(row), _SIDE, dataset.pixel_range).astype(float)
        original = textures()[int(Path(name).stem)]
        expected = grey(original)[..., np.newaxis] if kind.is_grey else original
        expected = black + expected * ((white - black) / 255)
        errors.append(np.abs(shown - expected).mean())
    return float(np.mean(errors))


def _tiff(pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def _grey_tiff(pixels: np.ndarray, *, scale: float, offset: float = 0, kind: str, **options: Any) -> bytes:
    return _tiff((grey(pixels) * scale + offset).astype(kind), **options)


def _without_data(pixels: np.ndarray) -> bytes:
    values = (18 + grey(pixels) * (20 / 255)).astype("f4")
    values[grey(pixels) == 0] = _NO_DATA
    return _tiff(values)


def _inverted(pixels: np.ndarray, kind: str, scale: float) -> bytes:
    return _tiff(((255 - grey(pixels)) * scale).astype(kind), photometric="miniswhite")


def _colours_12_bits(pixels: np.ndarray) -> bytes:
    return _tiff(pixels.astype("u2") * 16, photometric="rgb")


def _planes(pixels: np.ndarray) -> bytes:
    return _tiff(np.moveaxis(pixels, -1, 0).astype("u2") * 257, photometric="rgb", planarconfig="separate")


def _channels(pixels: np.ndarray, **options: Any) -> bytes:
    return _tiff(np.moveaxis(pixels, -1, 0).copy(), metadata={"axes": "CYX"}, **options)


def _behind_thumbnail(pixels: np.ndarray, *, is_inside: bool) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        first: dict[str, Any] = {"subifds": 1} if is_inside else {}
        writer.write(255 - pixels[::4, ::4], photometric="rgb", subfiletype=1, **first)
        writer.write(pixels, photometric="rgb", subfiletype=0)
    return stream.getvalue()


def _saved(pixels: np.ndarray, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def _grey_png(pixels: np.ndarray, scale: int, offset: int = 0) -> bytes:
    return _saved((grey(pixels) * scale + offset).astype("u2"), "PNG")


def _in_space(pixels: np.ndarray, space: str) -> bytes:
    return _saved(in_space(pixels, space), "PNG", icc_profile=profile_of(space))


def _with_chunk(pixels: np.ndarray, space: str, name: bytes, content: bytes) -> bytes:
    data = _saved(in_space(pixels, space), "PNG")
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return data[:33] + chunk + data[33:]


def _unmarked_cmyk(pixels: np.ndarray) -> bytes:
    """A JPEG of true amounts of ink, without the marker by which Adobe inverts them."""
    ink = np.concatenate([255 - pixels, np.zeros((*pixels.shape[:2], 1), np.uint8)], axis=2)
    data = _saved_cmyk(255 - ink)  # Pillow writes them inverted, and says so
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + struct.unpack_from(">H", data, start + 2)[0] :]


def _saved_cmyk(ink: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(ink, "CMYK").save(stream, "JPEG", quality=98, subsampling=0)
    return stream.getvalue()


def _dicom(pixels: np.ndarray) -> bytes:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    attributes: dict[str, Any] = {
        "SOPClassUID": meta.MediaStorageSOPClassUID,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "WindowCenter": 2040.5,
        "WindowWidth": 4081,
        "PixelData": (grey(pixels) * 16).astype("<u2").tobytes(),
    }
    file = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    for name, value in attributes.items():
        setattr(file, name, value)
    stream = io.BytesIO()
    file.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _jpeg_xl(pixels: np.ndarray) -> bytes:
    import pillow_jxl  # noqa: F401  # registers the kind

    return _saved(pixels, "JXL", lossless=True)


def _radiance(pixels: np.ndarray) -> bytes:
    light = np.concatenate([pixels, np.full((*pixels.shape[:2], 1), 128, np.uint8)], axis=2)
    return b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X %d\n" % pixels.shape[:2] + light.tobytes()


def _photoshop_16_bits(pixels: np.ndarray) -> bytes:
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, *pixels.shape[:2], 16, 3)
    return header + bytes(12) + bytes(2) + np.moveaxis(pixels, -1, 0).astype(">u2").tobytes()


def _kind(
    name: str, tool: str, write: Write, *, is_grey: bool = False, was_misread: bool = True
) -> PictureKind:
    return PictureKind(name=name, tool=tool, write=write, is_grey=is_grey, was_misread=was_misread)


def _grey_kind(name: str, **options: Any) -> PictureKind:
    return _kind(name, "tifffile", partial(_grey_tiff, **options), is_grey=True)


def _new_kind(name: str, tool: str, write: Write) -> PictureKind:
    return _kind(name, tool, write, was_misread=False)


PICTURE_KINDS: tuple[PictureKind, ...] = (
    _kind("12 bits in a 16-bit PNG", "pillow", partial(_grey_png, scale=16), is_grey=True),
    _kind("10 bits in a 16-bit PNG", "pillow", partial(_grey_png, scale=4), is_grey=True),
    PictureKind(
        name="millimetres of depth in a 16-bit PNG",
        tool="pillow",
        write=partial(_grey_png, scale=10, offset=500),
        is_grey=True,
        levels=(500 / 4095 * 255, 3050 / 4095 * 255),
    ),
    _grey_kind("12 bits in a 16-bit TIFF", scale=16, kind="u2"),
    _grey_kind("14 bits in a 16-bit TIFF", scale=64, kind="u2"),
    _kind("12 bits a colour in a 16-bit TIFF", "tifffile", _colours_12_bits),
    _grey_kind("floats from 0 to 4095", scale=16, kind="f4"),
    _grey_kind("degrees Celsius", scale=20 / 255, offset=18, kind="f4"),
    _grey_kind("floats from -1 to 1", scale=2 / 255, offset=-1, kind="f4"),
    _kind("floats with a value for no data", "tifffile", _without_data, is_grey=True),
    _grey_kind("Hounsfield units, signed 16 bits", scale=8, offset=-1024, kind="i2"),
    _grey_kind("unsigned 32 bits, full range", scale=16843009, kind="u4"),
    _grey_kind("counts in 32 bits", scale=100, kind="u4"),
    _grey_kind("thermal camera, 29000 to 31000", scale=8, offset=29000, kind="u2"),
    _kind("16 bits a colour in separate planes", "tifffile", _planes),
    _kind("0 is white, 16 bits", "tifffile", partial(_inverted, kind="u2", scale=257), is_grey=True),
    _kind("0 is white, floats", "tifffile", partial(_inverted, kind="f4", scale=1 / 255), is_grey=True),
    _kind("a thumbnail before the picture", "tifffile", partial(_behind_thumbnail, is_inside=False)),
    _kind(
        "the picture inside its thumbnail, as in DNG", "tifffile", partial(_behind_thumbnail, is_inside=True)
    ),
    _kind("OME-TIFF, a page a channel", "tifffile", partial(_channels, ome=True, photometric="minisblack")),
    _kind("ImageJ, a page a channel", "tifffile", partial(_channels, imagej=True)),
    *(
        _kind(f"colours in {space}", "pillow", partial(_in_space, space=space))
        for space in ("Display P3", "Adobe RGB", "ProPhoto RGB")
    ),
    _kind(
        "PNG of linear light (gAMA)",
        "pillow",
        partial(_with_chunk, space="linear sRGB", name=b"gAMA", content=struct.pack(">I", 100_000)),
    ),
    _kind(
        "PNG in Display P3 (cICP)",
        "pillow",
        partial(_with_chunk, space="Display P3", name=b"cICP", content=bytes((12, 13, 0, 1))),
    ),
    _kind("CMYK JPEG without a marker", "pillow", _unmarked_cmyk),
    _kind("DICOM", "pydicom", _dicom, is_grey=True, was_misread=False),
    _new_kind("JPEG XL", "pillow-jxl-plugin", _jpeg_xl),
    _new_kind(
        "TIFF with 13 bands",
        "tifffile",
        lambda pixels: _tiff(
            np.concatenate([pixels, np.repeat(pixels[..., :1], 10, axis=2)], axis=2),
            photometric="minisblack",
            planarconfig="contig",
        ),
    ),
    _kind(
        "TIFF with 16-bit floats",
        "tifffile",
        lambda pixels: _tiff(grey(pixels).astype("f2")),
        is_grey=True,
        was_misread=False,
    ),
    _new_kind(
        "TIFF with 32-bit floats a colour",
        "tifffile",
        lambda pixels: _tiff(pixels.astype("f4"), photometric="rgb"),
    ),
    _new_kind("Photoshop, 16 bits", "", _photoshop_16_bits),
    _new_kind("Radiance HDR", "", _radiance),
    _new_kind("DDS", "pillow", lambda pixels: _saved(pixels, "DDS")),
)
