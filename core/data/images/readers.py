"""Formats that are read: Pillow's own, and those of its optional plugins, which are loaded at need.

Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

from functools import cache

from .faults import PictureError

# Formats that Pillow decodes by itself. Not EPS, which Ghostscript would execute.
_FORMATS = (
    *("JPEG", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "PPM", "JPEG2000", "ICO", "ICNS"),
    # Formats of newer versions of Pillow last.
    *("PCX", "PSD", "SGI", "TGA", "QOI", "AVIF"),
)
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
# A file lists its brands within so many bytes.
_BRANDS_END = 64
_JPEG_XL_SIGNATURES = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n")


def formats_for(data: bytes) -> tuple[str, ...]:
    """Choose Pillow's formats to try: HEIF if the bytes name its brands, otherwise all others.

    Raises:
        PictureError: the file is HEIF, and its reader is not installed.
    """
    brands = data[8:_BRANDS_END]
    is_heif = data[4:8] == b"ftyp" and any(
        brands[i : i + 4] in _HEIF_BRANDS for i in range(0, len(brands), 4)
    )
    if data.startswith(_JPEG_XL_SIGNATURES):
        if not _can_read_jpeg_xl():
            raise PictureError("no_jpeg_xl_reader")
        return ("JXL",)
    if not is_heif:
        return _FORMATS
    if not _can_read_heif():
        raise PictureError("no_heic_reader")
    return ("HEIF",)


@cache
def _can_read_heif() -> bool:
    """True if pillow-heif is installed; it is large, so the first HEIC picture loads it."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    # An embedded thumbnail can show something else than the picture.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True


def _can_read_jpeg_xl() -> bool:
    """True if pillow-jxl-plugin is installed, perhaps a moment ago; the first JPEG XL picture loads it."""
    try:
        import pillow_jxl
    except ImportError:
        return False
    return pillow_jxl is not None
