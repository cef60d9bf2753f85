"""Reason why groups of the test pictures, such as patients, are not compared one by one."""

from __future__ import annotations

from core.evaluation.slices import measuring
from core.evaluation.slices.slicing import MOST_VALUES, SliceSource
from core.messages import N_, Message


def reason_against_groups(source: SliceSource) -> Message | None:
    """Say why groups are not compared, or not all; None where they are, or where the user has none."""
    tested = source.pictures["group"].iloc[source.rows]
    sizes = tested.value_counts()
    # Near copies are groups as well, named by the digest of a picture; they are no choice of the user's.
    own = sizes[~sizes.index.isin(source.pictures["sha256"])]
    if not len(own) or own.max() < 2:
        return None
    values = {"pictures": measuring.LEAST_PICTURES, "groups": len(sizes), "largest": int(own.max())}
    if len(sizes) <= measuring.LEAST_GROUPS:
        return Message(
            N_(
                "Groups are not compared one by one: the test pictures are of {groups} groups, and each needs {least} others."
            ),
            values | {"least": measuring.LEAST_GROUPS},
        )
    large = int((own >= measuring.LEAST_PICTURES).sum())
    if not large:
        return Message(
            N_(
                "Groups are not compared one by one: the largest of {groups} groups has {largest} test pictures, and each needs {pictures}."
            ),
            values,
        )
    if large > MOST_VALUES:
        return Message(
            N_("Of {groups} groups, only the {most} with the most test pictures are compared one by one."),
            values | {"most": MOST_VALUES},
        )
    return None
