"""YOLO: a text file for each picture with the number of a class and a box on each line.

Names of the classes stand in ``data.yaml`` (Ultralytics, Roboflow), ``classes.txt`` (Label
Studio) or ``obj.names`` (Darknet, CVAT). The text file lies beside its picture, or in a folder
``labels`` where the picture is in ``images``. An empty text file says that nothing is shown; a
picture without one is labelled later. A box is its centre, width and height as fractions of the
upright picture; a line with more numbers is an outline, or the four corners of a turned box. With
``kpt_shape`` in ``data.yaml``, key points follow each box.

Source: https://docs.ultralytics.com/datasets/detect.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from core.data.formats.annotations import Annotation, read_annotations
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import class_named, class_names_on_lines, laid_out_as
from core.data.formats.survey import Survey
from core.data.formats.tables.folder_splits import splits_of_folders
from core.data.formats.tools.yolo_names import names_in_yaml
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxShape, box_around, box_centred
from core.data.labels.layout import Split
from core.data.notes import Note, NoteKind
from core.data.sources.members import Member
from core.messages import N_, Message

_TOOL = "YOLO"
_LINE = re.compile(r"^\d+(\s+-?[\d.]+(e-?\d+)?){4,}$", re.IGNORECASE)
_YAML_FILES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_SAMPLE = 20
_LEAST_SHARE = 0.5  # of the pictures that must have a text file
_ADMIN_FILES = ("obj.data", "notes.json", "train.txt", "valid.txt", "val.txt", "test.txt")

# Numbers of a box: with a confidence, five.
_SIZES_OF_BOXES = (4, 5)
_CORNERS_OF_A_TURNED_BOX = 8
_KEY_POINTS = re.compile(r"^kpt_shape:", re.MULTILINE)

_Pairs = list[tuple[Member, Member]]


def _pairs(survey: Survey) -> _Pairs:
    """Pictures with their text files."""
    texts = {_folded(member.parts): member for member in survey.ending(".txt")}
    if not texts:
        return []
    pairs = []
    for picture in survey.pictures:
        *folders, name = _folded(picture.parts)
        stem = f"{name.rpartition('.')[0]}.txt"
        beside = [(*folders, stem)]
        if "images" in folders:
            last = len(folders) - 1 - folders[::-1].index("images")
            beside.insert(0, (*folders[:last], "labels", *folders[last + 1 :], stem))
        found = next((texts[parts] for parts in beside if parts in texts), None)
        if found is not None:
            pairs.append((picture, found))
    return pairs


def _folded(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.casefold() for part in parts)


def _recognise(survey: Survey) -> Evidence | None:
    pairs = _pairs(survey)
    if not pairs or len(pairs) < _LEAST_SHARE * len(survey.pictures):
        return None
    some = [text for _, text in pairs[:: max(1, len(pairs) // _SAMPLE)]]
    lines = [line for member in some for line in survey.lines(member)]
    names_file, _ = _class_names(survey)
    if not all(_LINE.match(line) for line in lines) or not (lines or names_file):
        return None
    return Evidence(
        confidence=Confidence.CERTAIN if names_file else Confidence.LIKELY,
        sentence=Message(N_("{file} holds a class and a box on each line"), {"file": some[0].name}),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    pairs = _pairs(survey)
    if not pairs:
        return FormatReading(pictures=[])
    names_file, names = _class_names(survey)
    annotations: list[Annotation] = []
    has_key_points = names_file is not None and bool(_KEY_POINTS.search(survey.text(names_file)))
    numbers = 1 + min(_SIZES_OF_BOXES) if has_key_points else None
    splits = splits_of_folders([survey.inner_path(picture) for picture, _ in pairs])
    for (picture, text), split in zip(pairs, splits, strict=True):
        with laid_out_as(_TOOL, text.name):
            boxes = [_box(line.split()[:numbers], names) for line in survey.lines(text)]
            annotations.append(_annotation(picture, text, boxes, split))
    with_text = {picture.name for picture, _ in pairs}
    annotations += [
        Annotation(file="/".join(picture.parts), labels=None)
        for picture in survey.pictures
        if picture.name not in with_text
    ]
    is_multi_label = any(len(item.labels or ()) > 1 for item in annotations)
    multi_label = config.multi_label or is_multi_label
    if not multi_label:  # a picture of nothing has no class to be learnt
        annotations = [replace(item, labels=item.labels or None) for item in annotations]
    files = [text for _, text in pairs] + survey.named(*_ADMIN_FILES)
    files += [names_file] if names_file else []
    notes = [] if names else [Note(kind=NoteKind.UNNAMED_CLASSES)]
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files, notes=notes)


def _annotation(picture: Member, text: Member, boxes: Sequence[Box], split: Split | None) -> Annotation:
    return Annotation(
        file="/".join(picture.parts),
        labels=tuple(dict.fromkeys(box.label for box in boxes)),
        split=split,
        label_file=text.name,
        entry=1,
        boxes=boxes,
    )


def _box(words: Sequence[str], names: Sequence[str]) -> Box:
    number, *values = words
    label = class_named(names, int(number)) if names else str(int(number))
    if len(values) in _SIZES_OF_BOXES:
        box = box_centred(label, *values[:4])
    else:
        shape = BoxShape.ROTATED if len(values) == _CORNERS_OF_A_TURNED_BOX else BoxShape.OUTLINE
        box = box_around(label, zip(values[::2], values[1::2], strict=False), shape)
    return replace(box, is_relative=True)


def _class_names(survey: Survey) -> tuple[Member | None, list[str]]:
    """The file with the names of the classes, and the names; None without such a file."""
    for member in survey.named(*_YAML_FILES):
        if names := names_in_yaml(survey.text(member), member.name):
            return member, names
    for member in (*survey.ending(".names"), *survey.named("classes.txt")):
        if names := class_names_on_lines(survey, member):
            return member, names
    return None, []


YOLO = ImportFormat(
    name="yolo",
    label=_TOOL,
    caption=N_("A text file with classes and boxes for each picture."),
    recognise=_recognise,
    read=_read,
)
