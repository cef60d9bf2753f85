"""Pictures out of boxes: a reading with one picture for each box of its label files.

All crops of a picture, and of the copies that were augmented from it, are one group. They keep
the part of the split that the source gives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from core.data.formats.augmented_copies import original_of
from core.data.formats.comparison import classes_of
from core.data.formats.examples import choose_examples, example_of
from core.data.formats.import_format import FormatReading
from core.data.formats.summary import CropOffer
from core.data.labels.boxes import Box, BoxFlag, BoxShape, CropConfig
from core.data.labels.layout import FileAssignment, label_of
from core.data.notes import Note, NoteKind
from core.data.pixels.crops import too_small
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import Member

# Facts about the labels of whole pictures.
_ABOUT_PICTURES = {
    NoteKind.BLANK_LABELS,
    NoteKind.NONE_OF_THE_CLASSES,
    NoteKind.CONTRADICTING_LABELS,
    NoteKind.REPEATED_ROWS,
    NoteKind.ANNOTATORS_DISAGREE,
}

_KINDS = {
    SkipReason.BOX_TOO_SMALL: NoteKind.SMALL_BOXES,
    SkipReason.BOX_OF_A_CROWD: NoteKind.CROWD_BOXES,
    SkipReason.BOX_WITHOUT_AREA: NoteKind.UNUSABLE_BOXES,
    SkipReason.BOX_WITHOUT_LABEL: NoteKind.UNUSABLE_BOXES,
    SkipReason.BOX_OUTSIDE: NoteKind.UNUSABLE_BOXES,
}


def box_count(reading: FormatReading) -> int:
    return sum(map(len, reading.boxes.values()))


def has_labelled_boxes(reading: FormatReading) -> bool:
    """True if crops would have classes."""
    return any(box.label and box.has_area for boxes in reading.boxes.values() for box in boxes)


def ignoring_boxes(reading: FormatReading) -> FormatReading:
    """Say how many boxes are not used."""
    count = box_count(reading)
    if not count:
        return reading
    note = Note(kind=NoteKind.IGNORED_BOXES, values={"count": count})
    return replace(reading, notes=(*reading.notes, note))


def cropped(reading: FormatReading, config: CropConfig, *, multi_label: bool) -> FormatReading:
    """Replace the pictures of a reading by their boxes.

    Args:
        multi_label: the crops join a dataset whose pictures have several labels.
    """
    pictures: list[tuple[Member, FileAssignment]] = []
    left_out = list(reading.left_out)
    for member, assignment in reading.pictures:
        boxes = reading.boxes.get(member.name, ())
        if not boxes:
            left_out.append((member.name, Reason(code=SkipReason.NO_BOX)))
        group = assignment.group or original_of(member) or member.name
        for box in _numbered(boxes):
            if (reason := _reason_against(box, config)) is not None:
                left_out.append((f"{member.name}{box.suffix}", reason))
                continue
            crop = replace(assignment, label=label_of(box.label), group=group, box=box)
            pictures.append((member, crop))
    notes = [note for note in reading.notes if note.kind not in _ABOUT_PICTURES]
    return replace(
        reading,
        pictures=pictures,
        left_out=left_out,
        notes=(*notes, *_notes(pictures, config)),
        multi_label=multi_label,
    )


def crop_offer(crops: FormatReading, config: CropConfig) -> CropOffer:
    """Summarise a reading with one picture for each box."""
    return CropOffer(
        classes=dict(sorted(classes_of(crops).items())),
        left_out=len(crops.left_out),
        examples=tuple(example_of(member, crop, "") for member, crop in choose_examples(crops)),
        notes=(*crops.notes, *notes_on_left_out((reason for _, reason in crops.left_out), config)),
    )


def notes_on_left_out(reasons: Iterable[Reason], config: CropConfig) -> list[Note]:
    """Count the boxes that are left out, by their reasons."""
    counts = Counter(kind for reason in reasons if (kind := _KINDS.get(reason.code)) is not None)
    return [
        Note(kind=kind, values={"count": count, "limit": config.smallest_side})
        for kind, count in sorted(counts.items())
    ]


def _numbered(boxes: Sequence[Box]) -> Iterator[Box]:
    return (replace(box, number=number) for number, box in enumerate(boxes, start=1))


def _reason_against(box: Box, config: CropConfig) -> Reason | None:
    """The reason against a box that its label file alone gives."""
    if box.flag is BoxFlag.CROWD:
        return Reason(code=SkipReason.BOX_OF_A_CROWD)
    if not box.has_area:
        return Reason(code=SkipReason.BOX_WITHOUT_AREA)
    if not label_of(box.label):
        return Reason(code=SkipReason.BOX_WITHOUT_LABEL)
    side = box.shortest_side
    if side is not None and side + 1 <= config.smallest_side:  # the pixels decide where rounding could
        return too_small(side, config)
    return None


def _notes(pictures: list[tuple[Member, FileAssignment]], config: CropConfig) -> Iterator[Note]:
    boxes = [assignment.box for _, assignment in pictures if assignment.box is not None]
    files = len({member.name for member, _ in pictures})
    margin = f"{100 * config.margin:g}%"
    yield Note(kind=NoteKind.CROPS, values={"count": len(boxes), "files": files, "margin": margin})
    shapes = Counter(box.shape for box in boxes)
    counts: Mapping[NoteKind, int] = {
        NoteKind.CROPS_OF_ROTATED_BOXES: shapes[BoxShape.ROTATED],
        NoteKind.CROPS_OF_OUTLINES: shapes[BoxShape.OUTLINE],
        NoteKind.DIFFICULT_BOXES: sum(box.flag is BoxFlag.DIFFICULT for box in boxes),
    }
    for kind, count in counts.items():
        if count:
            yield Note(kind=kind, values={"count": count})
