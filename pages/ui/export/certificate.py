"""Certificate of one file: agreement, differences class by class, runtime and sums."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure, Scatter

from core.delivery import export
from core.delivery.answering import Environment
from core.delivery.certificate.records import Agreement, Certificate, ClassDifference, FileCheck
from core.delivery.certificate.store import read_certificate
from core.messages import N_
from pages.ui.charts import row_axis
from pages.ui.components.live_chart import live_chart
from pages.ui.export.display_names import agreement_text, loss_text, rounded_up, signed_points
from pages.ui.text import _, file_size, ngettext, number, percent, show

_ENVIRONMENTS = {
    Environment.PROCESS: N_("in a process of its own"),
    Environment.FRESH_ENVIRONMENT: N_("in a fresh Python environment with its own requirements"),
    Environment.BROWSER: N_("in a browser without a window"),
}
# Of a chart that is read at a glance.
_MOST_BARS = 20
_ROW_PIXELS, _FRAME_PIXELS = 24, 80


def show_certificates(run: Path) -> None:
    """Draw the certificate of a format that the user chooses."""
    found = {item.code: read_certificate(run, item) for item in export.EXPORTERS}
    certificates = {code: item for code, item in found.items() if item is not None and item.check is not None}
    if not certificates:
        return
    labels = {exporter.code: _(exporter.label) for exporter in export.EXPORTERS}
    st.subheader(_("Certificate"), anchor=False)
    code = st.selectbox(
        _("Format"), list(certificates), format_func=labels.__getitem__, key="certificate-format"
    )
    certificate = certificates[code]
    check = certificate.check
    if check is not None:
        _headline(certificate, check)
        _facts(certificate, check)
        _classes(check.agreement)
    st.download_button(
        _("Certificate (JSON)"),
        json.dumps(certificate.to_json(), ensure_ascii=False, indent=1),
        file_name=f"{run.name}-{code}-certificate.json",
        mime="application/json",
        icon=":material/download:",
        key="certificate-json",
    )


def _headline(certificate: Certificate, check: FileCheck) -> None:
    agreement = check.agreement
    if certificate.refusal is not None:
        st.error(show(certificate.refusal), icon=":material/block:")
    st.markdown(f"**{agreement_text(agreement)}** · {loss_text(agreement.accuracy)}")
    if agreement.ties:
        st.caption(
            _(
                "A tie: two answers are equally probable up to rounding (less than {tolerance}), so either may win."
            ).format(tolerance=f"{certificate.tolerance:g}")
        )


def _facts(certificate: Certificate, check: FileCheck) -> None:
    """Say what was compared, where, and with which versions."""
    agreement = check.agreement
    pictures = (
        _("All {n} test pictures") if check.is_whole else _("{n} test pictures, drawn at random")
    ).format(n=number(agreement.pictures))
    runtime = ", ".join(f"{name} {version}" for name, version in check.runtime.items())
    parts = [
        f"{pictures}, {_(_ENVIRONMENTS[check.environment])}" + (f" ({runtime})" if runtime else ""),
        _("Probabilities differ by at most {largest}, on average by {mean}.").format(
            largest=rounded_up(agreement.largest_difference), mean=rounded_up(agreement.mean_difference)
        ),
    ]
    if agreement.score_difference is not None:
        parts.append(score_text(agreement))
    if check.peak_memory_bytes is not None:
        parts.append(
            _("Memory of that process: at most {size}.").format(size=file_size(check.peak_memory_bytes))
        )
    when = datetime.fromtimestamp(certificate.checked).astimezone().strftime("%Y-%m-%d %H:%M")
    parts.append(_("Checked {when}.").format(when=when))
    st.markdown("\n".join(f"- {part}" for part in parts))
    st.caption(_("SHA-256: {digest}").format(digest=f"`{certificate.sha256}`"))


def score_text(agreement: Agreement) -> str:
    """Say by how much stranger scores differ, and how many pictures are marked otherwise."""
    text = _("Stranger scores differ by at most {largest}.").format(
        largest=rounded_up(agreement.score_difference or 0.0)
    )
    if agreement.changed_marks is None:
        return text
    marks = ngettext(
        "{n} picture is marked otherwise.", "{n} pictures are marked otherwise.", agreement.changed_marks
    ).format(n=number(agreement.changed_marks))
    return f"{text} {marks}"


def _classes(agreement: Agreement) -> None:
    """Draw the change of each class's recall, the largest losses first."""
    shown = sorted((row for row in agreement.classes if row.pictures), key=lambda row: row.difference)
    if not any(row.difference for row in shown):
        st.markdown(_("No class gains or loses right answers."))
    else:
        live_chart(class_chart(shown[:_MOST_BARS]), mode_bar=False, key="certificate-classes")
        if len(shown) > _MOST_BARS:
            st.caption(
                _("The {shown} of {n} classes that lose most.").format(shown=_MOST_BARS, n=number(len(shown)))
            )
    with st.expander(_("Class by class"), key="certificate-table"):
        st.dataframe(class_table(shown), hide_index=True, column_config=_columns())


def class_chart(rows: list[ClassDifference]) -> Figure:
    """Draw the change of recall of classes with its interval, in points."""
    changes = [100 * row.difference for row in rows]
    intervals = [row.interval or (row.difference, row.difference) for row in rows]
    names = [row.name for row in rows]
    figure = Figure(
        Scatter(
            x=changes,
            y=list(range(len(rows))),
            mode="markers",
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [
                    max(0.0, 100 * high - change)
                    for (_low, high), change in zip(intervals, changes, strict=True)
                ],
                "arrayminus": [
                    max(0.0, change - 100 * low)
                    for (low, _high), change in zip(intervals, changes, strict=True)
                ],
                "thickness": 1.5,
            },
            text=[signed_points(row.difference) for row in rows],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.add_vline(x=0, line_width=1)
    figure.update_layout(
        height=_FRAME_PIXELS + _ROW_PIXELS * len(rows),
        margin={"l": 8, "r": 24, "t": 8, "b": 40},
        xaxis={"title": _("change of recall, in points, with its 95% interval")},
        yaxis=row_axis(names),
    )
    return figure


def class_table(rows: list[ClassDifference]) -> pd.DataFrame:
    """Recall of each class before and after the export."""
    return pd.DataFrame(
        [
            {
                "class": row.name,
                "pictures": row.pictures,
                "evaluated": percent(row.evaluated),
                "exported": percent(row.exported),
                "difference": signed_points(row.difference),
                "interval": _interval_text(row),
            }
            for row in rows
        ],
        columns=["class", "pictures", "evaluated", "exported", "difference", "interval"],
    )


def _interval_text(row: ClassDifference) -> str:
    if row.interval is None:
        return "–"
    low, high = row.interval
    return _("{low} to {high}").format(low=signed_points(low), high=signed_points(high))


def _columns() -> dict[str, Any]:
    text = st.column_config.TextColumn
    return {
        "class": text(_("Class")),
        "pictures": st.column_config.NumberColumn(_("Test pictures")),
        "evaluated": text(
            _("Recall in the evaluation"),
            help=_("Of the pictures that show the class, those that are recognised"),
        ),
        "exported": text(_("Recall of this file")),
        "difference": text(_("Difference in points")),
        "interval": text(_("95% interval"), help=_("Of the difference, on the same pictures")),
    }
