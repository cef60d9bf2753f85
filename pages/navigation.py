"""The script that ``app.py`` serves: the page map, the sidebar, then the chosen page."""

from __future__ import annotations

import streamlit as st

from pages.ui import state
from pages.ui.shell import page_map, sidebar

st.set_page_config(page_title="Darkroom", page_icon=":material/camera:", layout="wide")
pages = page_map()
page = st.navigation(list(pages.values()), position="hidden")
state.keep_in_address()
sidebar(pages)
page.run()
