"""Files that cannot be read: left out when they were imported, or gone since."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.skip_reasons import Skipped, SkipReason
from core.data.sources.members import COMPANION_SUFFIXES
from core.doctor.findings import Finding, FindingKind, Remedy, suspected_files, suspects_of
from core.messages import N_, Message

_UNREADABLE = {
    SkipReason.NOT_A_PICTURE,
    SkipReason.TOO_LARGE_TO_DECODE,
    SkipReason.TOO_MANY_PIXELS,
    SkipReason.DAMAGED,
    SkipReason.NO_HEIC_READER,
    SkipReason.DAMAGED_IN_ARCHIVE,
    SkipReason.FILE_TOO_LARGE,
    SkipReason.DECOMPRESSION_BOMB,
}


def missing_files(pictures: pd.DataFrame) -> np.ndarray:
    """bool (number of pictures,): which are kept elsewhere on this computer, and are no longer there."""
    missing: np.ndarray = (
        pictures["location"].map(lambda path: path != "" and not Path(path).is_file()).to_numpy(bool)
    )
    return missing


def find_unreadable(skipped: Sequence[Skipped], missing: pd.DataFrame) -> list[Finding]:
    """What could not be read of the source, and the rows of the pictures whose files are gone."""
    gone = [Message(_GONE, {"path": path}) for path in missing["location"]]
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
            headline=Message(N_("Files that cannot be read: {count}"), {"count": len(suspects)}),
            explanation=Message(
                N_(
                    "They are cut off, damaged, of a kind that Darkroom does not know, or no longer where they were. "
                    "Nothing is learnt from them. Copy them again from where they came and add them, "
                    "and see whether one class lost more than the others."
                )
            ),
            suspects=suspects,
            remedy=Remedy.EXCLUDE if len(missing) else Remedy.NONE,
        )
    ]


_GONE = N_("Its file is no longer at {path}")
