"""Pictures with many channels: three of them are chosen once, for the project, predictions and exports."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import Dataset, open_dataset
from core.data.formats.understanding import ConfirmationNeededError
from core.data.import_config import ImportConfig
from core.data.importing import ImportReport, add_pictures, import_dataset
from core.data.notes import NoteKind
from core.data.pixels.channel_offer import channel_views
from core.data.pixels.decoding import load_picture
from core.data.question import channel_views as views_of
from core.data.question import write_question
from core.errors import ConfigError
from tests.data.images.test_bands import written
from tests.support.pictures import Files, class_folders, write_folder

NAMES = ("B02", "B03", "B04", "B08")


def fields(names: tuple[str, ...] = ()) -> Files:
    """Six pictures with four bands: the first is 10, the second 60, the third 110, the fourth 160, and noise."""
    items = "".join(
        f'<Item name="DESCRIPTION" sample="{i}" role="description">{name}</Item>'
        for i, name in enumerate(names)
    )
    tags = [(42112, "s", 0, f"<GDALMetadata>{items}</GDALMetadata>", True)] if names else []
    generator = np.random.default_rng(5)
    return {
        f"{'corn' if number % 2 else 'wheat'}/{number}.tif": written(
            (np.array([10, 60, 110, 160]) + generator.integers(0, 9, (32, 32, 1))).astype(np.uint8),
            extratags=tags,
        )
        for number in range(6)
    }


def imported(source: Path, config: ImportConfig) -> tuple[ImportReport, Dataset]:
    report = import_dataset(source, "Fields", config)
    return report, open_dataset(report.project)


def shown(dataset: Dataset) -> list[int]:
    """Tens of red, green and blue of the first picture, as training sees it."""
    pixels = load_picture(dataset.picture_bytes(0), 16, dataset.pixel_range, dataset.channels)
    return [round(float(level) / 10) for level in pixels.mean(axis=(0, 1)) - 4]


def test_channels_are_asked_about_with_those_that_are_called_red_green_and_blue(tmp_path: Path) -> None:
    with pytest.raises(ConfirmationNeededError, match=r"have 4 channels\. Channels 3, 2, 1") as caught:
        import_dataset(write_folder(tmp_path / "fields", fields(NAMES)), "Fields")
    offer = caught.value.understanding.channels
    assert offer is not None
    assert (offer.count, offer.names, offer.suggested) == (4, NAMES, (3, 2, 1))
    write_question(tmp_path, caught.value)
    views = views_of(tmp_path)
    assert views is not None
    with Image.open(views) as image:
        assert image.size == (32, 4 * 32)


def test_confirmed_the_suggestion_holds(tmp_path: Path) -> None:
    report, dataset = imported(write_folder(tmp_path / "fields", fields(NAMES)), ImportConfig(confirmed=True))
    assert dataset.channels == (3, 2, 1)
    assert shown(dataset) == [11, 6, 1]
    assert report.understanding is not None
    note = next(note for note in report.understanding.notes if note.kind is NoteKind.CHANNELS_CHOSEN)
    assert str(note.message).startswith("Pictures with many channels: 6. Channels 3, 2 and 1 are red")


def test_a_choice_needs_no_question_and_is_part_of_the_caches(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "fields", fields())
    _, dataset = imported(source, ImportConfig(channels=(4, 1, 0)))
    assert shown(dataset) == [16, 1, 0]
    assert dataset.decoded_keys != dataset.pictures["sha256"].tolist()
    with Image.open(io.BytesIO(dataset.thumbnail(0))) as image:
        red, _green, blue = np.asarray(image).mean(axis=(0, 1))
    assert red > 140 > 30 > blue


def test_additions_keep_the_projects_channels(tmp_path: Path) -> None:
    report, _ = imported(write_folder(tmp_path / "fields", fields()), ImportConfig(channels=(4, 1, 2)))
    more = write_folder(tmp_path / "more", {f"more/{name}": data for name, data in fields(NAMES).items()})
    with pytest.raises(
        ConfigError, match="have channels 4, 1, 2 as red, green and blue, which cannot change"
    ):
        add_pictures(report.project, more, ImportConfig(channels=(3, 2, 1)))
    add_pictures(report.project, more)
    assert open_dataset(report.project).channels == (4, 1, 2)


@pytest.mark.parametrize("channels", [(0, 0, 0), (-1, 2, 3)])
def test_impossible_channels_are_refused(tmp_path: Path, channels: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigError, match="There are no channels"):
        import_dataset(write_folder(tmp_path / "fields", fields()), "Fields", ImportConfig(channels=channels))


def test_a_picture_without_a_chosen_channel_is_left_out(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "fields", {**fields(), **class_folders({"corn": 3, "wheat": 3})})
    report, _ = imported(source, ImportConfig(channels=(5, 2, 1)))
    assert {str(item.reason) for item in report.skipped} == {
        "it has 4 channels, and channel 5 is one of those that are shown"
    }
    assert sum(report.classes.values()) == 6


def test_a_damaged_picture_has_no_views() -> None:
    data = next(iter(fields().values()))
    assert channel_views(data[: len(data) // 2]) == b""
