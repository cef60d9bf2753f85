"""Mistakes section of the Evaluate page."""
