"""Annotations: what label files say about pictures, matched to the files of the source.

Most formats only translate their label files into annotations; this module finds the
pictures, joins what several annotations say of one, and reports everything that is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache

from core.data.formats.doubts import Doubt, DoubtKind
from core.data.formats.import_format import FormatReading
from core.data.formats.label_files import split_of_path
from core.data.formats.survey import Survey
from core.data.labels.boxes import Box
from core.data.labels.label_sets import NONE_OF_THEM, SEPARATOR, plain_name
from core.data.labels.layout import FileAssignment, Split, label_of
from core.data.notes import Note, NoteKind
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import TABLE_SUFFIXES, Member
from core.errors import DataError

Labels = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """Entry of a label file about one picture."""

    # Path, address or name of the picture, as the label file writes it.
    file: str
    # None: not labelled yet. (): it shows none of the classes.
    labels: Labels | None
    split: Split | None = None
    group: str = ""
    # Name of the label file and number of its entry, from 1.
    label_file: str = ""
    entry: int = 0
    # Boxes and outlines in the picture, also those without a label.
    boxes: Sequence[Box] = ()
    # Further columns, as ``further_columns.fields_of`` writes them.
    fields: str = ""


# Decides what several annotations of one picture mean together.
Joining = Callable[[Sequence[Annotation]], Labels | None]


def read_annotations(
    annotations: Sequence[Annotation],
    survey: Survey,
    *,
    multi_label: bool,
    label_files: Iterable[Member] = (),
    join: Joining | None = None,
    notes: Sequence[Note] = (),
    matches: Sequence[Sequence[int]] | None = None,
    label_name: str = "",
    broken: Sequence[tuple[Member, DataError]] = (),
) -> FormatReading:
    """Assign labels, split and group to the pictures that annotations name.

    Args:
        multi_label: a picture may have several labels. Otherwise an annotation with several
            is a contradiction, and the picture is labelled later.
        join: decides between several annotations of one picture. By default the union of their
            labels with several labels; otherwise equal ones agree, and different ones leave the
            picture to be labelled later.
        matches: indices of the pictures that each annotation may mean; by default those that
            its file names anywhere in the source.
        label_name: name of the labels for people; by default the names of the label files.
        broken: label files that could not be read, of many that label one picture each.
    """
    label_files = list(label_files)
    of_picture, left_out = _matched(annotations, survey, matches)
    results = [_Joined.of(group, multi_label=multi_label, join=join) for group in of_picture.values()]
    pictures = [
        (survey.index.pictures[index], joined.assignment)
        for index, joined in zip(of_picture, results, strict=True)
    ]
    files = frozenset(member.name for member in label_files)
    named = {
        *files,
        *(member.name for member, _ in broken),
        *(survey.index.pictures[index].name for index in of_picture),
    }
    left_out += unnamed_files(survey, named, label_name or _names(label_files) or survey.source_name)
    left_out += [
        (member.name, Reason(code=SkipReason.OTHER, values={"sentence": error.message}))
        for member, error in broken
    ]
    return FormatReading(
        pictures=pictures,
        left_out=left_out,
        boxes=_boxes(of_picture, survey),
        notes=(*notes, *_notes(results)),
        multi_label=multi_label,
        label_files=files,
    )


def _matched(
    annotations: Sequence[Annotation], survey: Survey, matches: Sequence[Sequence[int]] | None
) -> tuple[dict[int, list[Annotation]], list[tuple[str, Reason]]]:
    """Annotations of each picture, by its index, and those that mean no picture or several."""
    of_picture: dict[int, list[Annotation]] = {}
    left_out: list[tuple[str, Reason]] = []
    if matches is None:
        matches = survey.index.find_all([annotation.file for annotation in annotations])
    for annotation, matched in zip(annotations, matches, strict=True):
        indices = _nearest(matched, annotation, survey)
        if len(indices) == 1:
            of_picture.setdefault(indices[0], []).append(annotation)
        else:
            left_out.append((annotation.file, _no_match(annotation, indices)))
    return of_picture, left_out


def _boxes(of_picture: Mapping[int, Sequence[Annotation]], survey: Survey) -> dict[str, list[Box]]:
    """Boxes by the name of their picture; the same box in two label files counts once."""
    boxes: dict[str, list[Box]] = {}
    for index, entries in of_picture.items():
        of_one: list[Box] = []
        for entry in entries:
            if entry.boxes:
                known = set(of_one)
                of_one += [box for box in entry.boxes if box not in known]
        if of_one:
            boxes[survey.index.pictures[index].name] = of_one
    return boxes


def _nearest(indices: Sequence[int], annotation: Annotation, survey: Survey) -> Sequence[int]:
    """Of several pictures with one name, those nearest to the label file.

    They lie beside it, otherwise below its folder, in a folder of its name, or in its part.
    """
    if len(indices) < 2:
        return indices
    *folder, name = annotation.label_file.split("/")
    stem, split = name.rpartition(".")[0], annotation.split
    paths = {index: survey.index.pictures[index].parts[:-1] for index in indices}
    if beside := [index for index, path in paths.items() if list(path) == folder]:
        return beside
    below = [index for index, path in paths.items() if list(path[: len(folder)]) == folder] or indices
    named = [index for index in below if stem in paths[index]]
    in_part = [index for index in below if split and split_of_path(paths[index]) is split]
    return named or in_part or below


def unnamed_files(survey: Survey, named: Iterable[str], label_file: str) -> list[tuple[str, Reason]]:
    """Files of a source that its labels do not name, each with the reason."""
    known = named if isinstance(named, Set) else set(named)
    unnamed = [member for member in survey.members if member.name not in known]
    pictures = {member.name for member in survey.pictures} if unnamed else ()
    return [
        (
            member.name,
            Reason(code=SkipReason.NOT_IN_TABLE, values={"table": label_file})
            if member.name in pictures
            else Reason(code=SkipReason.NOT_A_PICTURE),
        )
        for member in unnamed
    ]


def with_own_pictures(
    annotations: Sequence[Annotation], survey: Survey
) -> tuple[list[Annotation], list[Doubt]]:
    """Take the picture of a label file's own name where the file names one that is missing.

    Pictures are renamed together with their label files, whose content stays. Where both are
    there, one of the names is wrong, which is asked about.
    """
    stems = [item.label_file.rpartition("/")[2].rpartition(".")[0] for item in annotations]
    named = survey.index.find_all([item.file for item in annotations])
    own = survey.index.find_all(stems)
    rows = list(zip(annotations, stems, named, own, strict=True))
    found = [
        replace(item, file=stem) if of_stem and not of_name else item for item, stem, of_name, of_stem in rows
    ]
    contradicting = [
        item for item, _, of_name, of_stem in rows if of_name and of_stem and set(of_name).isdisjoint(of_stem)
    ]
    if not contradicting:
        return found, []
    first = contradicting[0]
    doubt = Doubt(
        kind=DoubtKind.LABELS_OF_OTHER_PICTURES,
        values={"count": len(contradicting), "file": first.label_file, "named": first.file},
    )
    return found, [doubt]


def are_multi_label(annotations: Iterable[Annotation]) -> bool:
    """True if a picture has several labels, or was looked at and has none of them."""
    return any(item.labels is not None and len(item.labels) != 1 for item in annotations)


def majority(annotations: Sequence[Annotation]) -> Labels | None:
    """Labels that more than half of the annotators gave; None without such a majority."""
    votes = Counter(frozenset(item.labels) for item in annotations if item.labels is not None)
    if not votes:
        return None
    labels, count = votes.most_common(1)[0]
    if 2 * count <= votes.total():
        return None
    first = next(item.labels for item in annotations if item.labels and frozenset(item.labels) == labels)
    return first if labels else ()


@lru_cache(4096)
def label_text(labels: Labels | None, *, multi_label: bool = False) -> str:
    """A manifest's label: names joined, “–” for none of the classes, "" for not labelled.

    Where pictures may have several labels, commas replace the signs that would part a name.
    """
    if labels is None:
        return ""
    names = [name for label in labels if (name := label_of(plain_name(label) if multi_label else label))]
    return SEPARATOR.join(dict.fromkeys(names)) or NONE_OF_THEM


@dataclass(frozen=True, kw_only=True, slots=True)
class _Joined:
    """All that is known about one picture."""

    assignment: FileAssignment
    annotations: Sequence[Annotation]
    disagree: bool
    was_joined: bool

    @classmethod
    def of(cls, annotations: Sequence[Annotation], *, multi_label: bool, join: Joining | None) -> _Joined:
        if len(annotations) == 1 and len(annotations[0].labels or ()) == 1:
            return cls._of_one(annotations, multi_label=multi_label)
        meanings = {
            frozenset(annotation.labels) for annotation in annotations if annotation.labels is not None
        }
        labels = (join or (_union if multi_label else _agreed))(annotations)
        if not multi_label and labels is not None and len(set(labels)) != 1:
            labels = None if labels else ()
        splits = {annotation.split for annotation in annotations if annotation.split}
        groups = [annotation.group for annotation in annotations if annotation.group]
        fields = [annotation.fields for annotation in annotations if annotation.fields]
        text = label_text(labels, multi_label=multi_label)
        if not multi_label and text == NONE_OF_THEM:
            text = ""
        return cls(
            assignment=FileAssignment(
                label=text,
                split=splits.pop() if len(splits) == 1 else None,
                group=groups[0] if groups else "",
                fields=fields[0] if fields else "",
            ),
            annotations=annotations,
            disagree=len(meanings) > 1
            or (not multi_label and any(len(set(meaning)) > 1 for meaning in meanings)),
            was_joined=join is not None,
        )

    @classmethod
    def _of_one(cls, annotations: Sequence[Annotation], *, multi_label: bool) -> _Joined:
        """The usual case: one annotation with one label, which means the same in every way of joining."""
        (annotation,) = annotations
        label = label_text(annotation.labels, multi_label=multi_label)
        assignment = _assignment(label, annotation.split, annotation.group, annotation.fields)
        return cls(assignment=assignment, annotations=annotations, disagree=False, was_joined=False)


@lru_cache(4096)
def _assignment(label: str, split: Split | None, group: str, fields: str) -> FileAssignment:
    """One object for all pictures with the same label, split and group, of which there can be a million."""
    return FileAssignment(label=label, split=split, group=group, fields=fields)


def _union(annotations: Sequence[Annotation]) -> Labels | None:
    known = [annotation.labels for annotation in annotations if annotation.labels is not None]
    if not known:
        return None
    return tuple(dict.fromkeys(label for labels in known for label in labels))


def _agreed(annotations: Sequence[Annotation]) -> Labels | None:
    known = [annotation.labels for annotation in annotations if annotation.labels is not None]
    return known[0] if known and len({frozenset(labels) for labels in known}) == 1 else None


def _no_match(annotation: Annotation, indices: Sequence[int]) -> Reason:
    if annotation.label_file.lower().endswith(TABLE_SUFFIXES):
        code = SkipReason.AMBIGUOUS_NAME if indices else SkipReason.MISSING_FILE
        return Reason(code=code, values={"row": annotation.entry, "table": annotation.label_file})
    code = SkipReason.NAMED_AMBIGUOUSLY if indices else SkipReason.NAMED_BUT_MISSING
    return Reason(code=code, values={"entry": annotation.entry, "table": annotation.label_file})


def _names(members: Sequence[Member]) -> str:
    if len(members) > 3:
        return f"{members[0].name}, …"
    return ", ".join(member.name for member in members)


def _notes(results: Sequence[_Joined]) -> list[Note]:
    """Count what the labels leave open or contradict."""
    disputed = [joined for joined in results if joined.disagree]
    voted = [joined for joined in disputed if joined.was_joined]
    open_ = [joined for joined in disputed if not joined.was_joined and not joined.assignment.label]
    blank = sum(not joined.assignment.label and not joined.disagree for joined in results)
    none = sum(joined.assignment.label == NONE_OF_THEM for joined in results)
    repeated = sum(
        sum(item.labels is not None for item in joined.annotations) > 1
        for joined in results
        if len(joined.annotations) > 1 and not joined.disagree and not joined.was_joined
    )
    notes = []
    if voted:
        notes.append(Note(kind=NoteKind.ANNOTATORS_DISAGREE, values={"count": len(voted)}))
    if open_:
        example = open_[0].annotations[0].file
        notes.append(
            Note(kind=NoteKind.CONTRADICTING_LABELS, values={"count": len(open_), "example": example})
        )
    for kind, count in (
        (NoteKind.BLANK_LABELS, blank),
        (NoteKind.NONE_OF_THE_CLASSES, none),
        (NoteKind.REPEATED_ROWS, repeated),
    ):
        if count:
            notes.append(Note(kind=kind, values={"count": count}))
    return notes
