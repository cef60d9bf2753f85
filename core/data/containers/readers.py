"""Files of an import that optional packages read."""

from __future__ import annotations

from collections.abc import Mapping

from core.data.sources.members import NIFTI_SUFFIXES, PDF_SUFFIXES, VIDEO_SUFFIXES

# Suffixes by package, a key of ``OPTIONAL_PACKAGES``.
READER_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "pypdfium2": PDF_SUFFIXES,
    "av": VIDEO_SUFFIXES,
    "nibabel": NIFTI_SUFFIXES,
    "pydicom": (".dcm", ".dicom"),
    "pillow-jxl-plugin": (".jxl",),
}
