"""Documents, videos and volumes give their pictures within limits, and nothing else."""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tests.support.containers as files
from core.data.containers import container, nifti, pdf, video
from core.data.containers.config import ContainerConfig, ContainerKind, Plane
from core.data.containers.frames import Frame, container_in, count_inside, first_picture, frames_inside
from core.data.containers.table import CONTAINERS, container_of
from core.data.skip_reasons import SkipReason
from core.data.sources.members import Member
from core.errors import ConfigError, UnreadableImageError
from core.optional_packages import OptionalPackage


def member(name: str, data: bytes) -> Member:
    return Member(name=name, parts=(name,), read=lambda: data)


def frames(name: str, data: bytes, config: ContainerConfig | None = None) -> list[Frame]:
    file = member(name, data)
    kind = container_in(file)
    assert kind is not None
    return list(frames_inside(file, kind, config or ContainerConfig()))


def reason(name: str, data: bytes, config: ContainerConfig | None = None) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        frames(name, data, config)
    return caught.value.message.code


def count(name: str, data: bytes, config: ContainerConfig | None = None) -> int | None:
    file = member(name, data)
    return count_inside(file, CONTAINERS[container_of(name).kind], config or ContainerConfig())  # type: ignore[union-attr]


def pixels(frame: Frame) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(frame.data)))


def test_a_video_that_is_cut_off_before_its_first_frame_is_damaged() -> None:
    """FFmpeg opens it without an error, and finds no frames."""
    data = files.video([10, 200, 30], container="matroska")
    found = set()
    for end in range(300, len(data), 20):
        file = member("a.mkv", data[:end])
        try:
            assert first_picture(file, ContainerConfig())
        except UnreadableImageError as error:
            found.add(error.message.code)
    assert found == {SkipReason.DAMAGED}


def test_each_page_of_a_document_is_a_picture_of_one_group() -> None:
    """Pillow draws at 72 pixels an inch; pages are drawn at 144."""
    data = files.pdf(1, 2, 3, resolution=72)
    pages = frames("a.pdf", data)
    assert [page.suffix for page in pages] == ["#1", "#2", "#3"]
    assert len({page.group for page in pages}) == 1
    assert {pixels(page).shape for page in pages} == {(320, 240, 3)}
    assert count("a.pdf", data) == 3
    expected = np.asarray(files.page(2).resize((240, 320)), np.float32)
    assert np.abs(pixels(pages[1]) - expected).mean() < 6


def test_a_page_of_any_size_is_drawn_within_the_limit() -> None:
    """14,400 points are what PDF allows; a hostile file names more."""
    data = (
        files.pdf(1, resolution=1).replace(b"120.0 160.0", b"90000 160.0").replace(b"120 160", b"90000 160")
    )
    (page,) = frames("a.pdf", data)
    assert max(pixels(page).shape) <= 2400


def test_a_document_with_a_password_is_named() -> None:
    """Encryption handlers with other passwords than none."""
    import pypdfium2

    class Locked:
        def __init__(self, stream: object) -> None:
            raise pypdfium2.PdfiumError("password", err_code=4)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pypdfium2, "PdfDocument", Locked)
        assert reason("a.pdf", files.pdf(1)) == SkipReason.PDF_LOCKED


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", b"%PDF-1.7\nnothing"),
        ("a.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(200)),
        ("a.nii", files.nifti(np.zeros((4, 4, 4), np.int16))[:400]),
        ("a.nii.gz", files.nifti(np.arange(4096, dtype=np.int16).reshape(16, 16, 16), packed=True)[:-99]),
    ],
    ids=["document", "video", "volume", "packed volume"],
)
def test_a_damaged_file_is_named(name: str, data: bytes) -> None:
    assert reason(name, data) == SkipReason.DAMAGED
    assert count(name, data) in {0, 4, 16}


def test_a_video_gives_a_frame_every_so_many_seconds() -> None:
    """Twelve frames at four a second: seconds 0, 1 and 2."""
    data = files.video([20 * index for index in range(12)])
    taken = frames("a.mp4", data)
    assert [frame.suffix for frame in taken] == ["#0s", "#1s", "#2s"]
    assert [round(float(pixels(frame)[40:, 40:].mean()) / 20) for frame in taken] == [0, 4, 8]
    assert len({frame.group for frame in taken}) == 1
    assert count("a.mp4", data) == 3
    halves = ContainerConfig(frame_seconds=0.5)
    assert [frame.suffix for frame in frames("a.mp4", data, halves)] == [
        *("#0s", "#0.5s", "#1s", "#1.5s", "#2s", "#2.5s")
    ]


@pytest.mark.parametrize(("codec", "form"), [("libx264", "mp4"), ("mpeg4", "avi"), ("vp9", "webm")])
def test_usual_codecs_are_read(codec: str, form: str) -> None:
    data = files.video([0, 100, 200, 200], rate=1, codec=codec, container=form)
    assert len(frames(f"a.{form}", data)) == 4


def test_jumps_in_a_long_video_find_the_same_frames() -> None:
    """A minute at one frame a second, one every 20 s."""
    data = files.video(list(range(0, 240, 4)), rate=1)
    taken = frames("a.mp4", data, ContainerConfig(frame_seconds=20))
    assert [frame.suffix for frame in taken] == ["#0s", "#20s", "#40s"]
    assert [round(float(pixels(frame)[40:, 40:].mean()) / 4) for frame in taken] == [0, 20, 40]


def test_a_turned_video_is_upright() -> None:
    """The matrix of a phone that was held upright: a quarter turn clockwise."""
    data = bytearray(files.video([0, 0, 0, 0]))
    start = data.index(b"tkhd") + 4 + 40
    matrix = [0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30]
    data[start : start + 36] = np.array(matrix, ">i4").tobytes()
    (frame,) = frames("a.mp4", bytes(data))
    shown = pixels(frame)
    assert shown.shape == (96, 64, 3)
    # The square at the upper left is now at the upper right.
    assert shown[:10, -10:].mean() > 200 > 100 > shown[:10, :10].mean()


def test_neither_sound_nor_place_nor_author_is_kept() -> None:
    data = files.video([0, 0], title="Jane Doe", location="+52.5+013.4/")
    assert b"Jane Doe" in data
    assert not any(b"Jane" in frame.data or b"52.5" in frame.data for frame in frames("a.mp4", data))
    scan = files.nifti(np.zeros((4, 4, 4), np.int16), descrip=b"Jane Doe")
    assert not any(b"Jane" in frame.data for frame in frames("a.nii", scan))
    document = files.pdf(1, author="Jane Doe")
    assert not any(b"Jane" in frame.data for frame in frames("a.pdf", document))


def test_more_pictures_than_a_file_may_give_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "MAX_PICTURES", 2)
    assert reason("a.pdf", files.pdf(1, 2, 3)) == SkipReason.TOO_MANY_INSIDE
    assert reason("a.nii", files.nifti(np.zeros((4, 4, 4), np.int16))) == SkipReason.TOO_MANY_INSIDE
    assert reason("a.mp4", files.video([0] * 12)) == SkipReason.TOO_MANY_INSIDE


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "_MAX_MINUTES", -1)
    for name, data in (
        ("a.pdf", files.pdf(1)),
        ("a.nii", files.nifti(np.zeros((4, 4, 4), np.int16))),
        ("a.mp4", files.video([0] * 4)),
    ):
        assert reason(name, data) == SkipReason.TOO_SLOW


@pytest.mark.parametrize("module", [video, nifti])
def test_too_many_pixels_are_refused(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS", 10)
    name, data = (
        ("a.mp4", files.video([0] * 4))
        if module is video
        else ("a.nii", files.nifti(np.zeros((4, 4, 4), np.int16)))
    )
    assert reason(name, data) == SkipReason.TOO_MANY_PIXELS


def test_a_volume_that_unpacks_to_any_size_is_refused_by_its_header() -> None:
    data = bytearray(files.nifti(np.zeros((4, 4, 4), np.int16)))
    data[42:48] = np.array([30000, 30000, 30000], "<i2").tobytes()
    assert reason("a.nii.gz", gzip.compress(bytes(data))) == SkipReason.TOO_LARGE_TO_DECODE


def test_several_volumes_in_one_file_are_refused() -> None:
    assert reason("a.nii", files.nifti(np.zeros((4, 4, 4, 5), np.int16))) == SkipReason.SEVERAL_VOLUMES


def test_a_volume_is_cut_as_a_radiologist_looks_at_it() -> None:
    """Stored from the patient's left to right, back to front, feet to head: (x, y, z) of 2 x 3 x 4."""
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    slices = [pixels(frame) for frame in frames("a.nii", files.nifti(values))]
    assert len(slices) == 4
    # The first is nearest to the head. Its upper left is the patient's right front: x = 1, y = 2, z = 3.
    assert slices[0].tolist() == [[23, 11], [19, 7], [15, 3]]
    coronal = [
        pixels(frame) for frame in frames("a.nii", files.nifti(values), ContainerConfig(plane=Plane.CORONAL))
    ]
    # The first is the foremost; rows from head to feet.
    assert len(coronal) == 3
    assert coronal[0].tolist() == [[23, 11], [22, 10], [21, 9], [20, 8]]
    config = ContainerConfig(plane=Plane.SAGITTAL)
    sagittal = [pixels(frame) for frame in frames("a.nii", files.nifti(values), config)]
    # The first is the patient's right; columns from front to back.
    assert sagittal[0].tolist() == [[23, 19, 15], [22, 18, 14], [21, 17, 13], [20, 16, 12]]
    assert [count("a.nii", files.nifti(values), ContainerConfig(plane=plane)) for plane in Plane] == [4, 3, 2]


def test_a_volume_that_is_stored_another_way_gives_the_same_slices() -> None:
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    turned = np.diag([-1.0, 1.0, 1.0, 1.0])
    usual = [pixels(frame).tolist() for frame in frames("a.nii", files.nifti(values))]
    other = [
        pixels(frame).tolist() for frame in frames("a.nii.gz", files.nifti(values[::-1], turned, packed=True))
    ]
    assert other == usual


def test_values_are_the_measured_ones() -> None:
    data = bytearray(files.nifti(np.full((2, 2, 2), 1064, np.int16)))
    data[112:120] = np.array([1.0, -1024.0], "<f4").tobytes()
    assert {float(value) for frame in frames("a.nii", bytes(data)) for value in pixels(frame).ravel()} == {
        40.0
    }


def test_colours_of_a_volume_stay() -> None:
    values = np.zeros((2, 2, 2), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    values["R"], values["B"] = 10, 30
    assert {tuple(pixels(frame)[0, 0]) for frame in frames("a.nii", files.nifti(values))} == {(10, 0, 30)}


def test_a_file_of_another_kind_is_no_container() -> None:
    """A picture by the name of a document."""
    assert container_in(member("a.pdf", b"\xff\xd8\xff")) is None
    assert container_in(member("a.png", files.pdf(1))) is None
    assert first_picture(member("a.pdf", b"\xff\xd8\xff"), ContainerConfig()) == b"\xff\xd8\xff"


@pytest.mark.parametrize("kind", list(ContainerKind))
def test_without_its_reader_the_kind_is_named(kind: ContainerKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OptionalPackage, "is_installed", False)
    data = {
        ContainerKind.PDF: b"%PDF-1.7",
        ContainerKind.VIDEO: b"\x1aE\xdf\xa3",
        ContainerKind.NIFTI: bytes(344) + b"n+1\x00",
    }[kind]
    row = CONTAINERS[kind]
    assert reason(f"a{row.suffixes[0]}", data) == row.missing


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_an_interval_is_above_zero(seconds: float) -> None:
    with pytest.raises(ConfigError, match="A picture every"):
        ContainerConfig(frame_seconds=seconds)


def test_a_video_of_a_folder_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(files.video([0] * 8))

    def read() -> bytes:
        raise AssertionError

    file = Member(name="a.mp4", parts=("a.mp4",), read=read, path=path)
    kind = container_in(file)
    assert kind is not None
    assert len(list(frames_inside(file, kind, ContainerConfig()))) == 2


def test_pages_of_two_documents_are_drawn_in_turns() -> None:
    """PDFium is not made for threads; a lock lets one page be drawn at a time."""
    first = pdf.pages(io.BytesIO(files.pdf(1, 2)), ContainerConfig(), container.Deadline())
    second = pdf.pages(io.BytesIO(files.pdf(3, 4)), ContainerConfig(), container.Deadline())
    assert [len(pair) for pair in zip(first, second, strict=True)] == [2, 2]


def test_a_volume_that_begins_far_away_is_not_unpacked_so_far() -> None:
    """A few bytes of a gzip file can stand for terabytes before the values."""
    data = bytearray(files.nifti(np.zeros((4, 4, 4), np.uint8)))
    data[108:112] = struct.pack("<f", 2.0**40)
    assert reason("a.nii.gz", gzip.compress(bytes(data))) == SkipReason.TOO_LARGE_TO_DECODE
