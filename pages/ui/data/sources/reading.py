"""Reading options of a source: origin of the labels, and the split."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.data.editing.ranges import RangeChoice
from core.data.formats.table import FORMATS
from core.data.import_config import ImportConfig
from core.data.labels.label_table import LabelTable, TableColumns, read_label_table
from core.data.labels.multi_label_table import suggests_multi_label
from core.data.split.splitting import SplitConfig
from core.errors import DarkroomError
from core.messages import N_
from pages.ui import state
from pages.ui.data.sources.pixel_range import choose_pixel_range, with_range_choice
from pages.ui.text import _, escape, ngettext, number, show

RECOGNISED = ""  # the format that the evidence speaks for
_OTHER = "other"  # a format that the user names
TURN = "upload"  # counts up once what was chosen is used, which lets go of its bytes
_MOST_PERCENT = 40
_RECOGNISED_COLUMN = N_("– recognised")
_TABLE_TYPES = ["csv", "tsv", "xlsx", "xlsm"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Reading options; ``table`` is the name and the bytes of a label table."""

    config: ImportConfig
    table: tuple[str, bytes] | None = None
    is_ready: bool = True  # False while a table or a format is still to be chosen


def reading_options(key: str, *, new_project: bool) -> Reading:
    """Draw the reading options, folded."""
    title = (
        _("Advanced: unsorted pictures, a table of labels, the division")
        if new_project
        else _("Advanced: unsorted pictures, a table of labels")
    )
    with st.expander(title, icon=":material/tune:", key=f"{key}-advanced"):
        chosen = _choose_format(key)
        takes_table = chosen is not None and chosen in FORMATS and FORMATS[chosen].takes_table
        file, table, columns = _label_table(key) if takes_table else (None, None, None)
        if _has_table(chosen) and not takes_table:
            columns = _name_columns(key)
        keep_columns = not _has_table(chosen) or st.checkbox(
            _("Keep the table's further columns"),
            value=True,
            help=_(
                "Such as device, place or age. The Evaluate page then shows for which values the classifier fails. Untick it where they say something about persons."
            ),
            key=f"{key}-keep-columns",
            persist_state="session",
        )
        is_multi_label = new_project and _choose_multi_label(key, table)
        merge_case = st.checkbox(
            _("Classes that differ only in capital letters are one"),
            help=_("“Cat” and “cat” become one class, spelt as most of the pictures have it."),
            key=f"{key}-merge-case",
            persist_state="session",
        )
        # Additions have the range of their project.
        chosen_range = choose_pixel_range(key) if new_project else RangeChoice()
        split = _split_fields(key) if new_project else None
    config = ImportConfig(
        merge_case=merge_case,
        format=chosen or RECOGNISED,
        unlabelled=chosen == "unlabelled",
        multi_label=is_multi_label,
        columns=columns,
        keep_columns=keep_columns,
        offers_choices=True,
        split=split,
    )
    has_table = not takes_table or file is not None
    config = with_range_choice(config, chosen_range)
    return Reading(config=config, table=file, is_ready=has_table and chosen is not None)


def _has_table(chosen: str | None) -> bool:
    return chosen is not None and chosen in FORMATS and FORMATS[chosen].has_columns


def _choose_format(key: str) -> str | None:
    """Draw the choice of the format; "" where the evidence decides, None while one is to be named."""
    offered = {name: row for name, row in FORMATS.items() if row.is_offered}
    labels = {name: _(row.label) for name, row in offered.items()}
    chosen = st.radio(
        _("Origin of pictures and classes"),
        [RECOGNISED, *offered, _OTHER],
        format_func={
            RECOGNISED: _("Darkroom finds out"),
            **labels,
            _OTHER: _("Another format"),
        }.__getitem__,
        captions=[
            _("From folders, tables and the exports of labelling tools. It asks if in doubt."),
            *(_(row.caption) for row in offered.values()),
            _("One that you name, such as COCO or Label Studio."),
        ],
        key=f"{key}-format",
        persist_state="session",
    )
    return _name_format(key) if chosen == _OTHER else str(chosen)


def _name_format(key: str) -> str | None:
    """Draw the list of the formats that are otherwise recognised."""
    others = [name for name, row in FORMATS.items() if not row.is_offered]
    chosen = st.selectbox(
        _("Format"),
        others,
        index=None,
        format_func=lambda name: _(FORMATS[name].label),
        placeholder=_("Choose a format"),
        key=f"{key}-other-format",
        persist_state="session",
    )
    if chosen is not None:
        st.caption(_(FORMATS[chosen].caption))
    return chosen


def _choose_multi_label(key: str, table: LabelTable | None) -> bool:
    """Draw the choice of several labels, preset if the label table clearly has them."""
    suggested = table is not None and suggests_multi_label(table)
    is_multi_label = st.checkbox(
        _("A picture may have several labels"),
        value=suggested,
        help=_(
            "In a table: “cat; dog” or “cat | dog” in one cell, a row for each label, or a column of 0 and 1 for each class. "
            "“none” says that a picture shows none of the classes; an empty cell, that nobody has said yet. "
            "In folders: the same picture in several of them."
        ),
        key=f"{key}-multi-label-{table.name if table else ''}-{suggested}",
        persist_state="session",
    )
    if table is not None and suggested:
        caption = _("Some pictures in {table} have several labels, or none.")
        st.caption(caption.format(table=escape(table.name)))
    return is_multi_label


def _label_table(key: str) -> tuple[tuple[str, bytes] | None, LabelTable | None, TableColumns | None]:
    """Draw the label table upload; returns the file, its rows and the chosen columns."""
    file = st.file_uploader(_("Table of labels"), type=_TABLE_TYPES, key=f"{key}-table-{state.counter(TURN)}")
    if file is None:
        return None, None, None
    try:
        table = read_label_table(file.getvalue(), file.name)
    except DarkroomError as error:
        st.error(show(error.message))
        return None, None, None
    rows = ngettext("{n} row", "{n} rows", len(table.rows)).format(n=number(len(table.rows)))
    columns = ", ".join(map(escape, table.columns))
    st.caption(_("{rows}. Columns: {columns}").format(rows=rows, columns=columns))
    chosen = None
    if st.checkbox(
        _("Choose the columns"),
        help=_("Otherwise they are recognised by their names and contents."),
        key=f"{key}-columns",
    ):
        chosen = choose_columns(key, table.columns)
    return (file.name, file.getvalue()), table, chosen


def _name_columns(key: str) -> TableColumns | None:
    """Draw fields for the columns of a table that is not read yet; None where both are recognised."""
    left, right = st.columns(2)
    file, label = (
        column.text_input(
            sentence, placeholder=_(_RECOGNISED_COLUMN), key=f"{key}-{name}", persist_state="session"
        )
        for column, sentence, name in (
            (left, _("Column of the file names"), "file-column"),
            (right, _("Column of the classes"), "label-column"),
        )
    )
    if not (file.strip() or label.strip()):
        return None
    return TableColumns(file=file.strip(), label=label.strip(), split="", group="")


def choose_columns(key: str, columns: tuple[str, ...], usual: TableColumns | None = None) -> TableColumns:
    """Draw the choice of a label table's columns, preset to ``usual`` or to recognised ones."""
    usual = usual or TableColumns(file="", label="")

    def choose(label: str, name: str, empty: str | None, preset: str | None) -> str | None:
        options = [empty, *columns]
        return st.selectbox(
            label,
            options,
            index=options.index(preset) if preset in options else 0,
            format_func=lambda column: column or (_("– none") if column is None else _(_RECOGNISED_COLUMN)),
            key=f"{key}-column-{name}",
        )

    left, right = st.columns(2)
    with left:
        file = choose(_("Names of the files"), "file", "", usual.file)
        split = choose(_("Train, validation or test"), "split", None, usual.split)
    with right:
        label = choose(_("Classes"), "label", "", usual.label)
        group = choose(_("Groups that must stay together"), "group", None, usual.group)
    return TableColumns(file=str(file), label=str(label), split=split, group=group)


def _split_fields(key: str) -> SplitConfig:
    """Draw the split settings of a new project."""
    usual = SplitConfig()
    st.markdown(
        _("**How the pictures are divided** – folders called train, val and test decide it themselves.")
    )
    validation, test, seed = st.columns(3)
    validation_percent = validation.number_input(
        _("To validate (%)"),
        1,
        _MOST_PERCENT,
        round(100 * usual.validation_fraction),
        help=_("Pictures that training does not learn from; they select the best epoch."),
        key=f"{key}-validation",
        persist_state="session",
    )
    test_percent = test.number_input(
        _("To test (%)"),
        1,
        _MOST_PERCENT,
        round(100 * usual.test_fraction),
        help=_("Pictures kept unseen until the end: they measure how well the classifier does on new ones."),
        key=f"{key}-test",
        persist_state="session",
    )
    chosen_seed = seed.number_input(
        _("Seed"),
        0,
        2**31 - 1,
        usual.seed,
        help=_("The same seed divides the same pictures in the same way."),
        key=f"{key}-seed",
        persist_state="session",
    )
    return SplitConfig(
        validation_fraction=validation_percent / 100, test_fraction=test_percent / 100, seed=chosen_seed
    )
