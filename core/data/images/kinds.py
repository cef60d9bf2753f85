"""Kinds of files that look like pictures and cannot be read: their signatures, with a remedy for each.

Pillow either does not know them, or would read something else than the picture: a camera's raw
file begins with a thumbnail. Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from PIL import Image

from . import jpeg, tiff

# Sentences by code. core/data/skip_reasons.py has the same, marked for translation.
SENTENCES = {
    "other_kind": "its kind is {kind}, which cannot be read; save it as PNG",
    "volume": "it is a volume of the kind {kind}, which cannot be read; save its slices as PNG",
    "microscope_file": "its kind is {kind}, which cannot be read; export it as OME-TIFF or PNG",
    "camera_raw": "it is a camera's raw file, which cannot be read; develop it to JPEG or TIFF first",
    "drawing": "it is a drawing ({kind}), not a picture of pixels; save it as PNG",
    "pdf": "it is a PDF document; save its pages as PNG",
    "video": "it is a video; save single frames of it as pictures",
    "jpeg_bits": "it is a JPEG with {bits} bits a colour, which cannot be read; save it as PNG",
    "jpeg_lossless": "it is a lossless JPEG, which cannot be read; save it as PNG",
    "psd_bits": "it is a Photoshop file with {bits} bits a colour, which cannot be read; save it with 8 bits or as PNG",
    "tiff_compression": "it is a TIFF compressed with {compression}, which cannot be read; save it with LZW or without compression",
    "tiff_bands": "it is a TIFF with {bands} bands, which cannot be read; save three of them as an RGB picture",
    "tiff_floats": "it is a TIFF with {bits}-bit floats in {bands} bands, which cannot be read; save it with 8 or 16 bits",
    "tiff_integers": "it is a TIFF with {bits}-bit values in {bands} bands, which cannot be read; save it with 8 or 16 bits",
}


class Refusal(NamedTuple):
    """Code of ``SENTENCES``, and the values of its sentence."""

    code: str
    values: dict[str, str | int]


def starts(*signatures: bytes, at: int = 0) -> Callable[[bytes], bool]:
    """Make the test for files that have one of these signatures at an offset."""
    return lambda data: data.startswith(signatures, at)


_VIDEO_BRANDS = (
    *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V", b"qt  "),
    *(b"3gp", b"3g2", b"MSNV", b"dash", b"f4v"),
)
_VIDEO_SIGNATURES = (
    b"\x1aE\xdf\xa3",
    b"\x00\x00\x01\xba",
    b"\x00\x00\x01\xb3",
    b"FLV\x01",
    b"0&\xb2u\x8ef\xcf\x11",
)
_OGG_SIGNATURE = b"OggS"
# First packets of films in Ogg, which lie among its first pages; sounds have others.
_OGG_VIDEO = (b"\x80theora", b"BBCD\0", b"OVP80")
_OGG_FIRST_PAGES = 4096  # bytes
_TRANSPORT_PACKET = 188


def is_video(data: bytes) -> bool:
    if data[4:8] == b"ftyp":
        return data.startswith(_VIDEO_BRANDS, 8)
    if data[4:8] in {b"moov", b"mdat", b"wide"}:
        return True
    is_transport = data[:1] == b"G" and data[_TRANSPORT_PACKET::_TRANSPORT_PACKET][:3] == b"GGG"
    is_avi = data[:4] == b"RIFF" and data[8:12] == b"AVI "
    return is_transport or is_avi or data.startswith(_VIDEO_SIGNATURES) or _is_ogg_video(data)


def _is_ogg_video(data: bytes) -> bool:
    return data.startswith(_OGG_SIGNATURE) and any(packet in data[:_OGG_FIRST_PAGES] for packet in _OGG_VIDEO)


def _is_svg(data: bytes) -> bool:
    start = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in start


def is_nifti(data: bytes) -> bool:
    if data[:2] == b"\x1f\x8b":
        try:
            data = zlib.decompressobj(31).decompress(data[:4096], 352)
        except zlib.error:
            return False
    return data[344:348] in {b"n+1\x00", b"ni1\x00"} or data[4:8] == b"n+2\x00"


_PHASE_ONE = re.compile(rb"IIII.waR|MMMMRaw", re.DOTALL)


def _is_camera_raw(data: bytes) -> bool:
    if data.startswith((b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\x00", b"FOVb", b"\x00MRM")):
        return True
    # Canon before 2004, and Phase One.
    if data[6:14] == b"HEAPCCDR" or _PHASE_ONE.match(data, 8):
        return True
    if data[4:12] == b"ftypcrx " or (tiff.is_tiff(data) and data[8:10] == b"CR"):
        return True
    return any(page.is_raw for page in tiff.read_pages(data))


# One row a kind: code, values, test. None of the tests matches what Pillow reads rightly.
_KINDS: tuple[tuple[Refusal, Callable[[bytes], bool]], ...] = (
    (Refusal("camera_raw", {}), _is_camera_raw),
    (Refusal("video", {}), is_video),
    (Refusal("pdf", {}), starts(b"%PDF-")),
    (Refusal("drawing", {"kind": "PostScript"}), starts(b"%!PS", b"\xc5\xd0\xd3\xc6")),
    (Refusal("drawing", {"kind": "SVG"}), _is_svg),
    (Refusal("drawing", {"kind": "EMF"}), starts(b" EMF", at=40)),
    (Refusal("drawing", {"kind": "WMF"}), starts(b"\xd7\xcd\xc6\x9a")),
    (Refusal("volume", {"kind": "NIfTI"}), is_nifti),
    (Refusal("volume", {"kind": "NRRD"}), starts(b"NRRD000")),
    (Refusal("volume", {"kind": "MetaImage"}), starts(b"ObjectType = Image")),
    (Refusal("microscope_file", {"kind": "Zeiss CZI"}), starts(b"ZISRAWFILE")),
    (Refusal("microscope_file", {"kind": "Nikon ND2"}), starts(b"\xda\xce\xbe\x0a")),
    (Refusal("other_kind", {"kind": "Radiance HDR"}), starts(b"#?RADIANCE", b"#?RGBE")),
    (Refusal("other_kind", {"kind": "OpenEXR"}), starts(b"v/1\x01")),
    (Refusal("other_kind", {"kind": "DDS"}), starts(b"DDS ")),
    (Refusal("other_kind", {"kind": "FITS"}), starts(b"SIMPLE  =")),
    (Refusal("other_kind", {"kind": "GIMP XCF"}), starts(b"gimp xcf")),
    (Refusal("other_kind", {"kind": "Photoshop PSB"}), starts(b"8BPS\x00\x02")),
    (Refusal("other_kind", {"kind": "JPEG XR"}), starts(b"II\xbc\x01")),
    (Refusal("other_kind", {"kind": "DjVu"}), starts(b"AT&TFORM")),
    (Refusal("other_kind", {"kind": "HDF5"}), starts(b"\x89HDF\r\n")),
)
# Kinds of which every picture is read by Pillow, if at all.
_PILLOW_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM")


def refusal_of(data: bytes) -> Refusal | None:
    """Recognise a kind that cannot be read by its signature; None for all others."""
    if data.startswith(_PILLOW_SIGNATURES):
        return None
    return next((refusal for refusal, matches in _KINDS if matches(data)), None)


def explanation_of(data: bytes) -> Refusal | None:
    """Explain why Pillow could not read a picture of a kind that it knows; None for damaged ones."""
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg_refusal(data)
    if data.startswith(b"8BPS"):
        bits = int.from_bytes(data[22:24], "big")
        return Refusal("psd_bits", {"bits": bits}) if bits in {16, 32} else None
    pages = tiff.read_pages(data)
    return _tiff_refusal(tiff.main_page(pages)) if pages else None


def _jpeg_refusal(data: bytes) -> Refusal | None:
    header = jpeg.read_header(data)
    if header is None:
        return None
    if header.is_lossless:
        return Refusal("jpeg_lossless", {})
    return Refusal("jpeg_bits", {"bits": header.bits}) if header.bits == 12 else None


# Compressions that libtiff, as Pillow ships it, does not always have.
_COMPRESSIONS = {
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    34887: "LERC",
    34933: "PNG",
    **dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000"),
    34934: "JPEG XR",
    22610: "JPEG XR",
    50002: "JPEG XL",
    52546: "JPEG XL",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    32809: "ThunderScan",
    32766: "NeXT",
}


# Those of Pillow's own names: present in some builds only.
_OPTIONAL_CODECS = {34925: "lzma", 50000: "zstd", 50001: "webp"}
_GREY_PHOTOMETRICS = {0, 1}


def _tiff_refusal(page: tiff.Page) -> Refusal | None:
    compression = _COMPRESSIONS.get(page.compression)
    if compression and not _has_codec(page.compression):
        return Refusal("tiff_compression", {"compression": compression})
    bits, bands = page.bits, page.samples
    # Pillow reads grey pictures of 32 bits: such a file is damaged.
    if bits not in {1, 2, 4, 8, 16, 32} or (bits == 32 and bands > 1) or (page.is_float and bits != 32):
        code = "tiff_floats" if page.is_float else "tiff_integers"
        return Refusal(code, {"bits": bits, "bands": bands})
    is_unusual = bands > 4 or (bands > 2 and page.photometric in _GREY_PHOTOMETRICS)
    return Refusal("tiff_bands", {"bands": bands}) if is_unusual else None


@cache
def _has_codec(compression: int) -> bool:
    """True if this build of Pillow can write, and so read, a compression of TIFF."""
    name = _OPTIONAL_CODECS.get(compression)
    if name is None:
        return False
    try:
        Image.new("RGB", (16, 16)).save(io.BytesIO(), "TIFF", compression=name)
    except (OSError, RuntimeError, KeyError, ValueError):
        return False
    return True
