"""Multi-label splits have every class in every part, and keep groups in one part."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.labels.label_sets import NONE_OF_THEM, named_classes, shows_class
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.data.split import stratification
from core.data.split.splitting import SplitConfig, deal_additions, draw_split

SEVERAL = Task.MULTI_LABEL
TRAIN, VALIDATION, TEST = (split.value for split in (Split.TRAIN, Split.VALIDATION, Split.TEST))
CLASSES = ("ape", "bee", "cat", "dog")
label_sets = st.sets(st.sampled_from(CLASSES)).map(lambda names: "; ".join(sorted(names)) or NONE_OF_THEM)
labelled_groups = st.lists(st.tuples(label_sets, st.integers(0, 20)), min_size=1, max_size=60)


def table(rows: list[tuple[str, int]]) -> pd.DataFrame:
    labels, groups = zip(*rows, strict=True)
    return pd.DataFrame(
        {"label": labels, "group": [f"g{group}" for group in groups], "supplied_split": "", "split": ""}
    )


def counts_in(frame: pd.DataFrame, part: str) -> dict[str, int]:
    counts = named_classes(frame.loc[frame["split"] == part, "label"], SEVERAL).value_counts()
    return {name: int(counts.get(name, 0)) for name in CLASSES}


def random_sets(count: int, shares: tuple[float, ...], seed: int) -> pd.DataFrame:
    """So many pictures, each of a group of its own; each class shows in about its share of them."""
    shown = np.random.default_rng(seed).random((count, len(CLASSES))) < shares
    labels = ["; ".join(np.array(CLASSES)[row]) or NONE_OF_THEM for row in shown]
    return table(list(zip(labels, range(count), strict=True)))


@settings(max_examples=60, deadline=None)
@given(labelled_groups, st.integers(0, 9))
def test_groups_stay_whole_every_picture_has_a_part_and_every_class_trains(
    rows: list[tuple[str, int]], seed: int
) -> None:
    frame = table(rows)
    frame["split"] = draw_split(frame, SplitConfig(seed=seed), SEVERAL)
    assert set(frame["split"]) <= {TRAIN, VALIDATION, TEST}
    assert (frame.groupby("group")["split"].nunique() == 1).all()
    there = set(named_classes(frame["label"], SEVERAL))
    assert {name for name, count in counts_in(frame, TRAIN).items() if count} == there


@settings(max_examples=40, deadline=None)
@given(labelled_groups, labelled_groups, st.integers(0, 9))
def test_earlier_parts_stay_when_pictures_are_added(
    before: list[tuple[str, int]], added: list[tuple[str, int]], seed: int
) -> None:
    """The test set is frozen; an added picture follows its group."""
    first = table(before)
    first["split"] = draw_split(first, SplitConfig(), SEVERAL)
    both = pd.concat([first, table(added)], ignore_index=True)
    is_new = pd.Series([False] * len(before) + [True] * len(added))
    both["split"] = deal_additions(both, is_new, SplitConfig(seed=seed), SEVERAL)
    assert both["split"][~is_new].tolist() == first["split"].tolist()
    assert (both["split"] != "").all()
    assert (both.groupby("group")["split"].nunique() == 1).all()


def test_each_part_has_its_share_of_each_class() -> None:
    """1,000 pictures, classes in 60, 30, 10 and 2% of them: within one picture and a tenth of the share."""
    frame = random_sets(1000, (0.6, 0.3, 0.1, 0.02), seed=0)
    frame["split"] = draw_split(frame, SplitConfig(), SEVERAL)
    totals = named_classes(frame["label"], SEVERAL).value_counts()
    for part, share in ((TRAIN, 0.7), (VALIDATION, 0.15), (TEST, 0.15)):
        for name, count in counts_in(frame, part).items():
            assert abs(count - share * totals[name]) <= 1 + 0.1 * share * totals[name], (part, name)
    without = frame[frame["label"] == NONE_OF_THEM]["split"].value_counts(normalize=True)
    assert abs(without[TEST] - 0.15) < 0.02


def test_a_rare_class_stands_in_every_part() -> None:
    """Three pictures of it, beside others: one each, or it would not be learnt, or not be measured."""
    frame = table([("ape; dog" if i < 3 else "dog", i) for i in range(60)])
    frame["split"] = draw_split(frame, SplitConfig(), SEVERAL)
    assert [counts_in(frame, part)["ape"] for part in (TRAIN, VALIDATION, TEST)] == [1, 1, 1]
    assert [counts_in(frame, part)["dog"] for part in (TRAIN, VALIDATION, TEST)] == [42, 9, 9]


def test_a_class_of_one_group_trains() -> None:
    frame = table([("ape", 0), ("ape; cat", 0)] + [("cat; dog", i) for i in range(1, 9)])
    frame["split"] = draw_split(frame, SplitConfig(seed=3), SEVERAL)
    assert frame.loc[shows_class(frame["label"], "ape", SEVERAL), "split"].tolist() == [TRAIN, TRAIN]


def test_a_large_group_does_not_become_a_part_by_itself() -> None:
    """One patient has 200 of 245 pictures: the others measure, and the classifier has enough to learn from."""
    frame = table([("cat; dog", 0)] * 200 + [("cat; dog", group) for group in range(1, 10) for _ in range(5)])
    for seed in range(10):
        split = draw_split(frame, SplitConfig(seed=seed), SEVERAL)
        assert split.value_counts().to_dict() == {TRAIN: 225, VALIDATION: 10, TEST: 10}


def test_the_split_does_not_depend_on_the_order_of_rows() -> None:
    frame = random_sets(80, (0.5, 0.4, 0.3, 0.2), seed=1)
    split = draw_split(frame, SplitConfig(seed=4), SEVERAL)
    shuffled = frame.sample(frac=1, random_state=0)
    assert draw_split(shuffled, SplitConfig(seed=4), SEVERAL).sort_index().equals(split)
    assert not draw_split(frame, SplitConfig(seed=5), SEVERAL).equals(split)


def test_added_pictures_of_tested_classes_are_not_tested_but_those_of_new_ones_are() -> None:
    """Results before and after are compared on the same pictures; a new class must be measured too."""
    first = table([("cat; dog" if i % 2 else "dog", i) for i in range(40)])
    first["split"] = draw_split(first, SplitConfig(), SEVERAL)
    added = table([("cat", 100 + i) for i in range(20)] + [("bee; dog", 200 + i) for i in range(20)])
    both = pd.concat([first, added], ignore_index=True)
    is_new = both.index >= len(first)
    both["split"] = deal_additions(both, pd.Series(is_new), SplitConfig(), SEVERAL)
    tested = both[is_new & (both["split"] == TEST)]
    assert tested["label"].tolist() == ["bee; dog"] * 3
    assert counts_in(both, VALIDATION)["cat"] == 6  # 15% of the 40 that there are now


def test_what_the_source_divided_stays_and_what_it_lacks_comes_out_of_training() -> None:
    frame = table([("cat; dog", i) for i in range(27)])
    frame["supplied_split"] = [TRAIN] * 20 + [TEST] * 7
    frame["split"] = draw_split(frame, SplitConfig(), SEVERAL)
    assert frame["split"].value_counts().to_dict() == {TRAIN: 17, TEST: 7, VALIDATION: 3}
    assert (frame["split"][20:] == TEST).all()


def dealt_one_class_at_a_time(shows: np.ndarray, lacking: np.ndarray, order: np.ndarray) -> list[int]:
    """The algorithm as it was published: what waits is counted anew for each class."""
    part, waiting = [-1] * len(shows), np.ones(len(shows), np.bool_)
    while waiting.any():
        counts = shows[waiting].sum(axis=0)
        rarest = min(np.flatnonzero(counts), key=lambda column: counts[column])
        for group in (group for group in order if waiting[group] and shows[group, rarest]):
            most = max(range(3), key=lambda index: (lacking[index, rarest], lacking[index, -1]))
            part[group], waiting[group] = most, False
            lacking[most] -= [*shows[group], True]
    return part


@pytest.mark.parametrize("seed", range(5))
def test_counting_what_is_dealt_gives_the_published_parts(seed: int) -> None:
    """Counting anew for each class takes minutes with a thousand classes."""
    random = np.random.default_rng(seed)
    shows = random.random((120, 15)) < random.uniform(0.02, 0.4, 15)
    shows[np.arange(120), random.integers(0, 15, 120)] = True
    lacking, order = random.integers(0, 60, (3, 16)), random.permutation(120)
    members = stratification._members(shows, order)
    part = stratification._deal(shows, lacking.copy(), members)
    assert part.tolist() == dealt_one_class_at_a_time(shows, lacking.copy(), order)
