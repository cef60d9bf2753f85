"""Understanding of a source: the format with the best evidence, and the doubts that remain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from core.data.containers.offers import find_missing_readers, find_offers
from core.data.formats.augmented_copies import with_originals
from core.data.formats.choices import find_choices, with_class_names
from core.data.formats.comparison import classes_of, differ, disagreement, labels_of
from core.data.formats.container_files import without_unwanted
from core.data.formats.cropping import (
    box_count,
    crop_offer,
    cropped,
    has_labelled_boxes,
    ignoring_boxes,
)
from core.data.formats.doubts import CHOICES, Doubt, DoubtKind, doubts_about_classes, listed
from core.data.formats.examples import ExampleFiles, choose_examples, example_of, read_examples
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.summary import Example, Understanding
from core.data.formats.survey import Survey
from core.data.formats.table import FORMATS
from core.data.formats.tables.text_encodings import doubts_about_encodings, notes_on_encodings
from core.data.formats.tables.unread_files import doubts_about_unread_files
from core.data.import_config import ImportConfig
from core.data.labels.boxes import BoxUse
from core.data.labels.layout import Split
from core.data.notes import Note, NoteKind
from core.data.pixels.channel_offer import channel_views, find_channel_offer
from core.data.sources.members import Listing
from core.errors import ConfigError, DataError, ErrorCode
from core.garbage import collection_paused
from core.messages import N_, Message

_LEAST_SHARE_WITH_LABEL = 0.5
_TABLES = frozenset({"table", "table_inside"})
_LABELLED_BY_NAMES = frozenset({"folders", "outer_folders", "file_names"})
# Pictures, and their share, from which contradictions are asked about.
_FEW_CONTRADICTIONS, _MANY_CONTRADICTIONS = 3, 0.1
_ABOUT_GUESSED_COLUMNS = frozenset([DoubtKind.LABEL_COLUMN_GUESSED, DoubtKind.LABEL_COLUMN_UNNAMED])
_ABOUT_ENCODINGS = frozenset([DoubtKind.TEXT_ENCODING_UNSURE, DoubtKind.TEXT_ENCODING_UNKNOWN])
_ABOUT_FILES = _ABOUT_ENCODINGS | {DoubtKind.LABELS_OF_OTHER_PICTURES}
_ABOUT_COLUMNS = _ABOUT_GUESSED_COLUMNS | {
    *_ABOUT_ENCODINGS,
    DoubtKind.SEVERAL_LABELS,
    DoubtKind.CLASSES_ARE_FLAGS,
}
_ABOUT_ANY_FORMAT = _ABOUT_GUESSED_COLUMNS | _ABOUT_FILES | {DoubtKind.BOXES}


class ConfirmationNeededError(DataError):
    """A source that can be misunderstood; ``understanding`` says how it was understood.

    Args:
        files: of the examples of ``understanding``.
    """

    def __init__(self, understanding: Understanding, source_name: str, files: ExampleFiles) -> None:
        self.understanding = understanding
        self.files = files
        super().__init__(
            N_("{source} can be misunderstood. {doubt} Check what was understood, then confirm it."),
            code=ErrorCode.CONFIRMATION_NEEDED,
            source=source_name,
            doubt=understanding.reasons_to_ask[0],
        )


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A format with its evidence, and its reading once it was read."""

    format: ImportFormat
    evidence: Evidence
    reading: FormatReading


@collection_paused()
def understand(
    listing: Listing, config: ImportConfig, source_name: str, known_classes: Collection[str] = ()
) -> tuple[FormatReading, Understanding]:
    """Read a source in the format that explains it best.

    Args:
        known_classes: classes that the project has already; names among them are no doubt.

    Raises:
        ConfirmationNeededError: doubts remain, and the config neither names a format nor confirms.
        ConfigError: there is no format of the chosen name.
        DataError: the source contradicts its format, or no format fits.
    """
    survey = Survey(listing, source_name)
    if name := config.chosen_format:
        candidates = [_chosen(_named(name), survey, config)]
    else:
        candidates = _candidates(survey, config, known_classes)
    if config.boxes is BoxUse.CROP:
        candidates = [item for item in candidates if has_labelled_boxes(item.reading)][:1] or candidates[:1]
    wanted = without_unwanted(candidates[0].reading, config.containers)
    best, crops = _with_boxes(replace(candidates[0], reading=wanted), config)
    best, others = replace(best, reading=_named_classes(best, survey, config, known_classes)), candidates[1:]
    members = [member for member, _ in best.reading.pictures]
    pictures = choose_examples(best.reading) + (choose_examples(crops) if crops else [])
    doubts = _doubts(best, others, survey, known_classes)
    files: ExampleFiles | None = None
    if config.offers_choices and not config.confirmed:
        files = read_examples(pictures, config.crops, config.containers, config.channels)
        is_deep = bool(files.deep)
        doubts += find_choices(best.reading, config, known_classes, is_deep=is_deep)
    notes = [*best.reading.notes, *_notes_on_others(best, others), *_notes_on_files(listing)]
    notes += notes_on_encodings(best.reading, survey)
    notes += [] if known_classes else _notes_on_parts(best.reading)
    understanding = replace(
        _summary(best, others, doubts, notes),
        crops=crop_offer(crops, config.crops) if crops else None,
        offers=find_offers(members, config.containers),
        missing_readers=find_missing_readers(members, config.containers),
    )
    # A project that has pictures keeps their channels.
    is_open = config.channels is None and not known_classes
    channels, example = (find_channel_offer(members) if is_open else None) or (None, b"")
    understanding = replace(understanding, channels=channels)
    is_offered = bool(understanding.offers or understanding.missing_readers or channels)
    if _asks(doubts, config) or (is_offered and not config.confirmed):
        files = files or read_examples(pictures, config.crops, config.containers, config.channels)
        files = replace(files, channel_views=channel_views(example) if channels else b"")
        raise ConfirmationNeededError(understanding, source_name, files)
    return best.reading, understanding


def _with_boxes(candidate: _Candidate, config: ImportConfig) -> tuple[_Candidate, FormatReading | None]:
    """Read boxes as it was decided; undecided, ask, and return the reading with a picture for each box.

    Raises:
        DataError: a picture for each box is wanted, and the labels draw none.
    """
    reading = candidate.reading
    if config.boxes is BoxUse.CROP:
        if not has_labelled_boxes(reading):
            raise DataError(
                N_("The labels of the format {format} draw no boxes with a label."),
                format=Message(candidate.format.label),
            )
        return replace(candidate, reading=_cropped(reading, config)), None
    whole = ignoring_boxes(reading)
    may_crop = config.boxes is BoxUse.UNDECIDED and has_labelled_boxes(reading)
    crops = _cropped(reading, config) if may_crop else None
    if crops is None or not crops.pictures:
        return replace(candidate, reading=whole), None
    doubt = Doubt(kind=DoubtKind.BOXES, values={"count": box_count(reading)})
    return replace(candidate, reading=replace(whole, doubts=(*whole.doubts, doubt))), crops


def _cropped(reading: FormatReading, config: ImportConfig) -> FormatReading:
    # Several labels were asked for, or the project has them.
    return cropped(reading, config.crops, multi_label=config.multi_label)


def _named_classes(
    candidate: _Candidate, survey: Survey, config: ImportConfig, known_classes: Collection[str]
) -> FormatReading:
    is_table = candidate.format.name in _TABLES
    return with_class_names(candidate.reading, survey, config, known_classes, is_table=is_table)


def _asks(doubts: Sequence[Doubt], config: ImportConfig) -> bool:
    """True if doubts remain; who chooses a table has not chosen its columns."""
    if config.confirmed:
        return False
    if not config.chosen_format:
        return bool(doubts)
    kinds = CHOICES | (_ABOUT_COLUMNS if config.chosen_format in _TABLES else _ABOUT_ANY_FORMAT)
    return any(doubt.kind in kinds for doubt in doubts)


def _named(name: str) -> ImportFormat:
    if name not in FORMATS:
        raise ConfigError(
            N_("There is no import format called “{name}”. Choose from: {known}."),
            name=name,
            known=", ".join(FORMATS),
        )
    return FORMATS[name]


def _chosen(row: ImportFormat, survey: Survey, config: ImportConfig) -> _Candidate:
    """
    Raises:
        DataError: the source has nothing of the format.
    """
    evidence = row.recognise(survey)
    reading = with_originals(row.read(survey, config))
    if evidence is None and not reading.pictures and not row.is_offered:
        raise DataError(
            N_("{source} has no pictures with labels of the format {format}. Expected is: {caption}"),
            source=survey.source_name,
            format=Message(row.label),
            caption=Message(row.caption),
        )
    evidence = evidence or Evidence(confidence=Confidence.POSSIBLE, sentence=Message(N_("you chose it")))
    return _Candidate(format=row, evidence=evidence, reading=reading)


def _candidates(survey: Survey, config: ImportConfig, known_classes: Collection[str]) -> list[_Candidate]:
    """Readings of the formats with the strongest evidence.

    The error of a format whose evidence is certain is the source's error. A weaker one that cannot
    be read gives way to the next, which is then asked about.
    """
    recognised, errors = _recognised(survey)
    unread: list[DataError] = []
    weak_errors: list[DataError] = []
    candidates: list[_Candidate] = []
    for row, evidence in recognised:
        if candidates and evidence.confidence < candidates[0].evidence.confidence:
            break
        try:
            reading = with_originals(row.read(survey, config))
        except DataError as error:
            if evidence.confidence is Confidence.CERTAIN:
                raise
            (weak_errors if evidence.confidence is Confidence.POSSIBLE else unread).append(error)
            continue
        if reading.pictures:
            candidates.append(_Candidate(format=row, evidence=evidence, reading=reading))
        elif evidence.confidence is not Confidence.POSSIBLE:
            unread.append(_names_none(row, survey))
    if not candidates and (errors or unread):
        raise [*errors, *unread][0]
    if not candidates or (known_classes and candidates[0].evidence.confidence is Confidence.POSSIBLE):
        fallback = _fallback(survey, config)
        classes = classes_of(fallback.reading).keys()
        is_known = bool(classes) and classes <= set(known_classes)
        if not candidates and weak_errors and not is_known:
            raise weak_errors[0]
        candidates = [fallback] if is_known else candidates or [fallback]
    # A format with a marker of its own explains all; beside another, the broken file may be the labels.
    unsure = errors if candidates[0].evidence.confidence is not Confidence.CERTAIN else []
    if not unread and not weak_errors and not unsure:
        return _richest(candidates)
    return [_with_errors(candidates[0], [*unread, *weak_errors, *unsure]), *candidates[1:]]


def _names_none(row: ImportFormat, survey: Survey) -> DataError:
    return DataError(
        N_(
            "The labels of the format {format} name none of the pictures in {source}. "
            "Put the pictures beside the labels, under the names that they have there."
        ),
        format=Message(row.label),
        source=survey.source_name,
    )


def _with_errors(candidate: _Candidate, errors: Sequence[DataError]) -> _Candidate:
    """Ask about labels that were not understood, rather than pass them over."""
    doubts = [Doubt(kind=DoubtKind.TABLE_NOT_UNDERSTOOD, values={"error": error.message}) for error in errors]
    reading = replace(candidate.reading, doubts=(*candidate.reading.doubts, *doubts))
    return replace(candidate, reading=reading)


def _richest(candidates: list[_Candidate]) -> list[_Candidate]:
    """Put the reading first that adds a split or groups to the same labels."""
    first = candidates[0]
    same = [first, *(other for other in candidates[1:] if not differ(first.reading, other.reading))]
    richest = max(same, key=lambda candidate: _facts(candidate.reading))
    return [richest, *(other for other in candidates if other is not richest)]


def _facts(reading: FormatReading) -> int:
    return sum(bool(assignment.split) + bool(assignment.group) for _, assignment in reading.pictures)


def _recognised(survey: Survey) -> tuple[list[tuple[ImportFormat, Evidence]], list[DataError]]:
    """Formats with evidence, the strongest first, and errors of label files met on the way."""
    recognised: list[tuple[ImportFormat, Evidence]] = []
    errors: list[DataError] = []
    for row in sorted(FORMATS.values(), key=lambda row: -row.strongest):
        if any(evidence.confidence > row.strongest for _, evidence in recognised):
            continue
        try:
            evidence = row.recognise(survey)
        except DataError as error:
            errors.append(error)
            continue
        if evidence is not None:
            recognised.append((row, evidence))
    recognised.sort(key=lambda pair: -pair[1].confidence)
    return recognised, errors


def _fallback(survey: Survey, config: ImportConfig) -> _Candidate:
    """The folders of a source that nothing explains.

    Raises:
        DataError: they are no classes, and a label file beside them is broken.
    """
    row = FORMATS["folders"]
    reading = with_originals(row.read(survey, config))
    if survey.broken and len(classes_of(reading)) < 2:
        raise survey.broken[0]
    evidence = Evidence(confidence=Confidence.POSSIBLE, sentence=Message(N_("nothing else explains it")))
    return _Candidate(format=row, evidence=evidence, reading=reading)


def _doubts(
    best: _Candidate, others: Sequence[_Candidate], survey: Survey, known_classes: Collection[str]
) -> list[Doubt]:
    classes = classes_of(best.reading).keys()
    doubts: list[Doubt] = []
    if not classes <= set(known_classes):
        doubts += [*doubts_about_classes(classes), *doubts_about_encodings(best.reading, survey)]
        if best.format.name in _LABELLED_BY_NAMES:
            doubts += doubts_about_unread_files([item.reading for item in (best, *others)], survey)
    doubts += [*best.reading.doubts, *_doubts_about_contradictions(best.reading)]
    for other in others:
        if differ(best.reading, other.reading):
            values: dict[str, str | Message] = {
                "format": Message(other.format.label),
                "classes": listed(classes_of(other.reading).keys()),
            }
            doubts.append(Doubt(kind=DoubtKind.SECOND_EXPLANATION, values={**values}))
    total = len(survey.pictures)
    count = len({member.name for member, _ in best.reading.pictures})
    if 0 < count < _LEAST_SHARE_WITH_LABEL * total:
        doubts.append(Doubt(kind=DoubtKind.MOST_LEFT_OUT, values={"count": count, "total": total}))
    return doubts


def _doubts_about_contradictions(reading: FormatReading) -> list[Doubt]:
    """Ask where the labels of many pictures are lost to contradictions, as in two versions of one table."""
    count = sum(note.count for note in reading.notes if note.kind is NoteKind.CONTRADICTING_LABELS)
    total = len(reading.pictures)
    if count < max(_FEW_CONTRADICTIONS, _MANY_CONTRADICTIONS * total):
        return []
    return [Doubt(kind=DoubtKind.LABELS_CONTRADICT, values={"count": count, "total": total})]


def _notes_on_others(best: _Candidate, others: Sequence[_Candidate]) -> list[Note]:
    notes = (disagreement(best.reading, other.reading, other.format) for other in others)
    return [note for note in notes if note is not None]


def _notes_on_parts(reading: FormatReading) -> list[Note]:
    """Say that a part which all pictures are in, as in COCO's val2017 alone, divides nothing."""
    parts = {assignment.split for _, assignment in reading.pictures}
    part = parts.pop() if len(parts) == 1 else None
    if part in {None, Split.TRAIN}:
        return []
    return [Note(kind=NoteKind.LONE_PART, values={"part": Message(str(part))})]


def _notes_on_files(listing: Listing) -> list[Note]:
    if not listing.leavings:
        return []
    count, example = len(listing.leavings), listing.leavings[0]
    return [Note(kind=NoteKind.LEAVINGS, values={"count": count, "example": example})]


def _summary(
    best: _Candidate, others: Sequence[_Candidate], doubts: Sequence[Doubt], notes: Sequence[Note]
) -> Understanding:
    assignments = [assignment for _, assignment in best.reading.pictures]
    table = next((candidate for candidate in (best, *others) if candidate.reading.column_names), None)
    groups = Counter(assignment.group for assignment in assignments if assignment.group)
    return Understanding(
        format=best.format.name,
        evidence=best.evidence.sentence,
        multi_label=best.reading.multi_label,
        classes=dict(sorted(classes_of(best.reading).items())),
        splits=Counter(assignment.split.value for assignment in assignments if assignment.split),
        unlabelled=sum(not assignment.label for assignment in assignments),
        groups=sum(count > 1 for count in groups.values()),
        left_out=len(best.reading.left_out),
        examples=_examples(best.reading, others),
        notes=tuple(notes),
        doubts=tuple(doubts),
        alternatives=tuple(other.format.name for other in others),
        table_format=table.format.name if table else "",
        columns=table.reading.columns if table else None,
        column_names=tuple(table.reading.column_names) if table else (),
    )


def _examples(reading: FormatReading, others: Sequence[_Candidate]) -> tuple[Example, ...]:
    """Examples with their labels in the first other format that gives other labels."""
    other = next((other.reading for other in others if differ(reading, other.reading)), None)
    labels = labels_of(other) if other else {}
    return tuple(
        example_of(member, assignment, labels.get(member.name, ""))
        for member, assignment in choose_examples(reading)
    )
