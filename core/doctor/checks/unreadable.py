"""Unreadable files: left out by the import, or missing since."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.skip_reasons import Skipped, SkipReason
from core.data.sources.members import COMPANION_SUFFIXES
from core.doctor.findings import Finding, Remedy, SuspectReason, suspected_files, suspects_of
from core.doctor.sentences import Evidence, FindingKind

_UNREADABLE = {
    SkipReason.EMPTY_FILE,
    SkipReason.NOT_A_PICTURE,
    SkipReason.TOO_LARGE_TO_DECODE,
    SkipReason.TOO_MANY_PIXELS,
    SkipReason.DAMAGED,
    SkipReason.NO_HEIC_READER,
    SkipReason.NO_JPEG_XL_READER,
    SkipReason.NO_DICOM_READER,
    SkipReason.DICOM_COMPRESSION,
    SkipReason.PDF_LOCKED,
    SkipReason.VIDEO_WITHOUT_PICTURE,
    SkipReason.SEVERAL_VOLUMES,
    SkipReason.TOO_MANY_INSIDE,
    SkipReason.TOO_SLOW,
    SkipReason.NO_PDF_READER,
    SkipReason.NO_VIDEO_READER,
    SkipReason.NO_VOLUME_READER,
    SkipReason.DICOM_WITHOUT_PICTURE,
    SkipReason.OTHER_KIND,
    SkipReason.VOLUME,
    SkipReason.MICROSCOPE_FILE,
    SkipReason.CAMERA_RAW,
    SkipReason.DRAWING,
    SkipReason.PDF,
    SkipReason.VIDEO,
    SkipReason.JPEG_BITS,
    SkipReason.JPEG_LOSSLESS,
    SkipReason.PSD_BITS,
    SkipReason.TIFF_COMPRESSION,
    SkipReason.TIFF_BANDS,
    SkipReason.TIFF_FLOATS,
    SkipReason.TIFF_INTEGERS,
    SkipReason.DAMAGED_IN_ARCHIVE,
    SkipReason.FILE_TOO_LARGE,
    SkipReason.DECOMPRESSION_BOMB,
}


def missing_files(pictures: pd.DataFrame) -> np.ndarray:
    """Mark the referenced pictures whose files are missing: bool (pictures,)."""
    missing: np.ndarray = (
        pictures["location"].map(lambda path: path != "" and not Path(path).is_file()).to_numpy(bool)
    )
    return missing


def find_unreadable(skipped: Sequence[Skipped], missing: pd.DataFrame) -> list[Finding]:
    """Find files that the import could not read, and pictures whose files are missing."""
    gone = [SuspectReason(code=Evidence.FILE_GONE, values={"path": path}) for path in missing["location"]]
    suspects = (
        *suspected_files(
            item
            for item in skipped
            if item.reason.code in _UNREADABLE and not item.file.lower().endswith(COMPANION_SUFFIXES)
        ),
        *suspects_of(missing, [1.0] * len(missing), because=gone),
    )
    if not suspects:
        return []
    return [
        Finding(
            kind=FindingKind.UNREADABLE,
            suspects=suspects,
            remedy=Remedy.EXCLUDE if len(missing) else Remedy.NONE,
        )
    ]
