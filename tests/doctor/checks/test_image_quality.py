"""Poor pictures among good ones are suspects; a dataset of unusual pictures has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from core.doctor.checks.image_quality import find_poor_quality
from core.doctor.findings import Remedy
from core.doctor.sentences import FindingKind
from tests.support.manifests import write_pictures
from tests.support.pictures import digit_scans, photograph

PHOTOGRAPHS = ("china", "flower", "chelsea", "astronaut", "coffee", "rocket", "camera", "coins", "moon")


def photographs() -> dict[str, Image.Image]:
    return {name: Image.fromarray(photograph(name)).convert("RGB") for name in PHOTOGRAPHS}


def poor_pictures() -> dict[FindingKind, Image.Image]:
    """One of each kind."""
    chelsea = photographs()["chelsea"]
    grain = np.random.default_rng(0).normal(0, 1, (200, 300, 3))
    return {
        FindingKind.BLANK: Image.fromarray(np.uint8(np.clip(90 + grain, 0, 255))),
        FindingKind.DARK: ImageEnhance.Brightness(chelsea).enhance(0.12),
        FindingKind.BRIGHT: Image.eval(chelsea, lambda level: 223 + level // 8),
        FindingKind.BLURRED: chelsea.filter(ImageFilter.GaussianBlur(9)),
        FindingKind.TINY: chelsea.resize((40, 30)),
        FindingKind.EXTREME_ASPECT: chelsea.resize((900, 60)),
    }


def found_in(pictures: pd.DataFrame) -> dict[FindingKind, list[str]]:
    return {
        finding.kind: [suspect.name for suspect in finding.suspects]
        for finding in find_poor_quality(pictures)
    }


def test_good_photographs_are_not_suspected(tmp_path: Path) -> None:
    assert found_in(write_pictures(tmp_path, photographs())) == {}


def test_each_poor_picture_is_found_and_named_once(tmp_path: Path) -> None:
    poor = poor_pictures()
    pictures = write_pictures(
        tmp_path, photographs() | {kind.value: picture for kind, picture in poor.items()}
    )
    assert found_in(pictures) == {kind: [kind.value] for kind in poor}


@pytest.mark.parametrize(
    "kind", [FindingKind.DARK, FindingKind.BRIGHT, FindingKind.BLURRED, FindingKind.TINY]
)
def test_usual_quality_of_a_dataset_is_not_suspected(kind: FindingKind, tmp_path: Path) -> None:
    """Pictures of the night sky are dark, scans faded, digits tiny."""
    spoil = {
        FindingKind.DARK: lambda picture: ImageEnhance.Brightness(picture).enhance(0.12),
        FindingKind.BRIGHT: lambda picture: Image.eval(picture, lambda level: 235 + level // 13),
        FindingKind.BLURRED: lambda picture: picture.filter(ImageFilter.GaussianBlur(9)),
        FindingKind.TINY: lambda picture: picture.resize((30, 30)),
    }[kind]
    pictures = write_pictures(tmp_path, {name: spoil(picture) for name, picture in photographs().items()})
    assert kind not in found_in(pictures)


def test_handwritten_digits_are_not_suspected(tmp_path: Path) -> None:
    """Eight pixels wide, blurred by enlarging, mostly paper: and all there is."""
    scans = {
        str(number): Image.fromarray(scan).resize((64, 64), Image.Resampling.BICUBIC)
        for number, scan in enumerate(digit_scans()[:300])
    }
    assert found_in(write_pictures(tmp_path, scans)) == {}


def test_the_worst_comes_first_and_says_why(tmp_path: Path) -> None:
    chelsea = photographs()["chelsea"]
    spoilt = {f"by {radius}": chelsea.filter(ImageFilter.GaussianBlur(radius)) for radius in (8, 20, 12)}
    (finding,) = find_poor_quality(write_pictures(tmp_path, photographs() | spoilt))
    assert [suspect.name for suspect in finding.suspects] == ["by 20", "by 12", "by 8"]
    assert finding.headline.values == {"count": 3, "total": 12}
    assert finding.remedy is Remedy.EXCLUDE
    assert "sharp" in str(finding.suspects[0].because)


def test_no_pictures_have_no_faults() -> None:
    assert find_poor_quality(pd.DataFrame()) == []
