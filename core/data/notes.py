"""Notes of an import: facts about the labels that the report states, as codes with values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.messages import N_, Message
from core.records import Record


class NoteKind(StrEnum):
    """Code of a fact about the labels of a source."""

    BLANK_LABELS = "blank_labels"
    BLANK_CELLS = "blank_cells"
    UNCERTAIN_CELLS = "uncertain_cells"
    NONE_OF_THE_CLASSES = "none_of_the_classes"
    NUMBERS_AS_FLAGS = "numbers_as_flags"
    EMPTY_CLASSES = "empty_classes"
    WHOLE_NUMBERS = "whole_numbers"
    TABLE_COLUMNS = "table_columns"
    FURTHER_COLUMNS = "further_columns"
    ANNOTATORS_DISAGREE = "annotators_disagree"
    CONTRADICTING_LABELS = "contradicting_labels"
    REPEATED_ROWS = "repeated_rows"
    AUGMENTED_COPIES = "augmented_copies"
    UNNAMED_CLASSES = "unnamed_classes"
    CLASS_NAMES_OF_FILE = "class_names_of_file"
    CLASS_NAMES_GIVEN = "class_names_given"
    OTHER_READING = "other_reading"
    IGNORED_BOXES = "ignored_boxes"
    CROPS = "crops"
    CROPS_OF_ROTATED_BOXES = "crops_of_rotated_boxes"
    CROPS_OF_OUTLINES = "crops_of_outlines"
    CLIPPED_BOXES = "clipped_boxes"
    DIFFICULT_BOXES = "difficult_boxes"
    SMALL_BOXES = "small_boxes"
    UNUSABLE_BOXES = "unusable_boxes"
    CROWD_BOXES = "crowd_boxes"
    OTHER_ANNOTATORS = "other_annotators"
    ADDRESSES_LAPSE = "addresses_lapse"
    REDUCED_PICTURES = "reduced_pictures"
    LONE_PART = "lone_part"
    OLDER_ENCODING = "older_encoding"
    OTHER_WORKSHEETS = "other_worksheets"
    LEAVINGS = "leavings"
    PIXEL_RANGE = "pixel_range"
    PIXEL_RANGE_MISFIT = "pixel_range_misfit"
    DICOM_PICTURES = "dicom_pictures"
    PDF_PAGES = "pdf_pages"
    VIDEO_FRAMES = "video_frames"
    VOLUME_SLICES = "volume_slices"
    CHANNELS = "channels"
    CHANNELS_CHOSEN = "channels_chosen"
    FOURTH_BAND = "fourth_band"


# Each sentence stands alone. {file} is a label file.
SENTENCES: Mapping[NoteKind, str] = {
    NoteKind.BLANK_LABELS: N_("Pictures without a label, to be labelled later: {count}."),
    NoteKind.BLANK_CELLS: N_("Blank cells in {columns} count as “no”: {count}."),
    NoteKind.UNCERTAIN_CELLS: N_("Cells marked as uncertain (-1) count as “no”: {count}."),
    NoteKind.NONE_OF_THE_CLASSES: N_("Pictures that show none of the classes: {count}."),
    NoteKind.NUMBERS_AS_FLAGS: N_("“{yes}” is read as “yes” and “{no}” as “no”."),
    NoteKind.EMPTY_CLASSES: N_("Classes without any picture: {classes}. They are left out."),
    NoteKind.WHOLE_NUMBERS: N_("Class names such as “{cell}” are read as “{name}”."),
    NoteKind.TABLE_COLUMNS: N_("{table} gives file names in “{file}” and classes in {columns}."),
    NoteKind.FURTHER_COLUMNS: N_(
        "Further columns that are kept, to compare the accuracy by them: {columns}. Their values stay in the project and its reports."
    ),
    NoteKind.ANNOTATORS_DISAGREE: N_(
        "Pictures whose annotators disagree: {count}. The majority decides; without one the picture is labelled later."
    ),
    NoteKind.CONTRADICTING_LABELS: N_(
        "Pictures with two different labels: {count}, such as {example}. They are labelled later."
    ),
    NoteKind.REPEATED_ROWS: N_("Pictures that the labels name more than once, with the same label: {count}."),
    NoteKind.AUGMENTED_COPIES: N_(
        "Augmented copies: {count}. Copies of one original stay together in one part of the split."
    ),
    NoteKind.UNNAMED_CLASSES: N_("The classes have numbers instead of names. Rename them on the Data page."),
    NoteKind.CLASS_NAMES_OF_FILE: N_("The numbered classes have their names from {file}: {examples}."),
    NoteKind.CLASS_NAMES_GIVEN: N_("The numbered classes have the names that you gave: {examples}."),
    NoteKind.OTHER_READING: N_(
        "Read as “{format}”, {count} pictures would have another label, such as {example}: “{other}” instead of “{label}”."
    ),
    NoteKind.IGNORED_BOXES: N_(
        "Boxes and outlines are not used: {count}. A picture without a label of its own has the labels of its boxes."
    ),
    NoteKind.CROPS: N_(
        "Pictures cut out of boxes: {count}, from {files} files, with a margin of {margin} on each side. Those of one file stay together in one part of the split."
    ),
    NoteKind.CROPS_OF_ROTATED_BOXES: N_(
        "Rotated boxes, cut out by the upright rectangle around them: {count}."
    ),
    NoteKind.CROPS_OF_OUTLINES: N_("Outlines, cut out by the rectangle around them: {count}."),
    NoteKind.CLIPPED_BOXES: N_("Boxes that leave their picture, cut off at its edge: {count}."),
    NoteKind.DIFFICULT_BOXES: N_("Boxes marked as difficult, cut out like the others: {count}."),
    NoteKind.SMALL_BOXES: N_("Boxes with a side under {limit} pixels, left out: {count}."),
    NoteKind.UNUSABLE_BOXES: N_(
        "Boxes without an area, without a label or outside their picture, left out: {count}."
    ),
    NoteKind.CROWD_BOXES: N_("Boxes around a group of objects, or marked to be ignored, left out: {count}."),
    NoteKind.OTHER_ANNOTATORS: N_(
        "Boxes of further annotators of the same picture, left out: {count}. Those of the first count."
    ),
    NoteKind.ADDRESSES_LAPSE: N_(
        "{file} holds addresses of pictures. They lapse after some days, so download the pictures first."
    ),
    NoteKind.REDUCED_PICTURES: N_("Some pictures are thumbnails, not originals: {count}."),
    NoteKind.LONE_PART: N_("All pictures are in the part “{part}”. They are divided anew."),
    NoteKind.OLDER_ENCODING: N_("{file} is not UTF-8. It was read as {encoding}, with classes {classes}."),
    NoteKind.OTHER_WORKSHEETS: N_("Only the first worksheet of {table} is read, not {sheets}."),
    NoteKind.LEAVINGS: N_(
        "Files and folders that systems and programs left beside the pictures, not imported: {count}, such as {example}."
    ),
    NoteKind.PIXEL_RANGE: N_(
        "Pictures with more than 8 bits: {count}. Their values from {low} (black) to {high} (white) are mapped to 8 bits, here and in predictions."
    ),
    NoteKind.PIXEL_RANGE_MISFIT: N_(
        "Pictures whose values do not suit the range from {low} to {high}: {count}. They look black, white or flat. Import them as a project of their own."
    ),
    NoteKind.CHANNELS: N_(
        "Pictures with channels of their own: {count}. Their first three channels are red, green and blue."
    ),
    NoteKind.FOURTH_BAND: N_(
        "Pictures with a fourth band, such as infrared: {count}. Only red, green and blue are used."
    ),
    NoteKind.PDF_PAGES: N_(
        "Pages of PDF documents: {count}. Those of one file stay together in one part of the split."
    ),
    NoteKind.VIDEO_FRAMES: N_(
        "Frames of videos: {count}, one every {seconds} s. Those of one video stay together in one part of the split."
    ),
    NoteKind.VOLUME_SLICES: N_(
        "Slices of NIfTI volumes: {count} ({plane}). Those of one volume stay together in one part of the split."
    ),
    NoteKind.CHANNELS_CHOSEN: N_(
        "Pictures with many channels: {count}. Channels {red}, {green} and {blue} are red, green and blue, here and in predictions."
    ),
    NoteKind.DICOM_PICTURES: N_(
        "Pictures from DICOM files: {count}. Those of one patient stay together in one part of the split. Nothing personal was stored."
    ),
}


@dataclass(frozen=True, kw_only=True)
class Note(Record):
    """A fact about the labels of a source, with the values that its sentence names."""

    kind: NoteKind
    values: Mapping[str, str | int | float | Message] = field(default_factory=dict)

    @property
    def count(self) -> int:
        value = self.values.get("count", 0)
        return value if isinstance(value, int) else 0

    @property
    def message(self) -> Message:
        return Message(SENTENCES[self.kind], dict(self.values))
