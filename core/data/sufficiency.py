"""Whether what a source brought is enough for a classifier, and which classes are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from core.data.dataset import Skipped
from core.data.layout import Split
from core.data.splitting import MIN_PICTURES_PER_CLASS
from core.errors import DataError, TooFewClassesError, TooFewImagesError
from core.messages import N_, Message

CLASS_TOO_SMALL = N_("its class “{label}” has only {count} usable pictures; at least {minimum} are needed")
NO_TRAINING_PICTURES = N_("its class “{label}” has no pictures to train on")


def unusable_classes(rows: Sequence[dict[str, Any]]) -> dict[str, Message]:
    """The classes to leave out, each with the reason.

    Args:
        rows: the usable pictures, with ``label`` and ``supplied_split``.
    Raises:
        TooFewClassesError, TooFewImagesError: fewer than two classes would remain.
    """
    counts = Counter(str(row["label"]) for row in rows)
    to_train = Counter(str(row["label"]) for row in rows if row["supplied_split"] in {"", Split.TRAIN.value})
    if len(counts) < 2:
        raise TooFewClassesError(
            N_(
                "Only one class was found: “{label}”. A classifier tells classes apart, so it needs at least two. "
                "Put the pictures of each class into a folder of its own."
            ),
            label=next(iter(counts)),
        )
    small = {label for label, count in counts.items() if count < MIN_PICTURES_PER_CLASS}
    untrainable = {label for label in counts if not to_train[label]} - small
    if len(counts) - len(small | untrainable) < 2:
        raise _too_few_remain(counts, small, untrainable)
    reasons = {label: Message(NO_TRAINING_PICTURES, {"label": label}) for label in untrainable}
    for label in small:
        values = {"label": label, "count": counts[label], "minimum": MIN_PICTURES_PER_CLASS}
        reasons[label] = Message(CLASS_TOO_SMALL, values)
    return reasons


def no_picture(skipped: Sequence[Skipped], source_name: str) -> DataError:
    """The error for a source without a single usable picture."""
    if not skipped:
        return DataError(
            N_("{source} holds no files. Expected is one folder of pictures for each class."),
            source=source_name,
        )
    return DataError(
        N_(
            "No usable picture was found in {source}. The first file, {file}, was left out: {reason}. "
            "Expected is one folder of pictures for each class."
        ),
        source=source_name,
        file=skipped[0].file,
        reason=skipped[0].reason,
    )


def _too_few_remain(counts: Counter[str], small: set[str], untrainable: set[str]) -> TooFewImagesError:
    if small:
        label = min(small, key=lambda name: counts[name])
        return TooFewImagesError(
            N_(
                "Class “{label}” has {count} usable pictures; at least {minimum} are needed in each of two classes. "
                "Add pictures to its folder and import again."
            ),
            label=label,
            count=counts[label],
            minimum=MIN_PICTURES_PER_CLASS,
        )
    return TooFewImagesError(
        N_(
            "Class “{label}” has no pictures to train on. Put some into its folder under “train” and import again."
        ),
        label=min(untrainable),
    )
