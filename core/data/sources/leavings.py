"""Files and folders that systems, devices and programs leave beside pictures; they are never imported.

``LEAVINGS`` is the one table of them. To add some, write their names into the row of their maker.
Only names that no class or picture has: “recycled” is a class of waste, “core.001.jpg” a drill core.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import translate
from functools import lru_cache

# Names in lower case, with the wildcards of ``fnmatch``. Names that begin with a dot are hidden
# files for all makers (.DS_Store, ._picture.jpg, .Trashes, .thumbnails, .picasaoriginals, .git).
LEAVINGS: Mapping[str, tuple[str, ...]] = {
    "Unix": (".*", "lost+found"),
    "Windows": (
        *("$recycle.bin", "system volume information", "found.[0-9][0-9][0-9]"),
        *("thumbs.db", "thumbs.db:encryptable", "ehthumbs.db", "ehthumbs_vista.db", "thumbcache_*.db"),
        *("desktop.ini", "autorun.inf", "*.lnk", "*:zone.identifier"),
    ),
    "macOS": ("__macosx", "icon\r", "network trash folder", "temporary items"),
    # Synology, QNAP, NetApp.
    "network storage": (
        *("@eadir", "@tmp", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@__thumb"),
        *("synofile_thumb_*", "~snapshot"),
    ),
    # Canon's catalogues, thumbnails of films.
    "cameras": ("canonmsc", "*.ctg", "*.thm"),
    "synchronising": ("_gsdata_", "*.crdownload", "*.dropbox.attrs"),
    "office": ("~$*", ".~lock.*#"),
    # Lightroom, Capture One, ACDSee, Picasa, digiKam, Zoner, PaintShop.
    "photo programs": (
        *("*.lrdata", "*.lrcat", "*.lrcat-data", "captureone", "acdsee.*", "[[]originals[]]", "picasa.ini"),
        *("lightroom previews", "thumbnails-digikam.db", "zbthumbnail.info", "pspbrwse.jbf", "thumbs.dat"),
        *("nksc_param",),
    ),
}
# Folders of a photo library that hold the pictures themselves; its other folders hold derivatives.
_LIBRARY = re.compile(r".*\.(photoslibrary|photolibrary|aplibrary|migratedphotolibrary)", re.DOTALL)
_LIBRARY_ORIGINALS = frozenset(["originals", "masters"])
# Most names are compared without a regular expression: an archive can have a million.
_ALL = [name for names in LEAVINGS.values() for name in names]
_WILDCARD = re.compile(r"[*?[]")
_NAMES = frozenset(name for name in _ALL if not _WILDCARD.search(name))
_BEGINNINGS = tuple(name[:-1] for name in _ALL if name.endswith("*") and not _WILDCARD.search(name[:-1]))
_ENDINGS = tuple(name[1:] for name in _ALL if name.startswith("*") and not _WILDCARD.search(name[1:]))
_COMPARED = {*_NAMES, *(f"{name}*" for name in _BEGINNINGS), *(f"*{name}" for name in _ENDINGS)}
_PATTERN = re.compile("|".join(translate(name) for name in _ALL if name not in _COMPARED))


def is_junk(parts: tuple[str, ...]) -> bool:
    """True for a file or folder that systems and programs leave beside pictures."""
    return leaving_of(parts) is not None


def leaving_of(parts: tuple[str, ...]) -> str | None:
    """Return the outermost leaving in a path, such as ``holiday/$RECYCLE.BIN``; None without any."""
    leaving, inside_library = _leaving_folder(parts[:-1])
    if leaving is not None:
        return leaving
    name = parts[-1].lower()
    is_derivative = inside_library and name not in _LIBRARY_ORIGINALS
    return "/".join(parts) if is_derivative or _is_leaving(name) else None


def _is_leaving(name: str) -> bool:
    """True for a name in lower case that ``LEAVINGS`` has."""
    return (
        name.startswith(_BEGINNINGS)
        or name.endswith(_ENDINGS)
        or name in _NAMES
        or _PATTERN.match(name) is not None
    )


@lru_cache(maxsize=10_000)
def _leaving_folder(folders: tuple[str, ...]) -> tuple[str | None, bool]:
    """Return the outermost leaving of some folders, and whether the last of them is a photo library."""
    inside_library = False
    for depth, folder in enumerate(folders, start=1):
        name = folder.lower()
        if _is_leaving(name) or (inside_library and name not in _LIBRARY_ORIGINALS):
            return "/".join(folders[:depth]), False
        inside_library = _LIBRARY.fullmatch(name) is not None
    return None, inside_library
