"""Pictures that adapt a backbone: training pictures and unlabelled ones, and none that test or validate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.near_duplicates.search import near_duplicates
from core.errors import TooFewImagesError, TrainingError
from core.messages import N_
from core.models.adapted import pictures_of
from core.models.backbones import Backbone
from core.progress import Progress

LEAST_PICTURES = 50


@dataclass(frozen=True, kw_only=True)
class AdaptationPictures:
    """Pictures that take part."""

    dataset: Dataset  # with every picture in ``pictures``
    rows: np.ndarray  # int64 (n,), of ``dataset``
    left_out: int  # pictures that are almost the same as one that tests or validates, or of its group

    @property
    def hashes(self) -> list[str]:
        """Contents of the pictures (sha256)."""
        hashes: list[str] = self.dataset.pictures["sha256"].iloc[self.rows].tolist()
        return hashes


def select_pictures(dataset: Dataset, progress: Progress) -> AdaptationPictures:
    """Select training and unlabelled pictures; near copies of test and validation pictures are left out.

    Validation says if the adaptation helped, so it must not have seen its pictures.

    Raises:
        TooFewImagesError: fewer than ``LEAST_PICTURES`` remain.
        JobStopped: the user stopped the work.
    """
    whole = dataset.over_all_pictures()
    pictures = whole.pictures
    possible = _is_possible(dataset)
    measures = pictures["split"].isin([Split.TEST.value, Split.VALIDATION.value]).to_numpy(dtype=np.bool_)
    related = pictures["group"].isin(set(pictures["group"][measures])).to_numpy(dtype=np.bool_, copy=True)
    # Those with a split were compared with each other when it was drawn.
    is_unseen = possible & (pictures["split"] == "").to_numpy()
    compared = np.flatnonzero(measures | is_unseen)
    if measures.any() and is_unseen.any():
        subset = pictures.iloc[compared].reset_index(drop=True)
        added = subset["split"] == ""
        for pair in near_duplicates(subset, whole.folder, added=added, progress=progress):
            first, second = compared[[pair.first, pair.second]]
            if measures[first] != measures[second]:
                related[second if measures[first] else first] = True
    rows = np.flatnonzero(possible & ~related)
    require_enough(len(rows))
    return AdaptationPictures(dataset=whole, rows=rows, left_out=int((related & possible).sum()))


def require_enough(count: int) -> None:
    """Raise TooFewImagesError if so many pictures are too few to adapt a backbone."""
    if count < LEAST_PICTURES:
        raise TooFewImagesError(
            N_(
                "Only {count} pictures can adapt the backbone, and it takes at least {least}. Training pictures "
                "and unlabelled ones count; those that resemble test or validation pictures do not. Add pictures "
                "on the Data page."
            ),
            count=count,
            least=LEAST_PICTURES,
        )


def count_possible(dataset: Dataset) -> int:
    """Count training and unlabelled pictures, before they are compared with test pictures."""
    return int(_is_possible(dataset).sum())


def _is_possible(dataset: Dataset) -> np.ndarray:
    pictures = dataset.all_pictures
    possible = ~pictures["excluded"] & pictures["split"].isin(["", Split.TRAIN.value])
    return possible.to_numpy(dtype=np.bool_)


def require_unseen_tests(dataset: Dataset, backbone: Backbone) -> None:
    """Raise TrainingError if test pictures took part in the adaptation of a backbone.

    That happens where the split was drawn anew since; pictures that are labelled later never test.
    """
    tests = set(dataset.pictures["sha256"].iloc[dataset.rows(Split.TEST)])
    for part in backbone.parts:
        if seen := len(tests & pictures_of(part.key)):
            raise TrainingError(
                N_(
                    "{count} of the test pictures took part in the adaptation of {name}, because the pictures were "
                    "split again since. Adapt the backbone again, or choose another one."
                ),
                count=seen,
                name=part.name,
            )
