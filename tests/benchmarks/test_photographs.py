"""The benchmark's pictures: uneven, mixed, split without overlap, the same every time."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.photographs import (
    PARTS,
    SOURCES,
    TURNS,
    class_counts,
    plan,
    tile_boxes,
    write_photographs,
)
from benchmarks.quick_training import write_split_digits

COUNT = 100


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    write_photographs(folder, COUNT)
    return folder


def pictures_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_largest_of_sixteen_classes_has_about_a_fifth() -> None:
    counts = class_counts(1600)
    assert len(counts) == len(SOURCES) == 16
    assert sum(counts) == 1600
    assert max(counts) == counts[0] == pytest.approx(0.21 * 1600, abs=16)
    assert min(counts) >= 30


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        class_counts(60)


def test_every_class_stands_in_every_part() -> None:
    combinations = Counter((item.part, item.label) for item in plan(COUNT))
    assert set(combinations) == set(product(PARTS, SOURCES))


def test_no_pixel_of_a_photograph_is_in_two_parts() -> None:
    """Otherwise the test would ask for what was seen while training."""
    owners: Counter[tuple[int, int]] = Counter()
    for part in PARTS:
        for left, top, right, bottom in tile_boxes(part, 45, 30):
            owners.update(product(range(left, right), range(top, bottom)))
    assert set(owners.values()) == {1}
    assert len(owners) == 45 * 30


def test_over_the_turns_each_tile_is_a_test_tile_once() -> None:
    tested = Counter(box for turn in range(TURNS) for box in tile_boxes("test", 45, 30, turn))
    tiles = {box for part in PARTS for box in tile_boxes(part, 45, 30)}
    assert tested == dict.fromkeys(tiles, 1)


def test_only_the_parts_that_are_asked_for_are_written(photographs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    write_photographs(folder, COUNT, parts=("test",))
    assert {path.name for path in folder.iterdir()} == {"test"}
    assert [path.name for path in pictures_in(folder)] == [
        path.name for path in pictures_in(photographs / "test")
    ]


def test_pictures_are_of_mixed_size_shape_and_format(photographs: Path) -> None:
    paths = pictures_in(photographs)
    sizes = [Image.open(path).size for path in paths]
    assert len(paths) == COUNT
    assert {path.suffix for path in paths} == {".jpg", ".png"}
    assert all(200 <= max(size) <= 900 for size in sizes)
    assert len(set(sizes)) > COUNT / 2
    assert any(width > height for width, height in sizes)
    assert any(width < height for width, height in sizes)


def test_the_same_seed_gives_the_same_pictures(photographs: Path, tmp_path: Path) -> None:
    """So that figures of different days compare."""
    write_photographs(tmp_path, COUNT)
    for first, second in zip(pictures_in(photographs), pictures_in(tmp_path), strict=True):
        assert first.name == second.name
        assert first.read_bytes() == second.read_bytes()


def test_digits_come_split_with_every_picture_once(tmp_path: Path) -> None:
    write_split_digits(tmp_path, per_digit=10)
    parts = {part: pictures_in(tmp_path / "split" / part) for part in PARTS}
    assert {part: len(paths) for part, paths in parts.items()} == {"train": 70, "val": 10, "test": 20}
    assert len({path.name for paths in parts.values() for path in paths}) == 100
