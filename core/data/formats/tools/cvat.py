"""CVAT's own XML, "CVAT for images": ``annotations.xml`` with tags, boxes and outlines of each picture.

Tags label the whole picture. Where a picture has only boxes or outlines, it has their labels.
Coordinates are pixels of the upright picture, from 0; a box turns around its centre, in degrees.

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

from core.data.formats.annotations import Annotation, Labels, are_multi_label, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, fitting, laid_out_as, parse_xml, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxShape, box_around, box_at, box_between, rotated, size_of
from core.data.labels.layout import Split, split_named
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_

_TOOL = "CVAT"
_SHAPES = frozenset({"box", "polygon", "polyline", "points", "mask", "ellipse", "cuboid", "skeleton"})
# A corner of a cuboid: top or bottom, left or right, of the front or the back.
_CUBOID_X = re.compile(r"^x[tb][lr][12]$")
_BEGINNING = 1000  # characters that hold the root element


def _files(survey: Survey) -> list[Member]:
    def fits(member: Member) -> bool:
        try:
            return "<annotations>" in survey.text(member)[:_BEGINNING]
        except DataError:
            return False

    return fitting(survey.ending(".xml"), fits)


def _recognise(survey: Survey) -> Evidence | None:
    files = _files(survey)
    return evidence_in(files, N_("{file} is an XML file of CVAT"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    files = _files(survey)
    annotations: list[Annotation] = []
    for member in files:
        split = split_of_path(survey.inner_path(member))
        with laid_out_as(_TOOL, member.name):
            for entry, image in enumerate(_images(survey, member), start=1):
                annotations.append(_annotation(image, member, entry, split))
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


def _images(survey: Survey, member: Member) -> Sequence[ET.Element]:
    root = parse_xml(survey.text(member), member.name)
    if root.find("track") is not None:
        raise DataError(
            N_("{file} labels a video. Export the task as “CVAT for images”, with its pictures."),
            file=member.name,
        )
    return root.findall("image")


def _annotation(image: ET.Element, member: Member, entry: int, split: Split | None) -> Annotation:
    size = size_of(image.get("width"), image.get("height"))
    return Annotation(
        file=image.attrib["name"],
        labels=_labels(image),
        split=split_named(image.get("subset", "")) or split,
        label_file=member.name,
        entry=entry,
        boxes=[_box(child, size) for child in image if child.tag in _SHAPES],
    )


def _labels(image: ET.Element) -> Labels | None:
    of_picture = [child.attrib["label"] for child in image if child.tag == "tag"]
    of_shapes = [child.attrib["label"] for child in image if child.tag in _SHAPES]
    return tuple(dict.fromkeys(of_picture or of_shapes)) or None


def _box(shape: ET.Element, size: tuple[int, int]) -> Box:
    box = _unturned(shape)
    return replace(rotated(box, shape.get("rotation"), box.centre), stated_size=size)


def _unturned(shape: ET.Element) -> Box:
    """The box around any shape; a cuboid's is that around its eight corners."""
    label = shape.attrib["label"]
    if shape.tag == "skeleton":
        points = [point for child in shape for point in _points(child.get("points", ""))]
    elif shape.tag == "cuboid":
        names = [name for name in shape.attrib if _CUBOID_X.match(name)]
        points = [(float(shape.attrib[name]), float(shape.attrib[f"y{name[1:]}"])) for name in names]
    elif shape.tag in {"box", "ellipse", "mask"}:
        return _box_of_corners(shape, label)
    else:
        points = _points(shape.get("points", ""))
    return box_around(label, points)


def _box_of_corners(shape: ET.Element, label: str) -> Box:
    def values(*names: str) -> list[str | None]:
        return [shape.get(name) for name in names]

    if shape.tag == "box":
        return box_between(label, *values("xtl", "ytl", "xbr", "ybr"))
    if shape.tag == "mask":
        return replace(box_at(label, *values("left", "top", "width", "height")), shape=BoxShape.OUTLINE)
    x, y, across, down = (float(value or "nan") for value in values("cx", "cy", "rx", "ry"))
    return box_around(label, [(x - across, y - down), (x + across, y + down)])


def _points(text: str) -> list[tuple[float, float]]:
    """Points as CVAT writes them: “x,y;x,y”."""
    pairs = [pair.split(",") for pair in text.split(";") if pair]
    return [(float(x), float(y)) for x, y in pairs]


CVAT = ImportFormat(
    name="cvat",
    label=_TOOL,
    caption=N_("“CVAT for images”: an XML file beside the pictures."),
    recognise=_recognise,
    read=_read,
)
