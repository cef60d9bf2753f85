"""Formats in which the cleaned pictures of a dataset are written; ``table.py`` lists them."""
