"""Large views of every picture work in browsers and contain no metadata."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

from core.data.dataset import image_path, write_version
from core.data.manifest import complete_manifest
from core.data.pixels.viewing import VIEW_SIDE, view_picture
from core.data.version_record import Edit, EditKind
from core.errors import NotFoundError, UnreadableImageError
from core.files import sha256_bytes
from core.workspace import Project, open_staging, publish_project
from tests.support.pictures import digit, digit_scans, encoded, photograph, small_photograph


@pytest.fixture
def project(workspace: Path) -> Project:
    return publish_project(open_staging(), "Leaves")


def store(project: Project, data: bytes, extension: str = "png") -> str:
    """Put a file where an import puts it, in a version of its own; its digest."""
    sha256 = sha256_bytes(data)
    path = image_path(project.dataset, sha256, extension)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    write_one(project, sha256, location="")
    return sha256


def refer_to(project: Project, path: Path) -> str:
    """Make a version whose one picture is the user's own file; its digest."""
    sha256 = sha256_bytes(path.read_bytes())
    write_one(project, sha256, location=str(path))
    return sha256


def write_one(project: Project, sha256: str, location: str) -> None:
    """Write a version with one picture."""
    row = dict.fromkeys(("id", "name", "label", "group", "supplied_split", "split"), "a")
    row |= {"sha256": sha256, "format": "PNG", "extension": "png", "location": location}
    manifest = complete_manifest(pd.DataFrame([row | dict.fromkeys(("width", "height", "size_bytes"), 8)]))
    write_version(project.dataset, manifest, ["a"], [], Edit(kind=EditKind.IMPORTED_UNRECORDED), who="test")


def shown(view: tuple[bytes, str]) -> Image.Image:
    image = Image.open(io.BytesIO(view[0]))
    assert Image.MIME[image.format or ""] == view[1]
    return image


def test_few_pixels_are_shown_exactly(project: Project) -> None:
    """JPEG would smear a picture of 8 × 8 pixels."""
    view = view_picture(project, store(project, digit(7)))
    assert view[1] == "image/png"
    np.testing.assert_array_equal(np.asarray(shown(view).convert("L")), digit_scans()[7])


def test_a_large_picture_is_made_small_enough_to_send(project: Project) -> None:
    large = Image.fromarray(photograph("china")).resize((4000, 1000))
    view = view_picture(project, store(project, encoded(large, "JPEG"), "jpg"))
    assert shown(view).size == (VIEW_SIDE, VIEW_SIDE // 4)
    assert shown(view).format == "JPEG"


@pytest.mark.parametrize(
    ("picture", "format"),
    [
        (Image.fromarray(photograph("coins").astype(np.uint16) * 257), "TIFF"),
        (Image.fromarray(photograph("coins")).convert("CMYK"), "JPEG"),
        (Image.fromarray(photograph("coins")), "GIF"),
    ],
    ids=["16-bit TIFF", "CMYK JPEG", "GIF"],
)
def test_what_browsers_cannot_show_is_shown(project: Project, picture: Image.Image, format: str) -> None:
    view = shown(view_picture(project, store(project, encoded(picture, format), "x")))
    assert view.format == "JPEG"
    assert view.size == picture.size
    assert np.abs(np.asarray(view.convert("L"), dtype=float) - photograph("coins")).mean() < 6


def test_a_view_is_upright_and_without_location(project: Project) -> None:
    """A photograph of someone's garden must not carry its coordinates along."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turned by a quarter
    exif[ExifTags.Base.Model] = "Secret camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 12.0, 0.0)
    turned = encoded(photograph("china"), "JPEG", exif=exif, comment=b"taken at home", icc_profile=b"secret")
    data, _ = view = view_picture(project, store(project, turned, "jpg"))
    assert shown(view).size == photograph("china").shape[:2]
    assert not shown(view).getexif()
    assert not {"comment", "icc_profile", "exif"} & set(shown(view).info)
    for secret in (b"Secret", b"home", b"secret", b"Exif"):
        assert secret in turned
        assert secret not in data


def test_a_referenced_picture_is_found_where_its_owner_keeps_it(project: Project, tmp_path: Path) -> None:
    own = tmp_path / "own.png"
    own.write_bytes(digit(3))
    sha256 = refer_to(project, own)
    np.testing.assert_array_equal(
        np.asarray(shown(view_picture(project, sha256)).convert("L")), digit_scans()[3]
    )


@pytest.mark.parametrize("change", [lambda path: path.unlink(), lambda path: path.write_bytes(digit(4))])
def test_a_referenced_file_that_is_another_now_is_not_shown(
    project: Project, tmp_path: Path, change: object
) -> None:
    """The address names the content: a browser keeps what it got there for ever."""
    own = tmp_path / "own.png"
    own.write_bytes(digit(3))
    sha256 = refer_to(project, own)
    change(own)  # type: ignore[operator]
    with pytest.raises(NotFoundError, match="moved or changed"):
        view_picture(project, sha256)


def test_an_unknown_digest_is_not_found(project: Project) -> None:
    own_picture = store(project, digit(1))
    other = own_picture[:2] + "0" * 62
    with pytest.raises(NotFoundError):
        view_picture(project, other)


def test_a_damaged_file_is_no_picture(project: Project) -> None:
    damaged = encoded(small_photograph(), "PNG")[:-200]
    with pytest.raises(UnreadableImageError):
        view_picture(project, store(project, damaged))
