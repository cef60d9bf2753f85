"""Labels that are missed beside others, where a picture can show several."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from pages.ui.evaluate.quality.metric_table import table_height
from pages.ui.text import _

_MOST_ROWS = 12  # without scrolling


def show_together(evaluated: EvaluatedRun) -> None:
    """Draw the switch of the list, and the list."""
    if not st.toggle(
        _("Which labels are missed beside others?"),
        help=_(
            "A small thing may be overlooked beside a large one. Listed are labels that are missed more often where another is shown too; differences that chance among so many pairs may give are left out (false discovery rate 5%)."
        ),
        key="confusion-together",
    ):
        return
    # takes 1 s to import, with SciPy's statistics
    from core.evaluation.mistakes.together import missed_together

    found, names = missed_together(evaluated.test), evaluated.dataset.class_names
    if not found:
        st.caption(_("None: no label is missed more often beside another than chance would give."))
        return
    st.dataframe(
        pd.DataFrame(
            {
                "missed": [names[pair.missed] for pair in found],
                "beside": [names[pair.beside] for pair in found],
                "pictures": [pair.pictures for pair in found],
                "share": [100 * pair.share for pair in found],
                "without": [100 * pair.share_without for pair in found],
            }
        ),
        hide_index=True,
        column_config={
            "missed": st.column_config.TextColumn(_("Missed")),
            "beside": st.column_config.TextColumn(_("Beside")),
            "pictures": st.column_config.NumberColumn(_("Pictures"), help=_("Test pictures that show both")),
            "share": st.column_config.NumberColumn(_("Missed beside it"), format="%.1f%%"),
            "without": st.column_config.NumberColumn(_("Missed without it"), format="%.1f%%"),
        },
        height=table_height(min(len(found), _MOST_ROWS)),
        key="missed-together",
    )
