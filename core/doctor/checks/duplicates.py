"""Duplicates: identical files, near duplicates, and both with different labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.data.near_duplicates.search import NearPair, picture_quality
from core.data.skip_reasons import Skipped, SkipReason
from core.data.split.splitting import measuring_rank
from core.doctor.findings import Finding, Remedy, Suspect, SuspectReason, suspected_files
from core.doctor.sentences import Evidence, FindingKind


def find_exact_duplicates(skipped: Sequence[Skipped]) -> list[Finding]:
    """Find files that the import left out as identical to another."""
    suspects = suspected_files(item for item in skipped if item.reason.code is SkipReason.DUPLICATE)
    if not suspects:
        return []
    return [
        Finding(
            kind=FindingKind.EXACT_DUPLICATES,
            suspects=suspects,
            remedy=Remedy.NONE,
        )
    ]


def find_copies(pictures: pd.DataFrame, groups: np.ndarray, pairs: Sequence[NearPair]) -> list[Finding]:
    """Find near duplicates with the same label, and with different labels.

    Args:
        pictures: rows of a manifest that are not excluded, with all image statistics.
        groups: a key for each picture, from ``near_duplicate_groups``.
        pairs: those that the groups were made from.
    """
    pairs = [*_same_bytes(pictures), *pairs]
    return [*_near_duplicates(pictures, groups, pairs), *_conflicts(pictures, groups, pairs)]


def _same_bytes(pictures: pd.DataFrame) -> list[NearPair]:
    """Pair the rows of a file that was supplied with two labels."""
    rows = pd.Series(np.arange(len(pictures)))
    first = rows.groupby(pictures["sha256"].to_numpy()).transform("min")
    return [
        NearPair(first=int(one), second=int(row), difference=0.0, mirrored=False)
        for row, one in zip(rows, first, strict=True)
        if one != row
    ]


def _near_duplicates(pictures: pd.DataFrame, groups: np.ndarray, pairs: Sequence[NearPair]) -> list[Finding]:
    """Find all but the best picture of each group within a label."""
    labels, splits = pictures["label"].to_numpy(), pictures["split"].to_numpy()
    names, ids = pictures["name"].to_numpy(), pictures["id"].to_numpy()
    similarity = _similarity(pairs, labels)
    keys = pd.DataFrame(
        {
            "group": groups,
            "label": labels,
            # Test pictures are kept before others, so that the test set does not change.
            "precedence": [-measuring_rank(split) for split in splits],
            "quality": picture_quality(pictures),
        }
    )
    duplicated = keys[keys.duplicated(["group", "label"], keep=False)]
    ordered = duplicated.sort_values(["precedence", "quality"], ascending=False)
    suspects: list[tuple[bool, Suspect]] = []
    for _, members in ordered.groupby(["group", "label"], sort=False):
        best, *copies = members.index
        for row in copies:
            straddles = splits[row] != splits[best]
            values = {"other": names[best], "part": splits[row], "other_part": splits[best]}
            suspect = Suspect(
                id=ids[row],
                name=names[row],
                label=labels[row],
                other=ids[best],
                score=similarity.get(row, 0.0),
                because=SuspectReason(code=Evidence.ALIKE_IN_OTHER_SPLIT, values=values)
                if straddles
                else SuspectReason(code=Evidence.ALIKE, values={"other": names[best]}),
            )
            suspects.append((straddles, suspect))
    if not suspects:
        return []
    suspects.sort(key=lambda item: (not item[0], -item[1].score))
    return [
        Finding(
            kind=FindingKind.NEAR_DUPLICATES,
            values={"total": len(pictures), "straddling": sum(straddles for straddles, _ in suspects)},
            suspects=tuple(suspect for _, suspect in suspects),
            remedy=Remedy.EXCLUDE,
        )
    ]


def _similarity(pairs: Sequence[NearPair], labels: np.ndarray) -> dict[int, float]:
    """Compute the similarity to the nearest picture of the same label: 1 identical, 0 just a copy."""
    similarity: dict[int, float] = {}
    for pair in pairs:
        if labels[pair.first] == labels[pair.second]:
            for row in (pair.first, pair.second):
                similarity[row] = max(similarity.get(row, 0.0), 1.0 - pair.difference)
    return similarity


def _conflicts(pictures: pd.DataFrame, groups: np.ndarray, pairs: Sequence[NearPair]) -> list[Finding]:
    """Find pictures whose label is not the most frequent of their group; all of them in a tie."""
    labels = pictures["label"].to_numpy()
    together = pd.DataFrame({"group": groups, "label": labels})
    together = together[together.duplicated("group", keep=False) & (together["label"] != "")]
    votes = {group: Counter(members) for group, members in together.groupby("group")["label"]}
    partner: dict[int, tuple[int, NearPair]] = {}
    for pair in pairs:
        if labels[pair.first] != labels[pair.second] and labels[pair.first] and labels[pair.second]:
            partner.setdefault(pair.first, (pair.second, pair))
            partner.setdefault(pair.second, (pair.first, pair))
    suspects = []
    for row, (other, pair) in partner.items():
        counts = votes.get(groups[row]) or Counter([labels[row], labels[other]])
        most = max(counts.values())
        winners = [label for label, count in counts.items() if count == most]
        if winners == [labels[row]]:
            continue
        picture = pictures.iloc[row]
        suspects.append(
            Suspect(
                id=picture["id"],
                name=picture["name"],
                label=picture["label"],
                suggested=winners[0] if len(winners) == 1 else labels[other],
                other=pictures["id"].iloc[other],
                score=1.0 - pair.difference,
                because=SuspectReason(
                    code=Evidence.SAME_IN_OTHER_CLASS
                    if pair.difference == 0.0
                    else Evidence.ALIKE_IN_OTHER_CLASS,
                    values={"other": pictures["name"].iloc[other], "label": labels[other]},
                ),
            )
        )
    if not suspects:
        return []
    return [
        Finding(
            kind=FindingKind.CONFLICTING_LABELS,
            values={"total": len(pictures)},
            suspects=tuple(sorted(suspects, key=lambda suspect: -suspect.score)),
            remedy=Remedy.EXCLUDE,
        )
    ]
