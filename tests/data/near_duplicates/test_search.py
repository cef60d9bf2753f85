"""Copies are detected, similar pictures are not, and groups do not grow along chains."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance, ImageOps

from core.data.near_duplicates.search import NearPair, near_duplicate_groups, near_duplicates, picture_quality
from core.progress import JobStopped
from tests.support.manifests import write_pictures
from tests.support.pictures import digit_scans, encoded, photograph
from tests.support.progress_recorder import Recorder

Copy = Callable[[Image.Image], Image.Image]
PHOTOGRAPHS = (
    "china",
    "flower",
    "chelsea",
    "astronaut",
    "coffee",
    "rocket",
    "camera",
    "coins",
    "page",
    "gravel",
)


def whole_photographs() -> dict[str, Image.Image]:
    return {name: Image.fromarray(photograph(name)).convert("RGB") for name in PHOTOGRAPHS}


def pieces() -> dict[str, Image.Image]:
    """Twelve pieces of each photograph that share no pixel: the same subject and light, another picture."""
    tiles = {}
    for name, picture in whole_photographs().items():
        width, height = picture.width // 4, picture.height // 3
        for number in range(12):
            left, top = number % 4 * width, number // 4 * height
            tiles[f"{name}-{number}"] = picture.crop((left, top, left + width, top + height))
    return {name: tile for name, tile in tiles.items() if np.asarray(tile.convert("L")).std() >= 8}


def digits(count: int = 1797) -> dict[str, Image.Image]:
    """Scans as the sample has them: enlarged smoothly, all different."""
    return {
        f"digit-{number}": Image.fromarray(scan).resize((64, 64), Image.Resampling.BICUBIC)
        for number, scan in enumerate(digit_scans()[:count])
    }


def recompressed(picture: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encoded(picture.convert("RGB"), "JPEG", quality=quality))).convert("RGB")


def resized(picture: Image.Image, scale: float) -> Image.Image:
    size = round(scale * picture.width), round(scale * picture.height)
    return picture.resize(size, Image.Resampling.BICUBIC)


def cropped(picture: Image.Image, share: float, left: float = 0.5, top: float = 0.5) -> Image.Image:
    """The window of this share of each side; ``left`` and ``top`` of what is cut away lie before it."""
    width, height = round(share * picture.width), round(share * picture.height)
    x, y = round(left * (picture.width - width)), round(top * (picture.height - height))
    return picture.crop((x, y, x + width, y + height))


def brightened(picture: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(factor)


def several_changes(picture: Image.Image) -> Image.Image:
    return recompressed(brightened(cropped(resized(picture, 0.7), 0.95, 0.2, 0.7), 1.1), 60)


COPIES: dict[str, Copy] = {
    "quality 40": lambda picture: recompressed(picture, 40),
    "half the size": lambda picture: resized(picture, 0.5),
    "nine tenths of the size": lambda picture: resized(picture, 0.9),
    "darker": lambda picture: brightened(picture, 0.85),
    "lighter": lambda picture: brightened(picture, 1.15),
    "cropped all around": lambda picture: cropped(picture, 0.95),
    "cropped at a corner": lambda picture: cropped(picture, 0.9, 1, 1),
    "mirrored": ImageOps.mirror,
    "several changes": several_changes,
}
LEAST_FOUND = {"several changes": 0.9}  # of the others 0.95


def pairs_of(pairs: list[NearPair]) -> set[tuple[int, int]]:
    return {(pair.first, pair.second) for pair in pairs}


def linked_to_the_first(pairs: list[NearPair]) -> set[int]:
    """Pictures connected to the first one by pairs."""
    reached, grown = {0}, True
    while grown:
        near = {end for pair in pairs_of(pairs) if reached & set(pair) for end in pair}
        grown, reached = not near <= reached, reached | near
    return reached


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_found(name: str, tmp_path: Path) -> None:
    """Changes that messengers and web sites make to pictures."""
    originals = {**pieces(), **digits(40)}
    copies = {f"{label}, copy": COPIES[name](picture.convert("RGB")) for label, picture in originals.items()}
    pictures = write_pictures(tmp_path, {**originals, **copies})
    found = pairs_of(near_duplicates(pictures, tmp_path))
    expected = {(row, row + len(originals)) for row in range(len(originals))}
    assert len(expected & found) >= LEAST_FOUND.get(name, 0.95) * len(expected)
    assert found - expected == set()


def test_different_pictures_are_not_copies(tmp_path: Path) -> None:
    """Pieces of one wall, one page, one sky; and they are no copies of the whole."""
    pictures = write_pictures(tmp_path, {**whole_photographs(), **pieces()})
    assert near_duplicates(pictures, tmp_path) == []


def test_handwritten_digits_are_not_copies(tmp_path: Path) -> None:
    """They have 8 × 8 pixels and look alike by the hundred; grouped, they could not be split."""
    pictures = write_pictures(tmp_path, digits())
    assert near_duplicates(pictures, tmp_path) == []


def test_pictures_with_nothing_on_them_are_not_compared(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 2, (30, 60, 80))
    empty = {str(n): (200 + n + grain).clip(0, 255).astype(np.uint8) for n, grain in enumerate(noise)}
    pictures = write_pictures(tmp_path, empty)
    assert near_duplicates(pictures, tmp_path) == []


def test_the_same_shape_in_another_colour_is_another_picture(tmp_path: Path) -> None:
    """A red cup is not a blue cup."""
    red = Image.fromarray(photograph("coffee"))
    blue = Image.merge("RGB", red.split()[::-1])
    assert near_duplicates(write_pictures(tmp_path, {"red": red, "blue": blue}), tmp_path) == []


def test_many_copies_are_one_group_led_by_the_best(tmp_path: Path) -> None:
    """The split must keep all of them on one side, and the doctor keeps the best."""
    original = Image.fromarray(photograph("chelsea"))
    copies = {
        f"copy {quality}": recompressed(resized(original, 0.8), quality) for quality in range(30, 90, 2)
    }
    others = dict(list(pieces().items())[::10])
    pictures = write_pictures(tmp_path, {**copies, "original": original, **others})
    groups = near_duplicate_groups(pictures, tmp_path)
    leader = pictures["sha256"][list(pictures["name"]).index("original")]
    assert (groups[: len(copies) + 1] == leader).all()
    assert groups[len(copies) + 1 :].tolist() == pictures["sha256"][len(copies) + 1 :].tolist()


def test_a_chain_of_small_steps_is_not_one_group(tmp_path: Path) -> None:
    """Each frame of a slow pan looks like the next, but its end shows nothing of its beginning."""
    scene = Image.fromarray(photograph("coffee"))
    window, step = 150, 3  # pixels
    lefts = range(0, scene.width - window, step)
    frames = {str(left): scene.crop((left, 0, left + window, scene.height // 2)) for left in lefts}
    pictures = write_pictures(tmp_path, frames)
    pairs = near_duplicates(pictures, tmp_path)
    assert len(linked_to_the_first(pairs)) > 0.9 * len(frames), "they must be a chain, or this test is empty"
    sizes = near_duplicate_groups(pictures, tmp_path, pairs).value_counts()
    assert sizes.max() * step < window
    assert sizes.max() >= 5


def test_only_pairs_with_a_new_picture_are_looked_for(tmp_path: Path) -> None:
    """One picture from the camera must not cost a search among fifty thousand."""
    whole = whole_photographs()
    there = {
        "china": whole["china"],
        "china again": recompressed(whole["china"], 50),
        "part of the flower": cropped(whole["flower"], 0.93, 0, 0),
        "chelsea": whole["chelsea"],
    }
    new = {"flower": whole["flower"], "part of chelsea": cropped(whole["chelsea"], 0.93, 1, 0)}
    pictures = write_pictures(tmp_path, {**there, **new})
    everything = {(0, 1), (2, 4), (3, 5)}
    assert pairs_of(near_duplicates(pictures, tmp_path)) == everything
    added = pd.Series([False] * 4 + [True] * 2)
    assert pairs_of(near_duplicates(pictures, tmp_path, added=added)) == everything - {(0, 1)}
    groups = near_duplicate_groups(pictures, tmp_path, added=added)
    assert groups.nunique() == 4


def test_proposed_pairs_are_checked_by_pixels(tmp_path: Path) -> None:
    """A strong crop has another hash; a proposal may also be wrong."""
    whole = whole_photographs()
    half = cropped(whole["coffee"], 0.72, 0.3, 0.6)
    pictures = write_pictures(tmp_path, {"coffee": whole["coffee"], "part": half, "china": whole["china"]})
    assert near_duplicates(pictures, tmp_path) == []
    found = near_duplicates(pictures, tmp_path, proposed=[(1, 0), (0, 2), (1, 2)])
    assert pairs_of(found) == {(0, 1)}


def test_cached_hashes_give_the_same_pairs(tmp_path: Path) -> None:
    """The second search reads what the first one computed, also for more pictures."""
    originals = dict(list(pieces().items())[:12])
    copies = {f"{name}, copy": resized(picture, 0.7) for name, picture in originals.items()}
    pictures = write_pictures(tmp_path, {**originals, **copies})
    near_duplicates(pictures[:18], tmp_path)
    kept = near_duplicates(pictures, tmp_path)
    shutil.rmtree(tmp_path / "similarity")
    assert near_duplicates(pictures, tmp_path) == kept
    assert len(kept) == 12


def test_the_search_can_be_stopped(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path, digits(20))
    with pytest.raises(JobStopped):
        near_duplicates(pictures, tmp_path, progress=Recorder(stop=lambda recorder: True))


@pytest.mark.parametrize("count", [0, 1])
def test_few_pictures_have_no_copies(count: int, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path, digits(1))[:count]
    assert near_duplicates(pictures, tmp_path) == []
    assert near_duplicate_groups(pictures, tmp_path).tolist() == pictures["sha256"].tolist()


def test_the_best_copy_has_most_pixels_then_is_sharpest_then_largest() -> None:
    pictures = pd.DataFrame(
        {
            "width": [100, 200, 200, 200],
            "height": [100, 100, 100, 100],
            "sharpness": [9.0, 0.5, 1.5, 1.501],
            "size_bytes": [900, 900, 500, 400],
        }
    )
    assert picture_quality(pictures).tolist() == [0, 1, 3, 2]
