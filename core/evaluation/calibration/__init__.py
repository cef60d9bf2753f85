"""Calibration: probabilities that can be believed, and sets of answers with a promised coverage."""
