"""The split is stratified and repeatable, and keeps groups in one part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd
import pytest

from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.data.split.splitting import SplitConfig, deal_additions, draw_split, redrawn_split
from core.data.split.sufficiency import unusable_classes
from core.errors import ConfigError

TRAIN, VALIDATION, TEST = (split.value for split in (Split.TRAIN, Split.VALIDATION, Split.TEST))


def pictures(counts: Mapping[str, int], supplied: str = "") -> pd.DataFrame:
    """So many pictures of each label, each in a group of its own: ``cats-0`` …"""
    names = [(label, f"{label}-{i}") for label, count in counts.items() for i in range(count)]
    return table([(label, group, supplied) for label, group in names])


def table(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["label", "group", "supplied_split"])


def parts(frame: pd.DataFrame, config: SplitConfig | None = None) -> dict[str, Counter[str]]:
    """Count the pictures of each class in each part."""
    split = draw_split(frame, config or SplitConfig())
    return {str(label): Counter(split[rows]) for label, rows in frame.groupby("label").groups.items()}


@pytest.mark.parametrize(
    ("count", "train", "validation", "test"),
    [(3, 1, 1, 1), (4, 2, 1, 1), (7, 5, 1, 1), (10, 6, 2, 2), (20, 14, 3, 3), (100, 70, 15, 15)],
)
def test_every_class_is_divided_alike(count: int, train: int, validation: int, test: int) -> None:
    """15% each, rounded, and never nothing: a class without test pictures is not measured."""
    expected = {TRAIN: train, VALIDATION: validation, TEST: test}
    assert parts(pictures({"cats": count, "dogs": count})) == {"cats": expected, "dogs": expected}


def test_the_fractions_are_those_asked_for() -> None:
    config = SplitConfig(validation_fraction=0.1, test_fraction=0.4)
    assert parts(pictures({"cats": 50}), config) == {"cats": {TRAIN: 25, VALIDATION: 5, TEST: 20}}


def test_the_most_that_can_be_taken_leaves_something_to_train() -> None:
    config = SplitConfig(validation_fraction=0.4, test_fraction=0.4)
    assert parts(pictures({"cats": 3, "dogs": 4}), config)["cats"] == {TRAIN: 1, VALIDATION: 1, TEST: 1}
    assert parts(pictures({"cats": 3, "dogs": 4}), config)["dogs"] == {TRAIN: 1, VALIDATION: 1, TEST: 2}


def test_a_seed_gives_its_split_every_time() -> None:
    frame = pictures({"cats": 30, "dogs": 30})
    first, second, other = (draw_split(frame, SplitConfig(seed=seed)) for seed in (1, 1, 2))
    assert first.equals(second)
    assert not first.equals(other)


def test_the_order_of_the_pictures_does_not_matter() -> None:
    """A zip and the folder it was made from give the same split."""
    frame = pictures({"cats": 30, "dogs": 30})
    split = draw_split(frame, SplitConfig())
    shuffled = frame.sample(frac=1.0, random_state=1)
    assert draw_split(shuffled, SplitConfig()).sort_index().equals(split)


def test_a_new_class_does_not_change_the_split_of_others() -> None:
    """Results before and after adding a class stay comparable."""
    before = draw_split(pictures({"cats": 30, "dogs": 30}), SplitConfig())
    after = draw_split(pictures({"cats": 30, "dogs": 30, "apes": 30}), SplitConfig())
    assert after.iloc[:60].equals(before)


def test_classes_are_drawn_independently() -> None:
    """Picture 7 of every class in the same part would be a pattern, where numbers mean the same scene."""
    frame = pictures({"cats": 30, "dogs": 30})
    split = draw_split(frame, SplitConfig())
    assert split.iloc[:30].tolist() != split.iloc[30:].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_group_stays_together(seed: int) -> None:
    """Copies on both sides would let the classifier look the answer up."""
    rows = [("cats", f"scene-{i // 4}", "") for i in range(40)] + [
        ("dogs", f"dog-{i}", "") for i in range(10)
    ]
    frame = table(rows)
    frame["split"] = draw_split(frame, SplitConfig(seed=seed))
    assert (frame.groupby("group")["split"].nunique() == 1).all()
    cats = frame[frame["label"] == "cats"]["split"].value_counts()
    assert cats.to_dict() == {TRAIN: 24, VALIDATION: 8, TEST: 8}  # of 10 scenes: 6, 2, 2


@pytest.mark.parametrize("seed", range(5))
def test_a_group_under_two_labels_stays_together(seed: int) -> None:
    """The same picture filed twice: whichever label is right, it must not be learnt and asked."""
    rows = [("cats", f"{i}", "") for i in range(12)] + [("dogs", f"{i}", "") for i in range(6, 18)]
    frame = table(rows)
    frame["split"] = draw_split(frame, SplitConfig(seed=seed))
    assert (frame.groupby("group")["split"].nunique() == 1).all()


@pytest.mark.parametrize("seed", range(12))
def test_a_class_that_only_occurs_beside_another_is_in_every_part(seed: int) -> None:
    """Each patient has healthy pictures, six of the forty also ill ones."""
    healthy = [("healthy", f"patient-{number}", "") for number in range(40)]
    ill = [("ill", f"patient-{number}", "") for number in range(6)]
    found = parts(table(healthy + ill), SplitConfig(seed=seed))
    assert found == {
        "healthy": {TRAIN: 28, VALIDATION: 6, TEST: 6},
        "ill": {TRAIN: 4, VALIDATION: 1, TEST: 1},
    }


@pytest.mark.parametrize("seed", range(20))
def test_a_large_group_does_not_become_a_part_by_itself(seed: int) -> None:
    """One patient has 200 of 245 pictures: the others measure, and the classifier has enough to learn from."""
    rows = [("ill", "patient-0", "")] * 200
    rows += [("ill", f"patient-{number}", "") for number in range(1, 10) for _ in range(5)]
    assert parts(table(rows), SplitConfig(seed=seed)) == {"ill": {TRAIN: 225, VALIDATION: 10, TEST: 10}}


@pytest.mark.parametrize("seed", range(10))
def test_parts_have_their_share_of_pictures_where_groups_differ(seed: int) -> None:
    """Forty patients with 1 to 40 pictures: 15% of the 820 are 123."""
    rows = [("ill", f"patient-{number}", "") for number in range(40) for _ in range(number + 1)]
    found = parts(table(rows), SplitConfig(seed=seed))["ill"]
    assert found[TEST] == pytest.approx(123, abs=15)
    assert found[VALIDATION] == pytest.approx(123, abs=15)


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("seed", range(5))
def test_excluded_pictures_take_no_part_from_those_that_are_used(task: Task, seed: int) -> None:
    """Four cats are left of forty: each part needs one of them."""
    frame = pictures({"cats": 40, "dogs": 20})
    frame["excluded"] = [number >= 4 for number in range(40)] + [False] * 20
    frame["split"] = redrawn_split(frame, SplitConfig(seed=seed), task)
    used = frame[(frame["label"] == "cats") & ~frame["excluded"]]
    assert used["split"].value_counts().to_dict() == {TRAIN: 2, VALIDATION: 1, TEST: 1}
    assert set(frame["split"]) == {TRAIN, VALIDATION, TEST}
    assert not (frame["excluded"] & (frame["split"] == TEST)).any()


def test_an_excluded_picture_follows_its_group() -> None:
    frame = pictures({"cats": 10, "dogs": 10})
    copies = frame.assign(excluded=True)
    both = pd.concat([frame.assign(excluded=False), copies], ignore_index=True)
    split = redrawn_split(both, SplitConfig())
    assert split[:20].tolist() == split[20:].tolist()


def test_supplied_parts_are_unchanged() -> None:
    """Benchmarks come with their own test set."""
    frame = table(
        [("cats", f"{part}-{i}", part) for part in (TRAIN, VALIDATION, TEST) for i in range(5)]
        + [("dogs", f"dog-{part}-{i}", part) for part in (TRAIN, VALIDATION, TEST) for i in range(2)]
    )
    assert draw_split(frame, SplitConfig()).tolist() == frame["supplied_split"].tolist()


@pytest.mark.parametrize(("supplied", "drawn"), [(TEST, VALIDATION), (VALIDATION, TEST)])
def test_a_part_that_the_source_lacks_comes_out_of_training(supplied: str, drawn: str) -> None:
    frame = table(
        [("cats", f"t{i}", TRAIN) for i in range(20)] + [("cats", f"s{i}", supplied) for i in range(7)]
    )
    frame["split"] = draw_split(frame, SplitConfig())
    assert frame["split"].value_counts().to_dict() == {TRAIN: 17, supplied: 7, drawn: 3}
    assert (frame["split"][frame["supplied_split"] == supplied] == supplied).all()


def test_a_source_of_training_pictures_alone_is_divided() -> None:
    assert parts(pictures({"cats": 20}, supplied=TRAIN)) == {"cats": {TRAIN: 14, VALIDATION: 3, TEST: 3}}


@pytest.mark.parametrize("supplied", [VALIDATION, TEST])
def test_a_part_that_all_pictures_are_in_divides_nothing(supplied: str) -> None:
    """Whoever takes the validation part of COCO as a dataset was told to put pictures under “train”."""
    frame = pictures({"cats": 20, "dogs": 20}, supplied)
    assert parts(frame)["cats"] == {TRAIN: 14, VALIDATION: 3, TEST: 3}
    assert unusable_classes(frame["label"], frame["supplied_split"]) == {}


def test_the_last_training_picture_is_not_taken_away() -> None:
    frame = table([("cats", "a", TRAIN), ("cats", "b", TEST), ("cats", "c", TEST)])
    assert draw_split(frame, SplitConfig()).tolist() == [TRAIN, TEST, TEST]


def test_a_picture_supplied_twice_measures_and_does_not_train() -> None:
    """Supplied to train under one label and to test under another, it would leak."""
    frame = table(
        [("cats", f"c{i}", TRAIN) for i in range(5)]
        + [("dogs", f"d{i}", TRAIN) for i in range(5)]
        + [("cats", "both", TRAIN), ("dogs", "both", TEST)]
    )
    assert draw_split(frame, SplitConfig()).tolist()[-2:] == [TEST, TEST]


@pytest.mark.parametrize("fraction", [0.0, -0.1, 0.41, 1.0, float("nan")])
def test_a_fraction_that_leaves_a_part_empty_or_starved_is_refused(fraction: float) -> None:
    with pytest.raises(ConfigError, match="not possible"):
        SplitConfig(test_fraction=fraction)
    with pytest.raises(ConfigError, match="not possible"):
        SplitConfig(validation_fraction=fraction)


def test_the_table_is_not_changed() -> None:
    frame = pictures({"cats": 5, "dogs": 5})
    copy = frame.copy()
    draw_split(frame, SplitConfig())
    assert frame.equals(copy)


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("at_once", [1, 2, 20])
def test_pictures_that_are_added_one_by_one_validate_as_those_of_one_addition(
    task: Task, at_once: int
) -> None:
    """Camera shots and corrections come singly: otherwise validation would shrink from 15% to nothing."""
    frame = pictures({"cats": 20, "dogs": 20})
    frame["split"] = draw_split(frame, SplitConfig(), task)
    added = pictures({"cats": 80}).assign(split="", group=[f"new-{i}" for i in range(80)])
    for start in range(0, len(added), at_once):
        frame = pd.concat([frame, added[start : start + at_once]], ignore_index=True)
        frame["split"] = deal_additions(frame, frame["split"] == "", SplitConfig(), task)
    counts = Counter(frame.loc[frame["label"] == "cats", "split"])
    assert counts == {TRAIN: 82, VALIDATION: 15, TEST: 3}


@pytest.mark.parametrize("task", Task)
def test_a_class_whose_pictures_come_one_by_one_trains_first(task: Task) -> None:
    frame = pictures({"dogs": 20})
    frame["split"] = draw_split(frame, SplitConfig(), task)
    for number in range(20):
        one = table([("cats", f"new-{number}", "")]).assign(split="")
        frame = pd.concat([frame, one], ignore_index=True)
        frame["split"] = deal_additions(frame, frame["split"] == "", SplitConfig(), task)
    assert frame["split"][20:22].tolist() == [TRAIN, VALIDATION]
    assert Counter(frame["split"][20:]) == {TRAIN: 17, VALIDATION: 3}
