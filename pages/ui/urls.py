"""URLs on Darkroom's own server, also below a path."""

from __future__ import annotations

import streamlit as st


def own_url(path: str) -> str:
    """Return the URL of a route of ``core.http.pages``, given without a leading slash."""
    base_path = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base_path}/{path}" if base_path else f"/{path}"
