"""Addresses on Darkroom's own server, also where it is served below a path."""

from __future__ import annotations

import streamlit as st


def own_url(path: str) -> str:
    """The address of one of ``core.api``'s routes, given without a leading slash."""
    base_path = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base_path}/{path}" if base_path else f"/{path}"
