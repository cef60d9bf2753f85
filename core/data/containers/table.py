"""Table of the kinds of files that hold many pictures."""

from __future__ import annotations

from core.data.containers import nifti, pdf, video
from core.data.containers.config import ContainerKind
from core.data.containers.container import Container
from core.data.images.kinds import is_nifti, is_video
from core.data.skip_reasons import SkipReason
from core.optional_packages import OPTIONAL_PACKAGES

CONTAINERS = {
    ContainerKind.PDF: Container(
        kind=ContainerKind.PDF,
        reader=OPTIONAL_PACKAGES["pypdfium2"],
        missing=SkipReason.NO_PDF_READER,
        matches=pdf.is_pdf,
        count=pdf.count_pages,
        pictures=pdf.pages,
        errors=pdf.pdf_errors,
    ),
    ContainerKind.VIDEO: Container(
        kind=ContainerKind.VIDEO,
        reader=OPTIONAL_PACKAGES["av"],
        missing=SkipReason.NO_VIDEO_READER,
        matches=is_video,
        count=video.count_frames,
        pictures=video.frames,
        errors=video.video_errors,
    ),
    ContainerKind.NIFTI: Container(
        kind=ContainerKind.NIFTI,
        reader=OPTIONAL_PACKAGES["nibabel"],
        missing=SkipReason.NO_VOLUME_READER,
        matches=is_nifti,
        count=nifti.count_slices,
        pictures=nifti.slices,
        errors=nifti.nifti_errors,
    ),
}

_SUFFIXES = tuple(suffix for row in CONTAINERS.values() for suffix in row.suffixes)


def container_of(name: str) -> Container | None:
    """Kind of a file by its name; None for single pictures."""
    lower = name.lower()
    if not lower.endswith(_SUFFIXES):
        return None
    return next(row for row in CONTAINERS.values() if lower.endswith(row.suffixes))
