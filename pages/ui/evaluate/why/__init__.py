"""Explanations section of the Evaluate page."""
