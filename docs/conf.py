"""Sphinx configuration: ``make docs`` builds the site from the Markdown files of this folder."""

project = "Darkroom"
author = "The Darkroom authors"
project_copyright = "The Darkroom authors, Apache-2.0"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_site"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "Darkroom"
html_show_sphinx = False
# The site opens from a folder, without a server and without the network.
html_theme_options = {"top_of_page_buttons": []}
