"""Pascal VOC: ``ImageSets/Main`` with a list for each class, or an XML file for each picture.

A list ``cat_train.txt`` says 1, -1 or 0 (difficult) for each picture. Without such lists a
picture has the labels of the objects in its XML file.

Edges of a box are pixels from 0, as LabelImg, CVAT, Label Studio and Roboflow write them. In the
files of the challenge itself they are the first and last pixel of the object, counted from 1.
The web version of LabelMe writes such files with outlines, and keeps objects that were deleted.

Source: the VOC2012 development kit, section 4.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

from core.data.formats.annotations import Annotation, are_multi_label, read_annotations, with_own_pictures
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import MOST_LOOKED_AT, laid_out_as, parse_xml, split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxFlag, BoxUse, box_around, box_between, size_of
from core.data.labels.layout import Split, split_named
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_, Message

_TOOL = "Pascal VOC"
_CLASS_LIST = re.compile(r"^(?P<label>.+)_(?P<split>train|val|valid|trainval|test)\.txt$")
# The other folders in ``ImageSets`` list outlines and actions.
_LISTS_FOLDERS = ("ImageSets", "Main")
_ROOT = "annotation"
_CHALLENGE = "The VOC"
_SHOWN = {"1": True, "+1": True, "-1": False, "0": True}


def _recognise(survey: Survey) -> Evidence | None:
    if lists := _class_lists(survey):
        return _evidence(lists[0])
    some = survey.ending(".xml")[:MOST_LOOKED_AT]
    first = next((member for member in some if _root(survey, member) is not None), None)
    return _evidence(first) if first else None


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    if lists := _class_lists(survey):
        annotations = list(_annotations_of_lists(survey, lists))
        multi_label = config.multi_label or are_multi_label(annotations)
        label_files = [*lists, *survey.ending(".xml"), *_image_sets(survey)]
        if config.boxes is not BoxUse.CROP:
            return read_annotations(annotations, survey, multi_label=multi_label, label_files=label_files)
    splits = _splits(survey)
    files, annotations, broken = [], [], []
    # One after another, because there can be a file for each of 100,000 pictures.
    for member in survey.ending(".xml"):
        try:
            root = parse_xml(survey.text(member), member.name)
        except DataError as error:
            broken.append((member, error))
            continue
        if root.tag != _ROOT:
            continue
        with laid_out_as(_TOOL, member.name):
            annotations.append(_annotation_of_xml(root, survey, member, splits))
        files.append(member)
    annotations, doubts = with_own_pictures(annotations, survey)
    annotations += _unlabelled(splits, {member.parts[-1].rpartition(".")[0] for member in files})
    multi_label = config.multi_label or are_multi_label(annotations)
    files += _image_sets(survey)
    reading = read_annotations(annotations, survey, multi_label=multi_label, label_files=files, broken=broken)
    return replace(reading, doubts=doubts)


def _evidence(member: Member) -> Evidence:
    return Evidence(
        confidence=Confidence.CERTAIN,
        sentence=Message(N_("{file} is a Pascal VOC file"), {"file": member.name}),
    )


def _image_sets(survey: Survey) -> list[Member]:
    return [member for member in survey.ending(".txt") if "ImageSets" in member.parts[:-1]]


def _class_lists(survey: Survey) -> list[Member]:
    """Lists of one class; a split that is contained in another (trainval) is left out."""
    lists = [
        member
        for member in _image_sets(survey)
        if member.parts[-2] in _LISTS_FOLDERS and _CLASS_LIST.match(member.parts[-1])
    ]
    parts = {_split_word(member) for member in lists}
    return [member for member in lists if len(parts) == 1 or _split_word(member) != "trainval"]


def _split_word(member: Member) -> str:
    match = _CLASS_LIST.match(member.parts[-1])
    return match["split"] if match else ""


def _annotations_of_lists(survey: Survey, lists: list[Member]) -> Iterator[Annotation]:
    labels: dict[tuple[str, Split | None], list[str]] = defaultdict(list)
    for member in lists:
        match = _CLASS_LIST.match(member.parts[-1])
        assert match is not None
        for number, line in enumerate(survey.lines(member), start=1):
            stem, flag = ([*line.rsplit(maxsplit=1), ""])[:2]
            if flag not in _SHOWN:
                raise DataError(
                    N_("Line {line} of {file} is “{text}”. Expected is a name and 1, 0 or -1."),
                    line=number,
                    file=member.name,
                    text=line[:80],
                )
            shown = labels[stem, split_named(match["split"])]
            if _SHOWN[flag]:
                shown.append(match["label"])
    yield from _unlabelled(_splits(survey), {stem for stem, _ in labels})
    for entry, ((stem, split), names) in enumerate(labels.items(), start=1):
        yield Annotation(file=stem, labels=tuple(names), split=split, label_file=lists[0].name, entry=entry)


def _unlabelled(splits: dict[str, Split], labelled: set[str]) -> list[Annotation]:
    """Pictures that only the lists of the parts name."""
    return [
        Annotation(file=stem, labels=None, split=split)
        for stem, split in splits.items()
        if stem not in labelled
    ]


def _splits(survey: Survey) -> dict[str, Split]:
    """Splits by the stem of the picture, from ``ImageSets/Main/train.txt`` and the like; ``Main`` decides."""
    lists = sorted(_image_sets(survey), key=lambda member: member.parts[-2] == _LISTS_FOLDERS[-1])
    pictures = {member.parts[-1].rpartition(".")[0] for member in survey.pictures}
    return {
        # A name may have spaces; some lists have a number behind it.
        line if line in pictures else line.split()[0]: split
        for member in lists
        if (split := split_named(member.parts[-1].rpartition(".")[0]))
        for line in survey.lines(member)
    }


def _annotation_of_xml(
    root: ET.Element, survey: Survey, member: Member, splits: dict[str, Split]
) -> Annotation:
    boxes = _boxes(root)
    stem = member.parts[-1].rpartition(".")[0]
    return Annotation(
        file=root.findtext("filename") or stem,
        labels=tuple(dict.fromkeys(box.label for box in boxes if box.label)) or None,
        split=splits.get(stem) or split_of_path(survey.inner_path(member)[:-1]),
        label_file=member.name,
        entry=1,
        boxes=boxes,
    )


def _boxes(root: ET.Element) -> list[Box]:
    size = size_of(
        root.findtext("size/width") or root.findtext("imagesize/ncols"),
        root.findtext("size/height") or root.findtext("imagesize/nrows"),
    )
    # A pixel is taken from the left and top of the boxes of the challenge.
    first = 1.0 if (root.findtext("source/database") or "").startswith(_CHALLENGE) else 0.0
    boxes = []
    for item in root.iter("object"):
        if (item.findtext("deleted") or "").strip() == "1":
            continue
        box = _box(item)
        is_difficult = (item.findtext("difficult") or "").strip() == "1"
        boxes.append(
            replace(
                box,
                left=box.left - first,
                top=box.top - first,
                stated_size=size,
                flag=BoxFlag.DIFFICULT if is_difficult else BoxFlag.NONE,
            )
        )
    return boxes


def _box(item: ET.Element) -> Box:
    label = (item.findtext("name") or "").strip()
    if item.find("bndbox") is None:
        return box_around(label, [(point.findtext("x"), point.findtext("y")) for point in item.iter("pt")])
    return box_between(label, *(item.findtext(f"bndbox/{name}") for name in ("xmin", "ymin", "xmax", "ymax")))


def _root(survey: Survey, member: Member) -> ET.Element | None:
    """Root of an XML file of this format; None for other files."""
    try:
        root = parse_xml(survey.text(member), member.name)
    except DataError:
        return None
    return root if root.tag == _ROOT else None


PASCAL_VOC = ImportFormat(
    name="pascal_voc",
    label=_TOOL,
    caption=N_("“ImageSets/Main”, or an XML file for each picture."),
    recognise=_recognise,
    read=_read,
)
