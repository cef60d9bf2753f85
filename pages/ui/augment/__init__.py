"""Sections of the Augment page: presets, controls and preview."""
