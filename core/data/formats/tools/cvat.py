"""CVAT's own XML, "CVAT for images": ``annotations.xml`` with tags, boxes and outlines of each picture.

Tags label the whole picture. Where a picture has only boxes or outlines, it has their labels.

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from core.data.formats.annotations import Annotation, Labels, have_several, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, fitting, laid_out_as, parse_xml, split_of_path
from core.data.formats.notes import Note, NoteKind
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.layout import split_named
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_

_TOOL = "CVAT"
_SHAPES = frozenset({"box", "polygon", "polyline", "points", "mask", "ellipse", "cuboid", "skeleton"})
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
    shapes = 0
    for member in files:
        with laid_out_as(_TOOL, member.name):
            for entry, image in enumerate(_images(survey, member), start=1):
                shapes += sum(child.tag in _SHAPES for child in image)
                annotations.append(_annotation(image, member, entry))
    multi_label = config.multi_label or have_several(annotations)
    notes = [Note(kind=NoteKind.IGNORED_BOXES, values={"count": shapes})] if shapes else []
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files, notes=notes)


def _images(survey: Survey, member: Member) -> Sequence[ET.Element]:
    root = parse_xml(survey.text(member), member.name)
    if root.find("track") is not None:
        raise DataError(
            N_("{file} labels a video. Export the task as “CVAT for images”, with its pictures."),
            file=member.name,
        )
    return root.findall("image")


def _annotation(image: ET.Element, member: Member, entry: int) -> Annotation:
    return Annotation(
        file=image.attrib["name"],
        labels=_labels(image),
        split=split_named(image.get("subset", "")) or split_of_path(member.parts),
        label_file=member.name,
        entry=entry,
    )


def _labels(image: ET.Element) -> Labels | None:
    of_picture = [child.attrib["label"] for child in image if child.tag == "tag"]
    of_shapes = [child.attrib["label"] for child in image if child.tag in _SHAPES]
    return tuple(dict.fromkeys(of_picture or of_shapes)) or None


CVAT = ImportFormat(
    name="cvat",
    label=_TOOL,
    caption=N_("“CVAT for images”: an XML file beside the pictures."),
    recognise=_recognise,
    read=_read,
)
