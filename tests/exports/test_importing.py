"""Files of the tools are read to the bit: pictures, labels and parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.format_sources import COUNT, TRAINING, pixels
from benchmarks.tool_sources import (
    BOX,
    LABELS_OF_BOXES,
    TOOL_SOURCES,
    ToolSource,
    path_of,
    write_sources,
)
from core.data.formats.import_format import FormatReading
from core.data.formats.understanding import ConfirmationNeededError, understand
from core.data.images.picture import decode_picture, open_picture
from core.data.import_config import ImportConfig
from core.data.labels.boxes import BoxUse, CropConfig
from core.data.labels.label_sets import label_names
from core.data.pixels.crops import Crop, cut_out
from core.data.sources.opening import open_source
from core.errors import DataError

# What the layout cannot say for sure, with the doubt that asks.
ASKED = {
    "Datumaro: ImageNet, several labels": "several_labels",  # a picture in two folders
    "Datumaro: LFW": "classes_are_folder_words",  # its label file has pairs of people
    "Datumaro: binary": "classes_are_parts",  # of no published layout
}
# What is refused, with the remedy.
REFUSED = {
    "Datumaro: CIFAR": "Export the dataset in another format",  # red and blue are exchanged
    "Datumaro: Arrow": "Export the dataset again in the format “datumaro”",
}
UNDERSTOOD = [source for source in TOOL_SOURCES if source.name not in ASKED.keys() | REFUSED.keys()]

Facts = tuple[int, list[str], str]  # number of the picture, labels, part


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tools")
    write_sources(folder)
    return folder


def expected(source: ToolSource, number: int) -> Facts:
    parts = [*source.splits, "", ""]
    return number, sorted(source.tags(number)), parts[0 if number < TRAINING else 1]


def facts(reading: FormatReading) -> list[Facts]:
    numbers = {pixels()[number].tobytes(): number for number in range(COUNT)}
    numbers |= {
        np.repeat(pixels()[number, :28, :28, :1], 3, axis=2).tobytes(): number for number in range(COUNT)
    }
    return sorted(
        (
            numbers[np.asarray(decode_picture(open_picture(member.read()))).tobytes()],
            sorted(label_names(assignment.label)) if assignment.label else [],
            assignment.split.value if assignment.split else "",
        )
        for member, assignment in reading.pictures
    )


@pytest.mark.parametrize("source", UNDERSTOOD, ids=lambda source: source.name)
def test_pictures_labels_and_parts_are_those_that_the_tool_wrote(source: ToolSource, written: Path) -> None:
    path = path_of(source, written)
    with open_source(path) as listing:
        reading, understanding = understand(listing, ImportConfig(**source.options), path.name)
        read = facts(reading)
    there = {number for number, _, _ in read}
    assert read == [expected(source, number) for number in range(COUNT) if number in there]
    assert understanding.classes == source.classes
    # Some formats do not name a picture without labels; it is reported.
    missing = [number for number in range(COUNT) if number not in there]
    assert not any(source.tags(number) for number in missing)
    assert len(reading.left_out) >= len(missing)


@pytest.mark.parametrize(
    "source",
    [source for source in UNDERSTOOD if source.options == LABELS_OF_BOXES],
    ids=lambda source: source.name,
)
def test_boxes_are_cut_out_to_the_pixel(source: ToolSource, written: Path) -> None:
    """Each tool counts pixels in its own way: from 0 or 1, by corners or sizes, in fractions."""
    path, crops = path_of(source, written), CropConfig(margin=0.0)
    with open_source(path) as listing:
        config = ImportConfig(boxes=BoxUse.CROP, crops=crops)
        reading, understanding = understand(listing, config, path.name)
        assert understanding.classes == source.classes
        left, top, width, height = BOX
        wanted = {
            pixels()[number, top : top + height, left : left + width].tobytes() for number in range(COUNT)
        }
        for member, assignment in reading.pictures:
            assert assignment.box is not None
            (crop,) = cut_out(member.read(), [assignment.box], crops)
            assert isinstance(crop, Crop)
            assert np.asarray(decode_picture(open_picture(crop.data))).tobytes() in wanted


@pytest.mark.parametrize("name", ASKED)
def test_what_can_be_misunderstood_is_asked(name: str, written: Path) -> None:
    path = path_of(next(source for source in TOOL_SOURCES if source.name == name), written)
    with open_source(path) as listing, pytest.raises(ConfirmationNeededError) as caught:
        understand(listing, ImportConfig(), path.name)
    assert ASKED[name] in {doubt.kind.value for doubt in caught.value.understanding.doubts}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_the_remedy(name: str, written: Path) -> None:
    path = path_of(next(source for source in TOOL_SOURCES if source.name == name), written)
    with open_source(path) as listing, pytest.raises(DataError, match=REFUSED[name]):
        understand(listing, ImportConfig(), path.name)
