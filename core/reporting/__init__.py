"""Report of an evaluated run: one HTML file for people, and a model card."""
