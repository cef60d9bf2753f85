"""The parts of the Augment page: presets, dials, and the preview."""
