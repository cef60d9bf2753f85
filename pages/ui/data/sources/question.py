"""Question of an import: how its source is understood, and the ways to read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from core.data.editing.ranges import RangeChoice
from core.data.formats.doubts import CHOICES, DoubtKind
from core.data.formats.numbered_classes import are_numbered, names_by_number, names_on_lines
from core.data.formats.summary import CropOffer, Example, Understanding
from core.data.formats.table import FORMATS
from core.data.import_config import ImportConfig, ImportRequest
from core.data.labels.boxes import CropConfig
from core.data.labels.label_sets import NONE_OF_THEM, label_names
from core.data.notes import NoteKind
from core.errors import DarkroomError
from core.jobs.directory import JobDirectory
from core.messages import Message
from core.runs.import_questions import (
    ImportQuestion,
    answer,
    as_understood,
    cancel_import,
    open_questions,
    read_as,
    with_columns,
    with_crops,
    with_one_label,
    with_several_labels,
)
from pages.ui import state
from pages.ui.data.sources.channels import choose_channels
from pages.ui.data.sources.offers import choose_offers
from pages.ui.data.sources.pixel_range import (
    choose_pixel_range,
    range_choice_of,
    show_before_and_after,
    with_range_choice,
)
from pages.ui.data.sources.reading import choose_columns
from pages.ui.data.sources.report import counted, format_name, reading_line, show_notes, split_names
from pages.ui.editing.tiles import format_split
from pages.ui.text import _, escape, ngettext, number, show

_PICTURE_PIXELS = 108
_UNLABELLED = "unlabelled"
# Doubts about folders that name no classes.
_NO_CLASSES = {
    DoubtKind.CLASSES_ARE_PARTS,
    DoubtKind.CLASSES_ARE_FOLDER_WORDS,
    DoubtKind.CLASSES_ARE_DATES,
    DoubtKind.CLASSES_ARE_SHARDS,
}


@dataclass(frozen=True, kw_only=True)
class _Choices:
    """Choices of the user beside the way to read a source."""

    names: tuple[str, ...] = ()
    # None: the settings stay as they are.
    pixel_range: RangeChoice | None = None

    def applied(self, settings: ImportConfig, question: ImportQuestion) -> ImportConfig:
        """Add the choices to the settings.

        Raises:
            DataError, ClassNameError: the names do not fit the classes.
        """
        # The numbers of another reading are other classes.
        names = self.names if settings.confirmed else ()
        if names:
            names_by_number(question.understanding.classes, names)
        settings = replace(settings, class_names=names)
        return with_range_choice(settings, self.pixel_range) if self.pixel_range else settings


def waiting_import(is_ours: Callable[[ImportRequest], bool]) -> JobDirectory | None:
    """Find the newest import that waits for an answer, such as after a refresh."""
    return next((question.job for question in open_questions() if is_ours(question.request)), None)


def question_panel(question: ImportQuestion) -> None:
    """Draw what was understood of a source, the doubts, and the answers."""
    understanding, source = question.understanding, question.request.source
    with st.container(border=True, key="question"):
        st.subheader(_("Is this right?"), anchor=False)
        name = source.name if source else question.request.project
        st.caption(
            _("Nothing is imported yet. This is how {source} is understood:").format(source=escape(name))
        )
        for doubt in understanding.doubts:
            draw = st.info if doubt.kind in CHOICES else st.warning
            draw(show(doubt.message), icon=":material/help:")
        question = choose_channels(choose_offers(question))
        _examples(question, understanding.examples, "question-examples")
        st.markdown("  \n".join(_facts(understanding)))
        # What the doubts ask about is not stated beside them.
        show_notes([note for note in understanding.notes if note.kind is not NoteKind.UNNAMED_CLASSES])
        if understanding.crops is not None:
            _crops(question, understanding.crops)
        choices = _choices(question)
        if _lacks_labels(understanding):
            st.caption(
                _("Is there a file with the labels? Then cancel, and choose it together with the pictures.")
            )
        _answers(question, choices)
        _another_way(question, choices)


def _choices(question: ImportQuestion) -> _Choices:
    """Draw the choice of the range and the names of numbered classes, where the source leaves them open."""
    key = f"question-{question.job.name}"
    names: list[str] = []
    if are_numbered(question.understanding.classes):
        typed = st.text_area(
            _("Names of the classes, one on each line"),
            "\n".join(question.request.settings.class_names),
            placeholder=_("The first line is the name of “{number}”").format(
                number=escape(min(question.understanding.classes, key=int))
            ),
            height=110,
            key=f"{key}-class-names",
        )
        names = names_on_lines(typed)
    is_open = any(doubt.kind is DoubtKind.PIXEL_RANGE_FOUND for doubt in question.understanding.doubts)
    if not question.deep_examples or (question.request.add and not is_open):
        return _Choices(names=tuple(names))
    chosen = choose_pixel_range(key, range_choice_of(question.request.settings))
    show_before_and_after(
        [path for _position, path in sorted(question.deep_examples.items())],
        chosen,
        question.request.settings.channels,
    )
    return _Choices(names=tuple(names), pixel_range=chosen)


def _examples(
    question: ImportQuestion, examples: Sequence[Example], key: str, first_position: int = 0
) -> None:
    """Draw a few pictures with what was understood of them; without a readable one, their names."""
    with st.container(horizontal=True, key=key):
        for position, example in enumerate(examples, start=first_position):
            with st.container(width=_PICTURE_PIXELS, gap="xsmall"):
                if thumbnail := question.thumbnails.get(position):
                    st.image(thumbnail.read_bytes(), width="stretch")
                st.markdown(_caption(example, question.understanding), width="stretch")


def _crops(question: ImportQuestion, offer: CropOffer) -> None:
    """Draw what one picture for each box would be."""
    st.markdown(_("**Or one picture for each box**"))
    _examples(question, offer.examples, "question-crops", len(question.understanding.examples))
    lines = [_("**Classes** {classes}").format(classes=counted(offer.classes))]
    if count := offer.left_out:
        lines.append(_("**Left out**, pictures without a box among them: {n}").format(n=number(count)))
    st.markdown("  \n".join(lines))
    show_notes(offer.notes)


def _choose_crops(question: ImportQuestion) -> CropConfig:
    """Draw the dials of pictures that are cut out of boxes."""
    default, key = question.request.settings.crops, f"question-{question.job.name}"
    with st.expander(_("Advanced"), icon=":material/tune:", key="crop-dials"):
        margin = st.slider(
            _("Margin around each box"),
            0,
            100,
            round(100 * default.margin),
            format="%d %%",
            help=_(
                "Added on each side, of the width and height of the box. Surroundings help to tell classes apart."
            ),
            key=f"{key}-margin",
        )
        side = st.number_input(
            _("Smallest side of a box in pixels"),
            min_value=1,
            value=default.smallest_side,
            help=_("Smaller boxes are left out, because little can be seen in them."),
            key=f"{key}-smallest",
        )
    return CropConfig(margin=margin / 100, smallest_side=int(side))


def _caption(example: Example, understanding: Understanding) -> str:
    """Format the label, that of another format, the part of the split, the group and the file of an example."""
    facts = [f"**{_label(example.label, understanding)}**"]
    if example.other_label:
        facts.append(_("or {label}").format(label=escape(example.other_label)))
    if example.split:
        facts.append(escape(format_split(example.split)))
    if example.group and understanding.groups:
        facts.append(_("group {name}").format(name=escape(example.group)))
    return "  \n".join([" · ".join(facts), f":gray[:small[{escape(example.file.rpartition('/')[2])}]]"])


def _label(label: str, understanding: Understanding) -> str:
    if not label:
        return _("without label")
    if not understanding.multi_label:
        return escape(label)
    return _("none of the classes") if label == NONE_OF_THEM else escape("; ".join(label_names(label)))


def _facts(understanding: Understanding) -> list[str]:
    lines = [
        reading_line(understanding),
        _("**Classes** {classes}").format(classes=counted(understanding.classes) or _("none")),
    ]
    if len(understanding.splits) > 1:
        lines.append(_("**Split**, kept: {parts}").format(parts=split_names(understanding.splits)))
    if count := understanding.groups:
        lines.append(_("**Groups** that stay together: {n}").format(n=number(count)))
    if count := understanding.unlabelled:
        lines.append(_("**Without label**, to be labelled here: {n}").format(n=number(count)))
    if count := understanding.left_out:
        lines.append(
            ngettext("**Left out**: {n} file", "**Left out**: {n} files", count).format(n=number(count))
        )
    return lines


def _lacks_labels(understanding: Understanding) -> bool:
    """True if the folders name no classes, and nothing else in the source does."""
    kinds = {doubt.kind for doubt in understanding.doubts}
    return understanding.format == "folders" and not understanding.alternatives and bool(kinds & _NO_CLASSES)


def _answers(question: ImportQuestion, choices: _Choices) -> None:
    """Draw the likely answers, one button each."""
    understanding = question.understanding
    is_about_several = any(doubt.kind is DoubtKind.SEVERAL_LABELS for doubt in understanding.doubts)
    several, one = _("Pictures may have several labels"), _("Each picture has one label")
    words = (several if understanding.multi_label else one) if is_about_several else _("Import it like this")
    crops = None
    if understanding.crops is not None:
        crops, words = _choose_crops(question), _("Boxes label the whole picture")
    with st.container(horizontal=True, key="question-answers"):
        if crops and st.button(_("One picture for each box"), type="primary", key="crop-boxes"):
            _try(question, with_crops(question, crops), choices)
        if st.button(words, type="secondary" if crops else "primary", key="confirm"):
            _try(question, as_understood(question), choices)
        can_have_several = not understanding.multi_label and not question.request.add
        if is_about_several and can_have_several and st.button(several, key="several-labels"):
            _try(question, with_several_labels(question), choices)
        can_have_one = understanding.multi_label and understanding.table_format == understanding.format
        if is_about_several and can_have_one and st.button(one, key="one-label"):
            _try(question, with_one_label(question), choices)
        for name in _other_formats(understanding):
            words = _("Read it as: {format}").format(format=escape(format_name(name)))
            if st.button(words, key=f"read-as-{name}"):
                _try(question, read_as(question, name), choices)
        if st.button(_("I label them here"), key="label-here", icon=":material/label:"):
            _try(question, read_as(question, _UNLABELLED), choices)
        if st.button(_("Cancel"), key="cancel-import", type="tertiary"):
            cancel_import(question)
            state.follow_job(None)
            st.rerun()


def _other_formats(understanding: Understanding) -> list[str]:
    """List the formats that give other labels; those that agree change nothing."""
    labels = [doubt.values["format"] for doubt in understanding.doubts if "format" in doubt.values]
    names = {label.template for label in labels if isinstance(label, Message)}
    return [name for name in understanding.alternatives if name in FORMATS and FORMATS[name].label in names]


def _another_way(question: ImportQuestion, choices: _Choices) -> None:
    """Draw the choice of columns of a label table, and of any other format."""
    understanding = question.understanding
    with st.expander(_("Another way to read it"), icon=":material/tune:", key="another-way"):
        if understanding.column_names:
            st.markdown(_("**Columns of the table**"))
            columns = choose_columns(
                f"question-{question.job.name}", understanding.column_names, understanding.columns
            )
            if st.button(_("Use these columns"), key="use-columns"):
                _try(question, with_columns(question, columns), choices)
        names = [name for name, row in FORMATS.items() if not row.takes_table]
        chosen = st.selectbox(
            _("Format"),
            [name for name in names if name not in {understanding.format, _UNLABELLED}],
            index=None,
            format_func=format_name,
            placeholder=_("Choose a format"),
            key=f"another-format-{question.job.name}",
        )
        if chosen is not None:
            st.caption(_(FORMATS[chosen].caption))
        if st.button(_("Read it so"), disabled=chosen is None, key="read-so") and chosen is not None:
            _try(question, read_as(question, chosen), choices)


def _try(question: ImportQuestion, settings: ImportConfig, choices: _Choices) -> None:
    """Import the source with these settings, and follow that."""
    try:
        job = answer(question, choices.applied(settings, question))
    except DarkroomError as error:
        st.error(show(error.message))
    else:
        state.follow_job(job)
        st.rerun()
