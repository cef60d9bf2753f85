"""Formats with tables beside the pictures."""
