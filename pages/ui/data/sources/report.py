"""Import report: how a source was understood, with its notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.data.dataset import Dataset
from core.data.formats.summary import Understanding
from core.data.formats.table import FORMATS
from core.data.import_result import ImportResult
from core.data.labels.layout import Split
from core.data.notes import Note
from core.workspace import Project
from pages.ui import state
from pages.ui.text import _, escape, ngettext, number, show

_MOST_COUNTED = 12  # classes in one line


def format_name(name: str) -> str:
    """Name an import format; formats of newer versions keep their code."""
    return _(FORMATS[name].label) if name in FORMATS else name


def reading_line(understanding: Understanding) -> str:
    """Name the format and the evidence for it."""
    return _("**Read as** {format} ({evidence})").format(
        format=escape(format_name(understanding.format)), evidence=show(understanding.evidence)
    )


def counted(counts: Mapping[str, int]) -> str:
    """List the first classes with their counts."""
    shown = [
        _("{name} {n}").format(name=escape(name), n=number(count))
        for name, count in list(counts.items())[:_MOST_COUNTED]
    ]
    more = " · …" if len(counts) > _MOST_COUNTED else ""
    return " · ".join(shown) + more


def split_names(splits: Mapping[str, int]) -> str:
    """Count the pictures of each part of a supplied split, in the usual order."""
    names = {Split.TRAIN: _("train"), Split.VALIDATION: _("validation"), Split.TEST: _("test")}
    return counted({names[part]: splits[part] for part in Split if part in splits})


def show_notes(notes: Sequence[Note]) -> None:
    """List the facts about the labels that an import states."""
    if notes:
        st.markdown("\n".join(f"- {show(note.message)}" for note in notes))


def import_report(project: Project, dataset: Dataset) -> None:
    """Draw the report of this session's last import, until the dataset changes."""
    job = state.reported_import()
    values = job.result() if job is not None else None
    if not values:
        return
    result = ImportResult.from_json(values)
    understanding = result.understanding
    # Nothing was read where the user labels the pictures here.
    if understanding is None or understanding.format == "unlabelled":
        return
    if (result.project, result.version) != (project.name, dataset.version):
        return
    with st.container(border=True, key="import-report"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f":material/check_circle: {reading_line(understanding)}: {_facts(result)}.")
            if st.button(_("Close"), icon=":material/close:", type="tertiary", key="close-report"):
                state.report_import(None)
                st.rerun()
        show_notes(understanding.notes)


def _facts(result: ImportResult) -> str:
    understanding = result.understanding
    assert understanding is not None
    count = len(understanding.classes)
    facts = [ngettext("{n} class", "{n} classes", count).format(n=number(count))]
    if len(understanding.splits) > 1:
        facts.append(_("split kept"))
    if count := understanding.groups:
        facts.append(ngettext("{n} group", "{n} groups", count).format(n=number(count)))
    if count := understanding.unlabelled:
        facts.append(ngettext("{n} without a label", "{n} without a label", count).format(n=number(count)))
    if count := len(result.skipped):
        facts.append(ngettext("{n} file left out", "{n} files left out", count).format(n=number(count)))
    return ", ".join(facts)
