"""Script that ``app.py`` serves: page map, sidebar, chosen page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui import state
from pages.ui.shell import absent_project_notice, page_map, sidebar

# Our own file, because Streamlit loads an icon given by name from a font server.
ICON = Path(__file__).parent / "ui" / "assets" / "icon.png"

st.set_page_config(page_title="Darkroom", page_icon=str(ICON), layout="wide")
pages = page_map()
page = st.navigation(list(pages.values()), position="hidden")
state.keep_in_address()
sidebar(pages)
absent_project_notice()
page.run()
